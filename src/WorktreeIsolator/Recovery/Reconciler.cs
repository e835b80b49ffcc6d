using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
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
    public IReadOnlyList<RunRecord> FindDead() => DeadRun.Find(_store);

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
                EndWhatPersonBegan(record, liveness);
                continue;
            }

            results.Add(Recover(record, liveness));
        }

        foreach (var ended in results.Where(record => record.State.IsFinal()))
        {
            new Notifier(ProjectOf(ended), _options, _store).Tell(ended);
        }

        return results;
    }

    /// <summary>A run that is over is active again while someone lands or drops it; who did may have died.</summary>
    private void EndWhatPersonBegan(RunRecord record, FileLock liveness)
    {
        using var journal = _store.TakeOver(record, liveness, _options.Time);
        try
        {
            if (_repository is not null)
            {
                using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));
                var ended = new InterruptedWork(ProjectOf(record), _repository, _store, ContextFor(journal, log)).EndWhatPersonBegan(record);
                NameRescue(_repository, journal);
                if (ended != record)
                {
                    journal.Update(now => now with { Kept = ended.Kept, RescueRef = ended.RescueRef ?? now.RescueRef });
                }
            }

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
        if (DeadRun.WhyNotOver(record, _options.Environment, ProjectOf(record).KeepProcesses) is { } why)
        {
            return record with { Message = why };
        }

        try
        {
            using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));
            var context = ContextFor(journal, log);
            var brought = _repository is null || record.Worktree is null ? record : new InterruptedWork(ProjectOf(record), _repository, _store, context).BringBack(record);
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

    /// <summary>What is kept of a run, and how, its own project says; whoever looks may be another one of the same repository.</summary>
    private ProjectConfig ProjectOf(RunRecord record) =>
        record.Project == _project.Name ? _project : _options.Projects.GetValueOrDefault(record.Project, _project);

    /// <summary>Whoever runs a command now is not watching that run.</summary>
    private RunContext ContextFor(RunJournal journal, OutputLog log) => RunContext.For(
        journal, _options with { Observer = RunObserver.None }, _repository, log, ProjectOf(journal.Record).KeepProcesses, LockTimeout, CancellationToken.None, CancellationToken.None);
}
