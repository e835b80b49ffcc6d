using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run land --all</c>: one line for each run whose work is complete and not on its target.</summary>
internal sealed class LandAll(KnownProjects known, bool asJson)
{
    private readonly List<RunRecord> _results = [];
    private readonly HashSet<(string Store, string? Target)> _busy = [];
    private bool _hasFailed;

    /// <summary>Lands those that only wait, oldest first, and lists those that need a person.</summary>
    /// <returns>The exit code: 1 if one of those that wait could not be landed.</returns>
    public int Execute()
    {
        var open = known.Stores.SelectMany(owner => owner.Store.ReadAll().Select(record => new FoundRun(record, owner)))
            .Where(found => found.Record.State == RunState.NeedsMerge)
            .OrderBy(found => found.Record.CreatedAt).ThenBy(found => found.Record.Id, StringComparer.Ordinal).ToList();
        var progress = new RunProgress(showsStages: false, echoes: false, isInteractive: false);
        using var signals = new CancelSignals(progress.Say);
        try
        {
            foreach (var found in open.Where(found => found.Record.WaitsForItsTarget()))
            {
                Land(found, progress, signals);
            }
        }
        catch (OperationCanceledException)
        {
            throw new WorktreeIsolatorException(FailureKind.System, "Landing was cancelled; what has not landed is kept as it was.");
        }
        finally
        {
            progress.End();
        }

        foreach (var found in open.Where(found => !found.Record.WaitsForItsTarget()))
        {
            Tell(found.Record);
        }

        if (asJson)
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8([.. _results.Select(RecordText.Of)]), (byte)'\n']);
        }
        else if (_results.Count == 0 && !_hasFailed)
        {
            StandardStreams.Out.WriteText("Nothing waits to be landed.\n");
        }

        return _hasFailed ? ExitCodes.Wrong : ExitCodes.Success;
    }

    private void Land(FoundRun found, RunProgress progress, CancelSignals signals)
    {
        var target = (found.Owner.Store.StateDirectory, found.Record.MergeBack?.Target);
        var project = known.ProjectOf(found.Record, found.Owner);
        try
        {
            // Who was waited for once in vain is not waited for again by each of the others.
            var record = new TriggerRunner(known.Options with { Observer = progress }).Land(
                _busy.Contains(target) ? project with { LandWait = TimeSpan.Zero } : project, found.Record, signals.Cancel, signals.Kill);
            if (record.WaitsForItsTarget())
            {
                _busy.Add(target);
            }

            _hasFailed |= record.State != RunState.Succeeded;
            Tell(record);
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            if (found.Owner.Store.TryRead(found.Record.Id) is { State: RunState.Succeeded } now)
            {
                // Someone else was quicker.
                Tell(now);
                return;
            }

            _hasFailed = true;
            progress.Say(e.Message);
        }
    }

    private void Tell(RunRecord record)
    {
        _results.Add(record);
        if (!asJson)
        {
            StandardStreams.Out.WriteText(Words.Printable(RunOutcome.Line(record)) + "\n");
        }
    }
}
