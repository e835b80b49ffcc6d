using System.Text;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run init</c>: a configuration to begin with.</summary>
internal sealed class InitCommand : CliCommand
{
    public InitCommand()
        : base("init", "Writes a commented wt-run.toml for the current repository.")
    {
    }

    public override IReadOnlyList<string> Examples => ["wt-run init", "wt-run init --config ~/.config/wt-run/wt-run.toml"];

    public override int Execute(Invocation invocation)
    {
        var here = invocation.Surroundings;
        var top = here.RepositoryTop ?? throw new WorktreeIsolatorException(
            FailureKind.Configuration, $"'{here.CurrentDirectory}' is in no git repository.", "Change into one, or make one: git init");
        var path = Path.GetFullPath(Config.In(invocation.Line) ?? Path.Combine(top, ConfigDiscovery.FileName), here.CurrentDirectory);
        var isAtTop = Path.GetDirectoryName(path) == top;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            file.Write(Encoding.UTF8.GetBytes(Template(NameFor(top), isAtTop ? "." : top)));
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new WorktreeIsolatorException(FailureKind.Configuration, $"'{path}' exists already; it is left as it is.", "'wt-run check' says whether it is right.", e);
        }

        StandardStreams.Out.WriteText($"Wrote {path}. Read it, change what you like, then: wt-run check\n");
        return ExitCodes.Success;
    }

    /// <summary>The directory's name, as far as it can be a key without quotes.</summary>
    private static string NameFor(string top)
    {
        var name = new string([.. Path.GetFileName(top).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')]).Trim('-');
        return name.Length == 0 ? "project" : name;
    }

    private static string Template(string name, string path) => $$"""
        # Configuration of wt-run. A line that begins with '#' shows a default or an example.
        # 'wt-run check' says everything that is wrong, with line and column.

        default_project = "{{name}}"
        # default_engine = "claude"         # claude and codex are known; others: see [engines] below

        [projects.{{name}}]
        path = "{{path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}}"
        trigger_worktree = true             # runs of cron and webhooks get a temporary worktree
        # user_worktree = false             # the same for runs that a person starts
        # concurrent = true                 # false: runs in place wait for each other
        # worktrees_dir = ".worktrees"
        # worktree_base = "main"            # default: the remote's HEAD, else the current branch
        # fetch = "auto"                    # auto | always | never

        # What a new worktree gets before the engine starts.
        # copy = [".env"]                   # only files that git ignores
        # link = ["node_modules"]
        # setup = ["npm", "ci"]
        # setup_timeout = "10m"

        # What becomes of the work.
        # uncommitted = "commit"            # commit | rescue
        # merge_back = "merge"              # merge | push | branch | none
        # merge_target = "main"             # default: the base's branch
        # merge_style = "merge"             # merge | ff | squash | rebase
        # verify = ["npm", "test"]          # must pass on exactly what would land
        # keep_on_failure = false
        # artifacts = ["reports/**"]        # ignored files to keep with the run's record

        # [engines.mine]
        # command = ["my-agent", "{prompt}"]   # without {prompt} the prompt comes on standard input
        # timeout = "30m"
        # idle_timeout = "10m"

        # [[triggers.crons]]
        # id = "nightly"
        # schedule = "0 2 * * *"
        # project = "{{name}}"
        # engine = "claude"
        # prompt = "Tidy the changelog."

        # [retention]                       # for wt-run prune
        # records = "30d"
        # keep_last = 200
        # sessions = "30d"
        # rescue_refs = "90d"

        """;
}
