using System.Text;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run drop RUN</c>: gives up what a finished run kept.</summary>
internal sealed class DropCommand : CliCommand
{
    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, true);
    private readonly Flag _json = new("--json", "Prints the record as JSON.");

    public DropCommand()
        : base("drop", "Gives up what a finished run, or a session, kept: its worktree and branch go, its work stays under a rescue ref.")
    {
        Add(_run);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run drop 3f9c", "wt-run drop fix-login      (a session)"];

    public override int Execute(Invocation invocation)
    {
        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        var found = known.BroughtToItsEnd(RunLookup.Find(known, invocation.Line.GetValue(_run)!, SessionMeans.AsAWhole));
        var progress = new RunProgress(showsStages: false, echoes: false, isInteractive: false, since: found.Record.State);
        var record = RunDrop.Drop(known.ProjectOf(found.Record, found.Owner), found.Record, known.Options with { Observer = progress });
        StandardStreams.Error.TryWriteText(Describe(record, known.Retention));
        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8(record), (byte)'\n']);
        }

        return ExitCodes.Success;
    }

    private static string Describe(RunRecord record, RetentionConfig retention)
    {
        var text = new StringBuilder();
        text.Append("wt-run: ").Append(record.Session is { } session ? $"session {session}" : $"run {record.Id}").Append(" is dropped. ").Append(record.Message).Append('\n');
        if (record.RescueRef is { } rescue)
        {
            text.Append("hint: ").Append(record.Hint ?? $"see it, and how to bring it back:  wt-run show {record.Id[..8]}").Append('\n');
            if (record is { Session: null, MergeBack.Result: MergeBackResult.Dropped })
            {
                text.Append("hint: land it after all:  wt-run land ").Append(record.Id[..8]).Append('\n');
            }

            text.Append("hint: delete it for good:  git update-ref -d ").Append(rescue)
                .Append("   ('wt-run prune' does after ").Append(Duration.Format(retention.RescueRefs)).Append(")\n");
        }

        return Words.Printable(text.ToString());
    }
}
