using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>The turn of a session, held by who lands or drops it: no run of it is under way, and none begins meanwhile. Those that come wait.</summary>
internal sealed class SessionEnding : IDisposable
{
    private readonly RunStore _store;
    private readonly Ticket _ticket;

    private SessionEnding(RunStore store, Session session, Ticket ticket)
    {
        _store = store;
        _ticket = ticket;
        Session = session;
    }

    /// <summary>What is known of it.</summary>
    public Session Session { get; }

    /// <summary>Takes the turn, at once or not at all.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The session's last run.</param>
    /// <param name="what">What is to be done: <c>landed</c>, <c>dropped</c>.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    /// <returns>Null for a run of no session.</returns>
    /// <exception cref="WorktreeIsolatorException">The session has ended, has gone on since, or is in use.</exception>
    public static SessionEnding? Take(RunStore store, RunRecord record, string what, IReadOnlyDictionary<string, string> environment)
    {
        if (record.Session is not { } name)
        {
            return null;
        }

        RequireOver(store, record, name, what, environment);
        _ = Find(store, record, name, what);
        var ticket = Ticket.Take(SessionStore.QueueFor(store.StateDirectory, name), record.Id);
        try
        {
            if ((ticket.Ahead() is [var first, ..] ? first : WhoDied(store, name)) is { } busy)
            {
                if (busy == record.Id)
                {
                    throw new WorktreeIsolatorException(FailureKind.Usage, $"Session '{name}' cannot be {what}: someone else is just landing or dropping it.");
                }

                RequireOver(store, store.TryRead(busy), name, what, environment);
                throw UnderWay(busy, name, what, "is under way");
            }

            ticket.Begin();
            return new SessionEnding(store, Find(store, record, name, what), ticket);
        }
        catch
        {
            ticket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A run of the session whose process died and that is not brought to its end yet: its engine may still work there, or someone may just be
    /// keeping its work. Only who has the session's turn may ask: living runs without it do not count.
    /// </summary>
    public static string? WhoDied(RunStore store, string name) => store.ActiveIds().FirstOrDefault(id =>
        store.TryRead(id) is { State: >= RunState.Preparing } run && run.Session == name && !run.State.IsFinal());

    /// <summary>
    /// Its worktree is gone, and all that was in it is where it should be, as the record of its last run says: those of its earlier runs are told so, and
    /// it is a session no more. To do that again does no harm.
    /// </summary>
    /// <param name="last">The record of its last run.</param>
    /// <param name="time">The clock.</param>
    public void End(RunRecord last, TimeProvider time)
    {
        foreach (var earlier in _store.ReadAll().Where(run => run.Session == Session.Name && run.Id != last.Id && run.FinishedAt >= Session.CreatedAt && run.WorkRef() is not null))
        {
            using var liveness = _store.TryTakeOver(earlier.Id, RunStore.Patience);
            if (liveness is not null && _store.TryRead(earlier.Id) is { } record)
            {
                using var journal = _store.TakeOver(record, liveness, time);
                journal.Update(now => Ended(now, last) with { SettledAt = journal.Now }, sync: true);
            }
        }

        _store.Sessions.Forget(Session.Name);
    }

    /// <summary>Goes on with the end of a session whose landing or dropping died over that.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The session's last run. Whoever calls holds its liveness.</param>
    /// <param name="options">What all runs share.</param>
    /// <exception cref="WorktreeIsolatorException">The session is in use.</exception>
    public static void GoOn(RunStore store, RunRecord record, RunnerOptions options)
    {
        if (record is { Session: { } name, MergeBack.Result: not null } && record.WorkRef() is null && store.Sessions.TryRead(name) is { } session
            && session.LastRun == record.Id && record.SettledAt >= session.LastUsedAt && !Directory.Exists(session.Worktree))
        {
            using var ending = Take(store, record, "ended", options.Environment);
            ending!.End(record, options.Time);
        }
    }

    /// <summary>Gives the turn to the next.</summary>
    public void Dispose() => _ticket.Dispose();

    /// <summary>What became of an earlier run's work is what became of the session's.</summary>
    private static RunRecord Ended(RunRecord earlier, RunRecord last)
    {
        var isDropped = last.MergeBack!.Result == MergeBackResult.Dropped;
        var how = $"Session '{last.Session}', to which it belonged, was {(isDropped ? "dropped" : "landed")}: wt-run show {last.Id[..8]}";
        return earlier with
        {
            State = earlier.State == RunState.NeedsMerge ? last.State : earlier.State,
            MergeBack = earlier.MergeBack! with
            {
                Result = last.MergeBack.Result,
                Target = last.MergeBack.Target,
                Commit = isDropped ? earlier.MergeBack.Commit : last.MergeBack.Commit,
                Conflicts = null,
            },
            RescueRef = earlier.RescueRef ?? (isDropped ? last.RescueRef : null),
            Message = earlier.Message is { } message && earlier.State != RunState.NeedsMerge ? $"{message}\n{how}" : how,
            Hint = null,
        };
    }

    /// <summary>Of a run that waits for its turn, or works, the session as a whole cannot be anything.</summary>
    private static void RequireOver(RunStore store, RunRecord? record, string name, string what, IReadOnlyDictionary<string, string> environment)
    {
        if (record is not null && Reconciler.ExplainDead(store, record.Id, environment) is var (why, help))
        {
            throw new WorktreeIsolatorException(FailureKind.Usage, $"Session '{name}' cannot be {what}: run {record.Id} of it is not over. {why}", help);
        }

        if (record is not null && !record.State.IsFinal())
        {
            throw UnderWay(record.Id, name, what, record.State is RunState.Accepted or RunState.Queued ? "waits to begin" : "is under way");
        }
    }

    private static WorktreeIsolatorException UnderWay(string runId, string name, string what, string does) => new(
        FailureKind.Usage, $"Session '{name}' cannot be {what}: run {runId} of it {does}.", $"Let it end, or stop it: wt-run cancel {runId[..8]}");

    private static Session Find(RunStore store, RunRecord record, string name, string what) => store.Sessions.TryRead(name) switch
    {
        { } session when session.LastRun == record.Id => session,
        { } later => throw new WorktreeIsolatorException(
            FailureKind.Usage, $"Run {record.Id} cannot be {what} by itself: session '{name}', to which it belongs, has run {later.LastRun} since.", $"The session as a whole: wt-run {(what == "landed" ? "land" : "drop")} {name}"),
        null => throw new WorktreeIsolatorException(
            FailureKind.Usage, $"Run {record.Id} cannot be {what}: session '{name}', to which it belonged, has ended.", $"What became of it: wt-run show {record.Id[..8]}"),
    };
}
