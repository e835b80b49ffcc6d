using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run completion SHELL</c>: the script that teaches a shell to complete. It asks wt-run itself at every use.</summary>
internal sealed class CompletionCommand : CliCommand
{
    private const string Bash = """
        # wt-run completion for bash. In ~/.bashrc: source <(wt-run completion bash)
        _wt_run() {
            local current=${COMP_WORDS[COMP_CWORD]} line
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                    :file)
                        compopt -o filenames 2>/dev/null
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        ;;
                    :command) mapfile -t COMPREPLY < <(compgen -c -- "$current" | sort -u) ;;
                    *) COMPREPLY+=("${line%%$'\t'*}") ;;
                esac
            done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
        }
        complete -F _wt_run wt-run

        """;

    private const string Zsh = """
        #compdef wt-run
        # wt-run completion for zsh. In ~/.zshrc, after compinit: source <(wt-run completion zsh)
        _wt-run() {
            local -a candidates
            local line
            for line in "${(@f)$(wt-run __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                case $line in
                    :file) _files; return ;;
                    :command) _command_names -e; return ;;
                    '') ;;
                    *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
                esac
            done
            _describe 'wt-run' candidates
        }
        compdef _wt-run wt-run

        """;

    private const string Fish = """
        # wt-run completion for fish. Save it as ~/.config/fish/completions/wt-run.fish
        function __wt_run_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            for line in (wt-run __complete -- $words[2..-1] "$current" 2>/dev/null)
                switch $line
                    case ':file'
                        __fish_complete_path "$current"
                    case ':command'
                        __fish_complete_command
                    case '*'
                        echo $line
                end
            end
        end
        complete -c wt-run -f -a '(__wt_run_complete)'

        """;

    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    private readonly ValueArgument _shell = new("SHELL", "bash, zsh or fish.", ValueKind.Word, true, Shells);

    public CompletionCommand()
        : base("completion", "Prints the script that completes commands, flags, projects, engines and run ids in a shell.")
    {
        Add(_shell);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "source <(wt-run completion bash)",
        "wt-run completion fish > ~/.config/fish/completions/wt-run.fish",
    ];

    public override int Execute(Invocation invocation)
    {
        var shell = invocation.Line.GetValue(_shell)!;
        StandardStreams.Out.WriteText(shell switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            _ => throw new UsageException($"There is no completion for '{shell}'.", $"Allowed: {string.Join(", ", Shells)}."),
        });
        return ExitCodes.Success;
    }
}
