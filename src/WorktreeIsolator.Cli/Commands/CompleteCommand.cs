using System.Text;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>
/// What the scripts of <c>wt-run completion</c> ask: <c>wt-run __complete -- WORD…</c>, where the last word is the one to complete. Prints
/// one candidate a line with a tab and its description; <c>:file</c> and <c>:command</c> mean that the shell knows better.
/// </summary>
internal sealed class CompleteCommand : CliCommand
{
    public const string HiddenName = "__complete";

    public CompleteCommand()
        : base(HiddenName, "Prints completions.")
    {
    }

    public override IReadOnlyList<string> Examples => [];

    public override bool TakesEngineCommand => true;

    public override int Execute(Invocation invocation)
    {
        var candidates = new Completer(invocation.Surroundings).Complete(invocation.EngineCommand ?? []);
        var text = new StringBuilder();
        foreach (var (word, description) in candidates)
        {
            text.Append(word).Append('\t').Append(description).Append('\n');
        }

        text.Replace("\t\n", "\n");
        StandardStreams.Out.TryWriteText(text.ToString());
        return ExitCodes.Success;
    }
}
