using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run land RUN</c>: lands work that was kept.</summary>
internal sealed class LandCommand : CliCommand
{
    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, true);
    private readonly Flag _json = new("--json", "Prints the record as JSON.");

    public LandCommand()
        : base("land", "Lands the work of a run that needed a person, failed, or kept its work on a branch; or lands a session and ends it.")
    {
        Add(_run);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run land 3f9c", "wt-run land fix-login      (a session)"];

    public override int Execute(Invocation invocation)
    {
        var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        var found = RunLookup.Find(known, invocation.Line.GetValue(_run)!);
        var asJson = _json.IsGiven(invocation.Line);
        var project = known.ProjectOf(found.Record, found.Owner);
        var progress = new RunProgress(showsStages: true, echoes: !asJson, isInteractive: false, since: found.Record.State);
        using var signals = new CancelSignals(progress.Say);
        RunRecord record;
        try
        {
            record = new TriggerRunner(known.Options with { Observer = progress }).Land(project, found.Record, signals.Cancel, signals.Kill);
        }
        catch (OperationCanceledException)
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"Landing run {found.Record.Id} was cancelled; its work is kept as it was.");
        }
        finally
        {
            progress.End();
        }

        var landed = asJson ? null : LandedChange.TryRead(project.Path, invocation.Surroundings.Environment, record);
        StandardStreams.Error.TryWriteText(RunOutcome.Describe(record, landed));
        if (asJson)
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8(record), (byte)'\n']);
        }

        return record.State == RunState.Succeeded ? ExitCodes.Success : ExitCodes.Wrong;
    }
}
