using WorktreeIsolator.Engines;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// One run, from its request to its record:
/// <c>RunRequest → IsolationDecision → (turn) → RunDirectory → EngineRun → MergeBack → release → RunRecord</c>.
/// </summary>
/// <remarks>
/// A run blocks the thread that asks for it: it consists of system calls and of waiting for children. Any number of them may be under way in
/// one process, each on a thread of its own.
/// </remarks>
public sealed class TriggerRunner
{
    private readonly RunnerOptions _options;

    /// <summary>Creates a runner.</summary>
    /// <param name="options">What all its runs share.</param>
    public TriggerRunner(RunnerOptions options) => _options = options;

    /// <summary>Runs.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancel">Ends waiting, stops the engine gracefully; the work is still kept.</param>
    /// <param name="kill">Kills an engine that takes too long to stop.</param>
    /// <returns>The record, in a final state; whatever went wrong after the run was accepted is told there.</returns>
    /// <exception cref="WorktreeIsolatorException">
    /// The request cannot be had; nothing was made. Or what the engine left could not be brought back, as on a full disk: recovery goes on with that.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled before anything was made.</exception>
    public RunRecord Run(RunRequest request, CancellationToken cancel = default, CancellationToken kill = default)
    {
        var accepted = AcceptedRun.Accept(request, _options, cancel, kill);
        using var aftermath = accepted.Aftermath;
        var record = aftermath.LookAgain(Supervise(accepted, aftermath, cancel, kill), cancel, kill);
        try
        {
            _options.Observer.Ended(record);
        }
        finally
        {
            // Who cancelled the run did not mean this; a second time does.
            aftermath.Follow(record, cancel.IsCancellationRequested ? kill : cancel, kill);
        }

        return record;
    }

    private static RunRecord Supervise(AcceptedRun accepted, RunAftermath aftermath, CancellationToken cancel, CancellationToken kill)
    {
        using var journal = accepted.Publish();
        using var log = new OutputLog(accepted.LogPath);
        try
        {
            var context = accepted.ContextFor(journal, log, cancel, kill);
            using var admission = accepted.Admit(journal, context);
            if (admission is not null)
            {
                using var directory = accepted.OpenDirectory(journal, context);
                var engine = RunEngine(accepted, directory, journal, context, log, cancel, kill);
                admission.LeaveEngine();
                BringBack(directory, engine, journal);
                aftermath.KeepPlace(admission);
            }
        }
        catch (OperationCanceledException)
        {
            Finish(journal, record => record with { State = RunState.Cancelled, Message = "Cancelled before the engine was started." });
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            if (journal.Record.State is RunState.Running or RunState.Finishing)
            {
                throw BrokenOff(journal.Record, e);
            }

            var hint = (e as WorktreeIsolatorException)?.Hint;
            Finish(journal, record => record with { State = RunState.Failed, Message = e.Message, Hint = hint });
        }

        return journal.Record;
    }

    /// <summary>Lands the work of a run that is over: one that needed a person, that failed, or that kept its work on a branch.</summary>
    /// <param name="project">The run's project.</param>
    /// <param name="record">The run.</param>
    /// <param name="cancel">Ends waiting.</param>
    /// <param name="kill">Kills a verify command that takes too long to stop.</param>
    /// <returns>The record: succeeded, or what a person still has to do.</returns>
    /// <exception cref="WorktreeIsolatorException">There is nothing to land, or the run is still under way.</exception>
    public RunRecord Land(
        Configuration.ProjectConfig project, RunRecord record, CancellationToken cancel = default, CancellationToken kill = default)
    {
        var landed = Relanding.Land(project, record, _options, cancel, kill);
        _options.Observer.Ended(landed);
        if (_options.Notify.Count > 0 && (landed.State != record.State || landed.MergeBack?.Result != record.MergeBack?.Result))
        {
            new Notifier(project, _options, RunStore.Of(project.Path, _options.Environment)).Tell(landed, cancel, kill);
        }

        return landed;
    }

    private static EngineResult RunEngine(
        AcceptedRun accepted,
        RunDirectory directory,
        RunJournal journal,
        RunContext context,
        OutputLog log,
        CancellationToken cancel,
        CancellationToken kill)
    {
        var command = accepted.CommandFor(directory, journal, context, log);

        // From here on the run is never started again by itself, so this has to be on disk before the engine is.
        journal.Update(record => record with { State = RunState.Starting, Directory = directory.EngineDirectory }, sync: true);
        var result = EngineRun.Run(command, cancel, kill);
        journal.Update(record => record with
        {
            State = RunState.Finishing,
            Engine = record.Engine with { ExitCode = result.ExitCode },
            Message = result.Message,
            Hint = result.Hint,
        });
        return result;
    }

    /// <summary>What the engine left is not kept yet, so the run is not over: recovery goes on with it, as if this process had been killed.</summary>
    private static WorktreeIsolatorException BrokenOff(RunRecord record, Exception why) => new(
        FailureKind.System,
        $"Run {record.Id} broke off after its engine was started: {why.Message.TrimEnd('.')}. What it made is in '{record.Worktree ?? record.Directory}'{(record.Branch is { } branch ? $" and on the branch '{branch}'" : "")}.",
        $"{((why as WorktreeIsolatorException)?.Hint is { } hint ? hint + "\n" : "")}Once the cause is mended, the next command brings it to its end and keeps all that: wt-run show {record.Id[..8]}",
        why);

    private static void BringBack(RunDirectory directory, EngineResult engine, RunJournal journal)
    {
        var brought = directory.BringBack(journal.Record, new EngineVerdict(engine.Succeeded, engine.Description));
        Finish(journal, _ => brought with
        {
            State = brought.State.IsFinal() ? brought.State : engine.End switch
            {
                CommandEnd.Cancelled => RunState.Cancelled,
                CommandEnd.TimedOut or CommandEnd.IdleTimedOut => RunState.TimedOut,
                _ => engine.Succeeded ? RunState.Succeeded : RunState.Failed,
            },
        });
    }

    private static void Finish(RunJournal journal, Func<RunRecord, RunRecord> change) =>
        journal.Update(
            record => change(record) with
            {
                FinishedAt = journal.Now,
                LockHeldMs = record.LockHeldMs,
                Queue = record.QueueWhenOver(journal.Now),
            },
            sync: true);
}
