using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// A run in place has its turn in the working tree. With <c>concurrent = false</c> it first takes a ticket and only then looks whether it may
/// go, so that of any number of requests one goes and the others wait in the order in which they came. Then it takes the tree's lock, which keeps
/// landings away; and it goes only when all that dead runs had left working there is ended, and no peer is at work there.
/// </summary>
internal sealed class InPlaceTurn : IDisposable
{
    private readonly WaitedFor _what;
    private Ticket? _ticket;
    private FileLock? _lock;

    private InPlaceTurn(bool isGit) => _what = new WaitedFor("active run to finish", isGit ? "give it a directory of its own (--worktree)" : null, NameWhileItIsFree: "its turn");

    /// <summary>Waits for the turn.</summary>
    /// <returns>Null if it was not to be had, which the record then says.</returns>
    public static InPlaceTurn? Take(RunRequest request, RunnerOptions options, Repository? repository, RunStore store, WaitingRun waiting, RunContext context)
    {
        var turn = new InPlaceTurn(repository is not null);
        try
        {
            if (turn.TryTake(request, options, repository, store, waiting, context))
            {
                return turn;
            }
        }
        catch
        {
            turn.Dispose();
            throw;
        }

        turn.Dispose();
        return null;
    }

    /// <summary>Takes the place in the queue over, so that the next one does not go yet when the turn is given up; null if it never had one.</summary>
    public IDisposable? KeepPlace()
    {
        var place = _ticket;
        _ticket = null;
        return place;
    }

    /// <summary>Gives the turn to the next.</summary>
    public void Dispose()
    {
        _lock?.Dispose();
        _ticket?.Dispose();
    }

    private bool TryTake(RunRequest request, RunnerOptions options, Repository? repository, RunStore store, WaitingRun waiting, RunContext context)
    {
        var project = request.Project;
        var path = DirectoryTurn.PathFor(store.StateDirectory, repository?.GitDirectory);
        var tree = repository?.Top ?? project.Path;
        if (!project.Concurrent)
        {
            if (store.ActiveIds().FirstOrDefault(id => waiting.IsInside(id) && store.TryRead(id) is { } run && !run.State.IsFinal() && DeadRun.IsInPlaceIn(run, tree)) is { } outer)
            {
                return waiting.WaitsForItself(outer, _what);
            }

            _ticket = Ticket.Take(DirectoryTurn.QueueFor(path), context.RunId);
            if (!waiting.WaitInLine(_ticket, _what))
            {
                return false;
            }
        }

        return TakeLockOfTheLiving(path, tree, request, options, repository, store, waiting, context)
            && AwaitTheUnreadable(store, tree, project.Concurrent, options, waiting, context)
            && (project.Concurrent || waiting.AwaitNobody(() => PeerProcesses.Of(project, repository, tree) is [var peer, ..] ? (null, peer.ToString()) : null, _what));
    }

    /// <summary>
    /// What dead runs left is ended before the lock is taken, for a landing that broke off can only be healed by whoever gets that lock for it; who
    /// dies in between is found by another look.
    /// </summary>
    private bool TakeLockOfTheLiving(
        string path, string tree, RunRequest request, RunnerOptions options, Repository? repository, RunStore store, WaitingRun waiting, RunContext context)
    {
        const int looks = 3;
        var reconciler = new Reconciler(request.Project, options, repository);
        var isShared = request.Project.Concurrent;
        for (var look = 1; ; look++)
        {
            if (!waiting.AwaitNobody(() => WhatDeadRunsLeft(store, tree, isShared, reconciler, waiting, context), _what) || !TakeLock(path, isShared, waiting, context))
            {
                return false;
            }

            // One with a worktree that cannot be brought to its end from here keeps nobody waiting.
            if ((isShared || DeadRun.FindInPlace(store, tree).Count == 0) && (look >= looks || reconciler.FindDead().Count == 0))
            {
                return true;
            }

            _lock!.Dispose();
            _lock = null;
        }
    }

    /// <summary>Nobody is ahead in the queue, but a landing may be moving the files, or a run of a project that allows others beside it.</summary>
    private bool TakeLock(string path, bool shared, WaitingRun waiting, RunContext context)
    {
        var holder = $"run {context.RunId} ({context.Trigger}), pid {Environment.ProcessId}";
        _lock = DirectoryTurn.TryTake(path, shared, holder);
        if (_lock is null && waiting.Remaining > TimeSpan.Zero)
        {
            waiting.Tell(null, _what, LockHolder.Describe(path));
            _lock = DirectoryTurn.Take(path, shared, holder, waiting.Remaining, context.Cancel);
        }

        return _lock is not null || waiting.Busy(LockHolder.Describe(path), _what);
    }

    /// <summary>The lock of a dead run is free before its engine has ended, and someone else may just be ending that.</summary>
    private static (string? Run, string Holder)? WhatDeadRunsLeft(
        RunStore store, string tree, bool isShared, Reconciler reconciler, WaitingRun waiting, RunContext context)
    {
        var found = reconciler.Reconcile(waiting.PatienceWithTheDead, context.Cancel, context.Kill);
        return found.Concat(Others())
            .FirstOrDefault(run => !run.Record.State.IsFinal() && DeadRun.IsInPlaceIn(run.Record, tree)) is { } left
            ? (left.Record.Id, $"run {left.Record.Id}, whose wt-run process died. {left.WhyNotOver}".TrimEnd())
            : null;

        // Looked for only if that is needed: it costs a look at every active run.
        IEnumerable<RecoveredRun> Others()
        {
            foreach (var record in isShared ? reconciler.FindDead() : DeadRun.FindInPlace(store, tree))
            {
                yield return new RecoveredRun(record);
            }
        }
    }

    /// <summary>A record that cannot be read says neither where its run worked nor that it is over. It may not be passed in silence, nor block a project for ever.</summary>
    private bool AwaitTheUnreadable(RunStore store, string tree, bool isShared, RunnerOptions options, WaitingRun waiting, RunContext context)
    {
        if (!isShared && !waiting.AwaitNobody(
            () => UnreadableRun.Find(store, tree, options.Environment).FirstOrDefault(run => run.MayBeAtWork) is { } left ? (left.Id, $"run {left.Id}. {left.Text} What helps: {left.Help}") : null,
            _what))
        {
            return false;
        }

        foreach (var run in UnreadableRun.Find(store, tree, options.Environment))
        {
            context.Warn($"Run {run.Id}: {run.Text} This run goes on beside it. What helps: {run.Help}");
        }

        return true;
    }
}
