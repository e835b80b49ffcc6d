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
        // In this order: most are alive, and who ends in this moment is final before he lets go.
        .. _store.ActiveIds().Where(id => !_store.IsAlive(id)).Select(_store.TryRead).OfType<RunRecord>().Where(record => !record.State.IsFinal()),
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
            if (_repository is not null && LastLanding(journal.Notes(RunEvents.Landing)) is { } broken)
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
            var brought = record.Worktree is null ? record : WithItsRefs(BringBack(record, context));
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

    /// <summary>First of all: it is a person's checkout, and what has landed is known only afterwards.</summary>
    private RunRecord HealLanding(RunRecord record, RunContext context) =>
        LastLanding(context.Journalled(RunEvents.Landing)) is not { } broken || broken.Heal(_repository!, record.Id, record.CreatedAt)
            ? record
            : record with { Hint = $"Its landing broke off in '{broken.Path}', and not all that git had written there could be taken back: see 'git status' there." };

    private static BrokenLanding? LastLanding(IReadOnlyList<string> notes) => notes is [.., var note] ? BrokenLanding.TryParse(note) : null;

    /// <summary>Whether it died while it made the session's worktree: no engine has run in that, and nobody else had the session's turn since.</summary>
    private bool MayTakeAway(RunRecord record, string session) =>
        record.State == RunState.Preparing && _store.Sessions.TryRead(session) is null or { HasWorktree: false };

    /// <summary>What its engine left is committed, and the session stays.</summary>
    private static RunRecord BringSessionBack(RunRecord record, WorktreePlan plan, RunContext context)
    {
        // One that has not come so far had not got the session's turn, or had not found the worktree: that is none of its.
        if (record.State < RunState.Starting)
        {
            return record;
        }

        if (RegisteredWorktree.TryFind(record.Worktree!, plan.Branch, plan.Base.Commit) is { } registered)
        {
            using var worktree = TemporaryWorktree.Adopt(plan, registered, context);
            return worktree.BringBack(record, new EngineVerdict(false, "was interrupted"));
        }

        return record with { MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept } };
    }

    private RunRecord BringBack(RunRecord record, RunContext context)
    {
        if (_repository is null || WorktreePlan.Of(record, _project, _repository) is not { } plan)
        {
            return record;
        }

        LeftLock.Remove(_repository, record.CreatedAt);
        return record.Session is { } name && !MayTakeAway(record, name)
            ? BringSessionBack(record, plan, context)
            : BringBack(HealLanding(record, context), plan, context);
    }

    private RunRecord BringBack(RunRecord record, WorktreePlan plan, RunContext context)
    {
        if (_repository is null)
        {
            return record;
        }

        var path = record.Worktree!;
        if (RegisteredWorktree.TryFind(path, plan.Branch, plan.Base.Commit) is { } registered)
        {
            if (record.State >= RunState.Starting)
            {
                using var worktree = TemporaryWorktree.Adopt(plan, registered, context);
                return worktree.BringBack(record, new EngineVerdict(false, "was interrupted"));
            }

            // No engine has run in it.
            Removal.Remove(_repository, plan.Directory, path, registered.AdminDirectory, context.TakeLock, record.Id);
        }
        else if (Directory.Exists(path) && (record.State >= RunState.Starting || Directory.EnumerateFileSystemEntries(path).Any()))
        {
            return StrayWorktree.Keep(path, record);
        }
        else
        {
            // Gone, or made by a 'git worktree add' that was killed before it wrote anything into it.
            if (record.State >= RunState.Starting && RegisteredWorktree.TryFindGone(_repository, path, plan.Branch, plan.Base.Commit) is { } gone)
            {
                using var worktree = TemporaryWorktree.Adopt(plan, gone, context);
                record = record with { RescueRef = worktree.RescueFromRegistration() ?? record.RescueRef };
                if (worktree.WhyRegistrationStays is { } stays)
                {
                    return record with { Kept = new KeptInfo(Path.Combine(gone.AdminDirectory, "modules"), stays) };
                }
            }

            using var taken = context.TakeLock();
            if (Directory.Exists(path))
            {
                Directory.Delete(path);
            }

            _ = _repository.Git.Try(["worktree", "remove", "-f", "-f", path]);
            Removal.ForgetHalfMade(_repository, path);
        }

        return Delivered(record, plan, context);
    }

    /// <summary>Of a run whose worktree is gone: where its work is.</summary>
    private RunRecord Delivered(RunRecord record, WorktreePlan plan, RunContext context)
    {
        // It may have died after it had delivered its work and removed the worktree; then something else holds the run branch, if that is still there.
        var notes = context.Journalled(RunEvents.Landing);
        if (WorkDelivery.FindDelivered(_repository!, _project, plan.Target, plan.Branch, notes) is { Commit: { } landed } delivered)
        {
            DeleteBranchHeldBy(
                delivered.Result == MergeBackResult.Landed ? landed.ToString() : plan.Target.PushedTo(_project, plan.Branch).TrackingRef(_repository!.Config), record, plan);
            return record with { MergeBack = record.MergeBack! with { Result = delivered.Result, Commit = landed.ToString() } };
        }

        // The run branch goes if it is still where the run began; with commits on it, it is the work and stays. A session's stays with the session.
        var tip = new RunRefs(_repository!, record.Id, plan.Branch, record.Worktree!, plan.Base.Commit).BranchTip;
        var isUnused = tip is null ? record.RescueRef is null : !IsOfSession(record) && RunRefs.WhyNotDeleted(_repository!, plan.Branch, plan.Base.Commit, record.Id) is null;
        return record with { MergeBack = record.MergeBack! with { Result = isUnused ? MergeBackResult.Nothing : MergeBackResult.Kept } };
    }

    private bool IsOfSession(RunRecord record) => record.Session is { } name && _store.Sessions.TryRead(name) is not null;

    /// <summary>What landed may be a merge, or a copy of what is on the branch; what of it is nowhere else was rescued before the worktree went.</summary>
    private void DeleteBranchHeldBy(string holder, RunRecord record, WorktreePlan plan)
    {
        var refs = new RunRefs(_repository!, record.Id, plan.Branch, record.Worktree!, plan.Base.Commit);
        if (refs.BranchTip is { } tip
            && (_repository!.IsAncestor(tip, holder) || (refs.RescueTip is { } rescued && _repository.IsAncestor(tip, rescued.ToString()))))
        {
            _ = RunRefs.WhyNotDeleted(_repository, plan.Branch, tip, record.Id);
        }
    }

    /// <summary>The rescue ref may have been made by the process that died; the ref that holds a merge until it has landed is of no use any more.</summary>
    private RunRecord WithItsRefs(RunRecord record)
    {
        if (_repository is null)
        {
            return record;
        }

        _ = _repository.WithoutHooks().DeleteRef(WorkLanding.MergeRefOf(record.Id), null, record.Id);
        var rescue = new RescueRef(_repository, record.Id);
        return record with { RescueRef = record.RescueRef ?? rescue.NameIfThere };
    }
}
