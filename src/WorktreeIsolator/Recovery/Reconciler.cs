using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Finds runs whose supervisor is gone and brings them to an end: their processes are ended first, then their work is kept, their worktree
/// is taken away, and they are <see cref="RunState.Interrupted"/>. What it costs depends on the runs that are active, not on the old ones.
/// </summary>
public sealed class Reconciler
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    private readonly ProjectConfig _project;
    private readonly RunnerOptions _options;
    private readonly Repository? _repository;
    private readonly RunStore _store;

    /// <summary>Creates a reconciler.</summary>
    /// <param name="project">The project; its directory exists.</param>
    /// <param name="options">What all runs share.</param>
    public Reconciler(ProjectConfig project, RunnerOptions options)
        : this(project, options, ProjectRepository.TryOpen(project, options.Environment))
    {
    }

    internal Reconciler(ProjectConfig project, RunnerOptions options, Repository? repository)
    {
        _project = project;
        _options = options;
        _repository = repository;
        _store = repository is null ? RunStore.WithoutGit(project.Path) : new RunStore(repository.StateDirectory);
    }

    /// <summary>The runs whose supervisor is gone, without touching anything.</summary>
    public IReadOnlyList<RunRecord> FindDead() =>
    [
        .. _store.ActiveIds().Select(_store.TryRead).OfType<RunRecord>().Where(record => !record.State.IsFinal() && !_store.IsAlive(record.Id)),
    ];

    /// <summary>Ends what dead runs left. Whoever comes second finds nothing to do.</summary>
    /// <returns>The records that became final, and those that could not, which say why.</returns>
    public IReadOnlyList<RunRecord> Reconcile()
    {
        var results = new List<RunRecord>();
        foreach (var id in _store.ActiveIds())
        {
            using var liveness = _store.TryTakeOver(id);
            if (liveness is null)
            {
                _store.ForgetStillborn(id);
                continue;
            }

            // Read only now: who held the lock before us may have brought the run to its end.
            if (_store.TryRead(id) is not { } record)
            {
                continue;
            }

            if (record.State.IsFinal())
            {
                EndLandingByHand(record, liveness);
                continue;
            }

            results.Add(Recover(record, liveness));
        }

        foreach (var ended in results.Where(record => record.State.IsFinal()))
        {
            new Notifier(_project, _options, _store).Tell(ended);
        }

        return results;
    }

    /// <summary>A run that is over is active again while someone lands it; who did may have died.</summary>
    private void EndLandingByHand(RunRecord record, FileLock liveness)
    {
        using var journal = _store.TakeOver(record, liveness, _options.Time);
        try
        {
            if (_repository is not null && BrokenLanding.LastOf(journal.Notes(RunEvents.Landing)) is { } broken)
            {
                _ = broken.Heal(_repository, record.Id, record.CreatedAt);
            }

            NameRescue(_repository, journal);
            _store.Settle(journal.Record);
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            // It stays active, so that the next command tries again.
            journal.Note("recovery", e.Message);
        }
    }

    /// <summary>What was done with a run that is over may have broken off after it had rescued something: the record names that all the same.</summary>
    internal static void NameRescue(Repository? repository, RunJournal journal)
    {
        if (repository is not null && journal.Record.RescueRef is null && new RescueRef(repository, journal.Record.Id).NameIfThere is { } name)
        {
            journal.Update(record => record with { RescueRef = name });
        }
    }

    private RunRecord Recover(RunRecord record, FileLock liveness)
    {
        using var journal = _store.TakeOver(record, liveness, _options.Time);
        if (WhyNotOver(record) is { } why)
        {
            return record with { Message = why };
        }

        try
        {
            using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));

            // Whoever runs a command now is not watching that run.
            var unwatched = _options with { Observer = RunObserver.None };
            var context = RunContext.For(
                journal, unwatched, _repository, log, _project.KeepProcesses, LockTimeout, CancellationToken.None, CancellationToken.None);
            var brought = _repository is null || record.Worktree is null ? record : new InterruptedWork(_project, _repository, _store, context).BringBack(record);
            journal.Update(
                _ => brought with
                {
                    State = RunState.Interrupted,
                    Message = "Its wt-run process ended before the run did.",
                    FinishedAt = journal.Now,
                },
                sync: true);
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            // It stays active, so that the next command tries again.
            journal.Note("recovery", e.Message);
            return record with { Message = $"It could not be brought to an end: {e.Message}" };
        }

        return journal.Record;
    }

    /// <summary>Ends the run's processes; null if they are seen to be gone.</summary>
    private string? WhyNotOver(RunRecord record)
    {
        if (WhyOutOfReach(record, _options.Environment) is { } why)
        {
            return why;
        }

        if (record.Supervisor is not { } supervisor || supervisor.BootId != ProcessIdentity.BootId)
        {
            return null;
        }

        var root = record.EngineProcess is { } engine ? new ProcessIdentity(engine.Pid, engine.StartTime) : (ProcessIdentity?)null;
        var end = ProcessTree.EndRun(record.Id, root, [], SupervisedCommand.DefaultGrace, _project.KeepProcesses);
        return end.AllGone ? null : $"Processes of it could not be ended: {string.Join(", ", end.NotEnded)}.";
    }

    /// <summary>Why processes of a dead run cannot be ended, or seen, from here; null if they can be, or there are none left.</summary>
    internal static string? WhyOutOfReach(RunRecord record, IReadOnlyDictionary<string, string> environment)
    {
        const uint Root = 0;
        var isOfThisBoot = record.Supervisor?.BootId == ProcessIdentity.BootId;
        if (record.Supervisor is not { } supervisor || (!isOfThisBoot && record.Worktree is null))
        {
            return null;
        }

        if (supervisor.Uid != Libc.GetEuid() && Libc.GetEuid() != Root)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"It belongs to another user (uid {supervisor.Uid}), whose next wt-run command here brings it to its end.");
        }

        if (!isOfThisBoot)
        {
            return null;
        }

        if (RunEnvironment.Parents(environment).Contains(record.Id))
        {
            return "It is the run inside which this command was started, so its engine still works.";
        }

        return supervisor.PidNamespace == ProcessIdentity.PidNamespace
            ? null
            : "It belongs to another pid namespace (a container): whether its engine still runs cannot be seen from here.";
    }
}
