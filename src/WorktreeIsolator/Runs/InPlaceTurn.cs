using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// Gets a run in place its turn in the working tree. With <c>concurrent = false</c> it first takes a ticket and only then looks whether it may
/// go, so that of any number of requests one goes and the others wait in the order in which they came. Then it takes the tree's lock, which keeps
/// landings away; and it goes only when all that dead runs had left working there is ended.
/// </summary>
internal sealed class InPlaceTurn(RunRequest request, RunnerOptions options, Repository? repository, RunStore store, RunJournal journal, RunContext context)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly string _turn = DirectoryTurn.PathFor(store.StateDirectory, repository?.GitDirectory);

    private bool IsConcurrent => request.Project.Concurrent;

    private TimeSpan Remaining => request.IfBusy == IfBusy.Skip ? TimeSpan.Zero : request.WaitTimeout - _clock.Elapsed;

    /// <summary>Waits for the turn; null if it was not to be had, which the record then says.</summary>
    public ProjectDirectory? Take()
    {
        Ticket? ticket = null;
        FileLock? turn = null;
        try
        {
            if (!IsConcurrent && WhatAnAncestorHolds() is { } held)
            {
                return Skip(held, "Leave out the inner wt-run, give it a worktree (--worktree), or let the outer run end first.", hasWaited: false);
            }

            ticket = IsConcurrent ? null : Ticket.Take(DirectoryTurn.QueueFor(_turn), context.RunId);
            if (ticket is not null && WaitInLine(ticket) is [var first, ..])
            {
                return Busy(Describe(first));
            }

            turn = TakeLock();
            if (turn is null)
            {
                return Busy(LockHolder.Describe(_turn));
            }

            if (WhatDeadRunsLeft() is { } left)
            {
                return Busy(left);
            }

            journal.Update(record => record.Queue is null ? record : record with { Queue = new QueueInfo(null, _clock.ElapsedMilliseconds) });
            var directory = new ProjectDirectory(request.Project.Path, turn, ticket);
            (turn, ticket) = (null, null);
            return directory;
        }
        finally
        {
            turn?.Dispose();
            ticket?.Dispose();
        }
    }

    private IReadOnlyList<string> WaitInLine(Ticket ticket) => ticket.Wait(
        Remaining,
        ahead =>
        {
            if (request.IfBusy == IfBusy.Wait)
            {
                Queue(ahead.Count, ahead[0], $"position {ahead.Count}, behind {Describe(ahead[0])}");
            }
        },
        context.Cancel);

    /// <summary>Nobody is ahead in the queue, but a landing may be moving the files, or a run of a project that allows others beside it.</summary>
    private FileLock? TakeLock()
    {
        var holder = $"run {context.RunId} ({context.Trigger}), pid {Environment.ProcessId}";
        if (DirectoryTurn.TryTake(_turn, IsConcurrent, holder) is { } taken)
        {
            return taken;
        }

        if (Remaining <= TimeSpan.Zero)
        {
            return null;
        }

        Queue(1, null, $"next; '{request.Project.Path}' is held by {LockHolder.Describe(_turn)}");
        return DirectoryTurn.Take(_turn, IsConcurrent, holder, Remaining, context.Cancel);
    }

    /// <summary>The lock of a dead run is free before its engine has ended. Null if nothing of such runs is left.</summary>
    private string? WhatDeadRunsLeft()
    {
        while (true)
        {
            var left = new Reconciler(request.Project, options, repository).Reconcile()
                .FirstOrDefault(record => !record.State.IsFinal() && record.Isolation.Kind == "in_place" && record.Directory == request.Project.Path);
            if (left is null || Remaining <= TimeSpan.Zero)
            {
                return left is null ? null : $"run {left.Id}, whose wt-run process died. {left.Message}";
            }

            Queue(1, left.Id, $"behind run {left.Id}, whose wt-run process died. {left.Message}");
            Waiting.Pause(Pause, context.Cancel);
        }
    }

    /// <summary>To wait for a run inside which we were started would be to wait for ourselves.</summary>
    private string? WhatAnAncestorHolds() => RunEnvironment.Parents(options.Environment).Select(store.TryRead).OfType<RunRecord>()
        .Where(record => record.Isolation.Kind == "in_place" && !record.State.IsFinal()
            && (record.Directory == request.Project.Path || Ticket.Holders(DirectoryTurn.QueueFor(_turn)).Contains(record.Id)))
        .Select(record => $"run {record.Id}, inside which this one was started: it would wait for itself").FirstOrDefault();

    private void Queue(int position, string? behind, string told)
    {
        var queue = new QueueInfo(position, _clock.ElapsedMilliseconds, behind);
        if (journal.Record.Queue is { } before && before.Position == queue.Position && before.Behind == queue.Behind)
        {
            return;
        }

        journal.Update(record => record with { State = RunState.Queued, Queue = queue });
        context.Began($"Queued — waiting for active run to finish ({told})");
    }

    /// <summary><c>3f9c12ab cron:nightly, 4 min</c>.</summary>
    private string Describe(string runId)
    {
        if (store.TryRead(runId) is not { } record)
        {
            return runId;
        }

        var age = journal.Now - (record.StartedAt ?? record.CreatedAt);
        var told = age.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)age.TotalMinutes} min")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (int)age.TotalSeconds)} s");
        return $"{record.Id[..8]} {record.Trigger}, {told}";
    }

    private ProjectDirectory? Busy(string by) => Skip(
        by,
        request.IfBusy == IfBusy.Skip
            ? "Try again later, leave out --if-busy skip to wait, or run it with --worktree."
            : "Give it longer with --wait-timeout, or run it with --worktree.",
        hasWaited: request.IfBusy == IfBusy.Wait);

    private ProjectDirectory? Skip(string by, string hint, bool hasWaited)
    {
        journal.Update(
            record => record with
            {
                State = RunState.Skipped,
                FinishedAt = journal.Now,
                Queue = hasWaited ? new QueueInfo(null, _clock.ElapsedMilliseconds) : null,
                Message = $"'{request.Project.Path}' is busy: it is held by {by}.",
                Hint = hint,
            },
            sync: true);
        return null;
    }
}
