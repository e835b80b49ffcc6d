using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>A run that may have to wait, for one thing after another: says so, keeps its place in the record current, and gives up in time.</summary>
internal sealed class WaitingRun(RunRequest request, RunnerOptions options, RunStore store, RunJournal journal, RunContext context)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly IReadOnlyList<string> _ancestors = RunEnvironment.Parents(options.Environment);
    private string? _told;

    /// <summary>Whether it may wait at all.</summary>
    public bool MayWait => request.IfBusy == IfBusy.Wait;

    /// <summary>How long it may still wait for a turn.</summary>
    public TimeSpan Remaining => MayWait ? request.WaitTimeout - _clock.Elapsed : TimeSpan.Zero;

    /// <summary>How long it may stay with what dead runs left, before it says what it waits for and looks whether it is cancelled or late.</summary>
    public TimeSpan PatienceWithTheDead => Remaining < DeadRun.Pass ? Remaining : DeadRun.Pass;

    /// <summary>Waits in line.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="what">What it waits for, as the end of <c>waiting for …</c>.</param>
    /// <param name="within">How long at most.</param>
    /// <returns>False if it was not to be had; the run is skipped, and the record says why.</returns>
    public bool WaitInLine(Ticket ticket, string what, TimeSpan within)
    {
        var ahead = ticket.Ahead();
        if (ahead.Count >= ticket.Places && ahead.All(_ancestors.Contains))
        {
            return Skip($"{Describe(ahead[0])}, inside which this run was started: it would wait for itself", "Let the outer run end first, or give the inner one another engine or a worktree (--worktree).", hasWaited: false);
        }

        var first = ticket.Wait(within, (count, behind) => Tell(count - ticket.Places + 1, behind, what, null), context.Cancel);
        return first is null || Busy($"run {Describe(first)}{PidOf(first)}");
    }

    /// <summary>Puts its place into the record and before the person who waits; what was told last is not told again.</summary>
    /// <param name="position">1 for the next.</param>
    /// <param name="behind">The run that has what it waits for; null if that is no run.</param>
    /// <param name="what">As the end of <c>waiting for …</c>.</param>
    /// <param name="holder">Who has it, if no run does.</param>
    public void Tell(int position, string? behind, string what, string? holder)
    {
        if (!MayWait)
        {
            return;
        }

        var told = $"{position} {behind} {what} {holder}";
        if (told != _told)
        {
            _told = told;
            journal.Update(record => record with { State = RunState.Queued, Queue = new QueueInfo(position, _clock.ElapsedMilliseconds, behind) });
            journal.Note("step", Line());
            options.Observer.Waits(Line);
        }

        string Line() => $"Queued — waiting for {what} (position {position}, behind {(behind is null ? holder : Describe(behind))})";
    }

    /// <summary>Only a run in place waits for what one with a worktree does not.</summary>
    private string Elsewhere => journal.Record.Worktree is null ? "; or run it with --worktree" : "";

    /// <summary>It has all that it waited for.</summary>
    public void Go()
    {
        if (journal.Record.Queue is not null)
        {
            journal.Update(record => record with { Queue = new QueueInfo(null, _clock.ElapsedMilliseconds) });
        }
    }

    /// <summary>It was not to be had in time, or not at once if it may not wait.</summary>
    /// <param name="holder">Who has it.</param>
    /// <returns>False.</returns>
    public bool Busy(string holder) => Skip(
        holder,
        MayWait ? $"Give it longer with --wait-timeout{Elsewhere}." : $"Try again later, or leave out --if-busy skip to wait{Elsewhere}.",
        MayWait);

    /// <summary>Ends the run as skipped.</summary>
    /// <returns>False.</returns>
    public bool Skip(string holder, string hint, bool hasWaited)
    {
        journal.Update(
            record => record with
            {
                State = RunState.Skipped,
                FinishedAt = journal.Now,
                Queue = hasWaited ? new QueueInfo(null, _clock.ElapsedMilliseconds) : null,
                Message = $"'{request.Project.Name}' is busy: held by {holder}.",
                Hint = hint,
            },
            sync: true);
        return false;
    }

    /// <summary>Whether this run was started inside another one.</summary>
    public bool IsInside(string runId) => _ancestors.Contains(runId);

    private string PidOf(string runId) =>
        store.TryRead(runId)?.Supervisor is { } supervisor ? string.Create(CultureInfo.InvariantCulture, $", pid {supervisor.Pid}") : "";

    /// <summary><c>3f9c12ab cron:nightly, 4 min</c>.</summary>
    public string Describe(string runId) => store.TryRead(runId)?.InShort(journal.Now) ?? runId;
}
