using System.Diagnostics;
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

    /// <summary>What an engine takes that ends when it is asked: with many dead runs, none of them is passed over before that.</summary>
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromMilliseconds(50);

    private readonly ProjectConfig _project;
    private readonly RunnerOptions _options;
    private readonly Repository? _repository;
    private readonly RunStore _store;
    private readonly Dictionary<string, ProcessInfo> _supervisors = new(StringComparer.Ordinal);

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

    /// <summary>Whether a run that is not over has lost its supervisor, also if someone is just bringing it to its end.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="id">The run.</param>
    public static bool IsDead(RunStore store, string id) => store.IsActive(id) && DeadRun.IsDead(store, id);

    /// <summary>What is to be said of a run that died and is not over yet, and what helps.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="id">The run.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    /// <returns>Sentences, and what to type; null if the run lives, or is over.</returns>
    public static (string Why, string Help)? ExplainDead(RunStore store, string id, IReadOnlyDictionary<string, string> environment) =>
        IsDead(store, id) && store.TryRead(id) is { } record && !record.State.IsFinal() ? DeadRun.Explain(record, environment) : null;

    /// <summary>The runs whose supervisor is gone, without touching anything.</summary>
    public IReadOnlyList<RunRecord> FindDead() => DeadRun.Find(_store);

    /// <summary>
    /// Ends what dead runs left. Whoever comes second finds nothing to do, or goes on where the first one stopped. What it is waiting for, it tells
    /// <see cref="RunnerOptions.Observer"/> after a second.
    /// </summary>
    /// <param name="patience">
    /// How long to wait for processes that were asked to end: their grace may be hours. <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.
    /// </param>
    /// <param name="cancel">Ends the wait; what was begun is left so that the next one goes on with it.</param>
    /// <param name="kill">Breaks off commands of git and of the project that take too long.</param>
    /// <returns>The runs that were dead: those that are over now, and the others.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The patience is negative, but not <see cref="Timeout.InfiniteTimeSpan"/>.</exception>
    public IReadOnlyList<RecoveredRun> Reconcile(TimeSpan patience, CancellationToken cancel = default, CancellationToken kill = default) =>
        Reconcile(patience, null, cancel, kill);

    /// <summary>The same for some of them.</summary>
    /// <param name="patience">As for all.</param>
    /// <param name="which">Those that this is about; null for all.</param>
    /// <param name="cancel">As for all.</param>
    /// <param name="kill">As for all.</param>
    /// <returns>Those of them that were dead.</returns>
    public IReadOnlyList<RecoveredRun> Reconcile(TimeSpan patience, Func<RunRecord, bool>? which, CancellationToken cancel, CancellationToken kill)
    {
        var isEndless = EndingTerms.Require(patience) == Timeout.InfiniteTimeSpan;
        var clock = Stopwatch.StartNew();
        var over = new List<RecoveredRun>();
        RecoveredRun? told = null;
        _store.ForgetHalfActivated();
        while (true)
        {
            var remaining = isEndless ? DeadRun.Pass : patience - clock.Elapsed;
            var found = ReconcileOnce(remaining < DeadRun.Pass ? remaining : DeadRun.Pass, which, cancel, kill);
            over.AddRange(found.Where(run => run.WhyNotOver is null));
            if (cancel.IsCancellationRequested || (!isEndless && clock.Elapsed >= patience) || found.Find(run => run.AtWork is not null && (isEndless || !run.IsInOtherHands)) is not { } first)
            {
                return [.. over, .. found.Where(run => run.WhyNotOver is not null)];
            }

            if (first.Record.Id != told?.Record.Id)
            {
                told = first;
                _options.Observer.Began($"ending what run {first.Record.Id[..8]} left behind: {(first.AtWork!.Count > 0 ? string.Join(" ", first.AtWork) : "someone else is at it")}");
            }

            // Who ends processes waits for them. Who only looks on while someone else does would look all the time.
            if (found.TrueForAll(run => run.AtWork is null || run.IsInOtherHands))
            {
                _ = cancel.WaitHandle.WaitOne(DeadRun.PauseForOthers);
            }
        }
    }

    /// <summary>Every dead run once.</summary>
    private List<RecoveredRun> ReconcileOnce(TimeSpan patience, Func<RunRecord, bool>? which, CancellationToken cancel, CancellationToken kill)
    {
        var clock = Stopwatch.StartNew();
        var results = new List<RecoveredRun>();
        foreach (var id in _store.ActiveIds())
        {
            if (cancel.IsCancellationRequested)
            {
                break;
            }

            if (which is not null && !(_store.TryRead(id) is { } candidate && which(candidate)))
            {
                continue;
            }

            using var liveness = _store.TryTakeOver(id);
            if (liveness is null)
            {
                _store.ForgetStillborn(id);
                if (WhatSomeoneElseEnds(id) is { } busy)
                {
                    results.Add(busy);
                }

                continue;
            }

            // Read only now: who held the lock before us may have brought the run to its end.
            if (_store.TryRead(id) is not { } record)
            {
                continue;
            }

            var remaining = patience - clock.Elapsed;
            var within = remaining > ShortestPatience ? remaining : ShortestPatience;
            if (record.State.IsFinal())
            {
                if (EndWhatPersonBegan(record, liveness, within, cancel, kill) is { } left)
                {
                    results.Add(left);
                }

                continue;
            }

            results.Add(Recover(record, liveness, within, cancel, kill));
        }

        foreach (var ended in results.Where(run => run.WhyNotOver is null))
        {
            _options.Later.Add(new Notifier(ProjectOf(ended.Record), _options, _store), ended.Record);
        }

        return results;
    }

    /// <summary>A run that died, and that someone else is just bringing to its end; null if it lives, or nothing can be said of it.</summary>
    private RecoveredRun? WhatSomeoneElseEnds(string id) =>
        DeadRun.IsSeenToBeGone(SupervisorOf(id)) && _store.TryRead(id) is { } record && !record.State.IsFinal() && DeadRun.WhyOutOfReach(record, _options.Environment) is null
        && DeadRun.InOtherHands(_store, record) is var (why, atWork)
            ? new RecoveredRun(record, why, atWork, IsInOtherHands: true)
            : null;

    /// <summary>It never changes; who waits asks it of every run that lives, all the time.</summary>
    private ProcessInfo? SupervisorOf(string id)
    {
        if (!_supervisors.TryGetValue(id, out var known) && (known = _store.TryRead(id)?.Supervisor) is not null)
        {
            _supervisors.Add(id, known);
        }

        return known;
    }

    /// <summary>A run that is over is active again while someone lands or drops it; who did may have died.</summary>
    /// <returns>What is left of that; null if nothing is.</returns>
    private RecoveredRun? EndWhatPersonBegan(RunRecord record, FileLock liveness, TimeSpan patience, CancellationToken cancel, CancellationToken kill)
    {
        using var journal = _store.TakeOver(record, liveness, _options.Time);
        if (DeadRun.WhyLandingIsNotOver(_store, record, ProjectOf(record).KeepProcesses, patience, cancel) is { } left)
        {
            return new RecoveredRun(record, left.AtWork is null ? left.Why : $"A landing or dropping of it broke off. {left.Why}", left.AtWork);
        }

        try
        {
            if (_repository is not null)
            {
                using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));
                var ended = new InterruptedWork(ProjectOf(record), _repository, _store, ContextFor(journal, log, kill)).EndWhatPersonBegan(record);
                NameRescue(_repository, journal);
                if (ended != record)
                {
                    journal.Update(now => now with { Kept = ended.Kept, RescueRef = ended.RescueRef ?? now.RescueRef });
                }
            }

            SessionEnding.GoOn(_store, journal.Record, _options);
            _store.Settle(journal.Record);
            return null;
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            // It stays active, so that the next command tries again.
            journal.Note("recovery", e.Message);
            return null;
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

    private RecoveredRun Recover(RunRecord record, FileLock liveness, TimeSpan patience, CancellationToken cancel, CancellationToken kill)
    {
        using var journal = _store.TakeOver(record, liveness, _options.Time);
        if (DeadRun.WhyNotOver(_store, record, _options.Environment, ProjectOf(record).KeepProcesses, patience, cancel, liveness) is { } left)
        {
            // Who looks at the run is to see what keeps it; what cannot be dealt with from here is not touched.
            var why = $"Its wt-run process died. {left.Why}";
            if (left.AtWork is not null && record.Message != why)
            {
                journal.Update(now => now with { Message = why });
            }

            return new RecoveredRun(record, left.Why, left.AtWork);
        }

        try
        {
            using var log = new OutputLog(Path.Combine(journal.Directory, "recovery.log"));
            var context = ContextFor(journal, log, kill);
            var brought = _repository is null || record.Worktree is null ? record : new InterruptedWork(ProjectOf(record), _repository, _store, context).BringBack(record);
            journal.Update(
                _ => brought with
                {
                    State = RunState.Interrupted,
                    Message = "Its wt-run process ended before the run did.",
                    FinishedAt = journal.Now,
                    Queue = record.QueueWhenOver(end: null),
                },
                sync: true);
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            // It stays active, so that the next command tries again.
            journal.Note("recovery", e.Message);
            return new RecoveredRun(record, $"It could not be brought to an end: {e.Message}");
        }

        return new RecoveredRun(journal.Record);
    }

    /// <summary>What is kept of a run, and how, its own project says; whoever looks may be another one of the same repository.</summary>
    private ProjectConfig ProjectOf(RunRecord record) =>
        record.Project == _project.Name ? _project : _options.Projects.GetValueOrDefault(record.Project, _project);

    /// <summary>Whoever runs a command now is not watching that run.</summary>
    private RunContext ContextFor(RunJournal journal, OutputLog log, CancellationToken kill) => RunContext.For(
        journal, _options with { Observer = RunObserver.None }, _repository, log, ProjectOf(journal.Record).KeepProcesses, LockTimeout, CancellationToken.None, kill);
}
