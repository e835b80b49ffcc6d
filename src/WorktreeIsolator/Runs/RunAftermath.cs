using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>What follows a run that is over and has let go of everything; nothing of it changes that run.</summary>
internal sealed class RunAftermath(ProjectConfig project, RunnerOptions options, Repository? repository, RunStore store)
{
    /// <summary>Does it.</summary>
    /// <param name="record">The run, in a final state.</param>
    /// <param name="cancel">Breaks it off.</param>
    /// <param name="kill">Kills commands that take too long to stop.</param>
    public void Follow(RunRecord record, CancellationToken cancel, CancellationToken kill)
    {
        new Notifier(project, options, store).Tell(record, cancel, kill);
        if (record.Isolation.Kind == "in_place" && record.StartedAt is not null && repository is not null)
        {
            new PendingLandings(project, options, repository, store).Land(cancel, kill);
        }
    }
}
