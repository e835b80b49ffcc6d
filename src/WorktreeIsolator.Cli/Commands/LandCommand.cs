using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run land RUN</c>: lands work that was kept; <c>--all</c>: all that only waits for its target.</summary>
internal sealed class LandCommand : CliCommand
{
    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, false);
    private readonly Flag _all = new("--all", "Lands every run whose target was busy, oldest first, and lists those that need you.");
    private readonly Flag _json = new("--json", "Prints the record as JSON; with --all an array of records.");

    public LandCommand()
        : base("land", "Lands the work of a run that needed a person, failed, or kept its work on a branch; or lands a session and ends it.")
    {
        Add(_run);
        Add(_all);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run land 3f9c", "wt-run land fix-login      (a session)", "wt-run land --all"];

    public override int Execute(Invocation invocation)
    {
        var text = invocation.Line.GetValue(_run);
        var asJson = _json.IsGiven(invocation.Line);
        if (_all.IsGiven(invocation.Line) == text is not null)
        {
            throw text is null
                ? new UsageException("Nothing says which run to land.", "wt-run land RUN, or wt-run land --all")
                : new UsageException($"Both --all and a run, '{text}', were given.", "Leave one of the two out.");
        }

        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        return text is null
            ? new LandAll(known, asJson).Execute()
            : LandOne(known, known.BroughtToItsEnd(RunLookup.Find(known, text, SessionMeans.AsAWhole)), invocation.Surroundings, asJson);
    }

    private static int LandOne(KnownProjects known, FoundRun found, Surroundings here, bool asJson)
    {
        var project = known.ProjectOf(found.Record, found.Owner);
        var progress = new RunProgress(showsStages: true, echoes: !asJson, isInteractive: false, since: found.Record.State)
        {
            Tell = record =>
            {
                var landed = asJson ? null : LandedChange.TryRead(project.Path, here.Environment, record);
                StandardStreams.Error.TryWriteText(RunOutcome.Describe(record, landed));
                if (asJson)
                {
                    StandardStreams.Out.Write([.. RecordWriter.ToUtf8(record), (byte)'\n']);
                }
            },
        };
        using var signals = new CancelSignals(progress.Say);
        try
        {
            var record = new TriggerRunner(known.Options with { Observer = progress }).Land(project, found.Record, signals.Cancel, signals.Kill);
            return record.State == RunState.Succeeded ? ExitCodes.Success : ExitCodes.Wrong;
        }
        catch (OperationCanceledException)
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"Landing run {found.Record.Id} was cancelled; its work is kept as it was.");
        }
        finally
        {
            progress.End();
        }
    }
}
