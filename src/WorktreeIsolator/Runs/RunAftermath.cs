using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>
/// What follows a run that is over. It has let go of everything but its place in the queue for the working tree, and keeps that only while work of others
/// waits to be landed there: or else an unbroken queue would keep that waiting for ever.
/// </summary>
internal sealed class RunAftermath(ProjectConfig project, RunnerOptions options, Repository? repository, RunStore store) : IDisposable
{
    private IDisposable? _place;

    /// <summary>Keeps the run's place in the queue if it is needed.</summary>
    public void KeepPlace(Admission admission)
    {
        if (repository is not null && store.HasPending)
        {
            _place = admission.KeepPlace();
        }
    }

    /// <summary>
    /// Looks once more whether a run's target is free: who was in its way may have left before the record said that there is work to be landed.
    /// </summary>
    /// <returns>The record as it is then.</returns>
    public RunRecord LookAgain(RunRecord record, CancellationToken cancel, CancellationToken kill) =>
        repository is not null && record.WaitsForItsTarget() && !cancel.IsCancellationRequested ? Pending(repository).TryLand(record, cancel, kill) ?? record : record;

    /// <summary>Does what follows; nothing of it changes the run.</summary>
    /// <param name="record">The run, in a final state.</param>
    /// <param name="cancel">Breaks it off.</param>
    /// <param name="kill">Kills commands that take too long to stop.</param>
    public void Follow(RunRecord record, CancellationToken cancel, CancellationToken kill)
    {
        // Who killed the engine did not mean this; then nothing is begun that could take long.
        var isKilled = kill.IsCancellationRequested;
        if (isKilled)
        {
            (cancel, kill) = (CancellationToken.None, CancellationToken.None);
        }

        var pending = !isKilled && record.Isolation.Kind == "in_place" && record.StartedAt is not null && repository is not null ? Pending(repository) : null;
        var changed = pending?.Land(_place, cancel, kill);

        // Whoever is told may take his time.
        Dispose();

        // Who broke off the landings of others did not mean this.
        var stop = cancel.IsCancellationRequested ? kill : cancel;
        new Notifier(project, options, store).Tell(record, stop, kill);
        pending?.Tell(changed!, stop, kill);
        options.Later.Tell(stop, kill);
    }

    /// <summary>Lets the next in the queue go.</summary>
    public void Dispose()
    {
        _place?.Dispose();
        _place = null;
    }

    private PendingLandings Pending(Repository found) => new(project, options, found, store);
}
