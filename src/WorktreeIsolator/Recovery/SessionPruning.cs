using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>Drops sessions that nobody has used for as long as <c>sessions</c> says: all that they hold goes under a rescue ref.</summary>
internal sealed class SessionPruning(PruneScope scope, RunnerOptions options, Repository repository)
{
    /// <summary>Prunes.</summary>
    public IEnumerable<PruneItem> Prune() => [.. scope.Sessions.Select(Prune), .. scope.Store.Sessions.Unfinished().Select(PruneUnfinished).OfType<PruneItem>()];

    /// <summary>What is left of a session that its wt-run was killed over when it began or ended; null if someone has the session's turn.</summary>
    private PruneItem? PruneUnfinished(string name)
    {
        var (sessions, queue) = (scope.Store.Sessions, SessionStore.QueueFor(scope.Store.StateDirectory, name));
        return Ticket.Holders(queue).Count > 0 ? null : scope.Take("trash", sessions.DirectoryOf(name), "what a session left whose wt-run was killed when it began or ended", () =>
        {
            using var turn = Ticket.Take(queue, RunId.New().ToString());
            if (turn.Ahead().Count == 0 && sessions.Unfinished().Contains(name, StringComparer.Ordinal))
            {
                sessions.Forget(name);
            }
        });
    }

    private PruneItem Prune(Session session)
    {
        var limit = $"sessions = {Duration.Format(scope.Retention.Sessions)}";
        var age = scope.AgeOf(session.LastUsedAt);
        if (Ticket.Holders(SessionStore.QueueFor(scope.Store.StateDirectory, session.Name)) is [var busy, ..])
        {
            return PruneScope.Leave("session", session.Name, $"run {busy} of it is under way");
        }

        if (ObstacleOf(session) is { } obstacle)
        {
            return PruneScope.Leave("session", session.Name, $"{obstacle.Why}; to go on with it, or to end it, first: {obstacle.Help}");
        }

        if (scope.Now - session.LastUsedAt < scope.Retention.Sessions)
        {
            return PruneScope.Leave(
                "session", session.Name, $"last used {age} ago ({limit}); land it: wt-run land {session.Name}; give it up: wt-run drop {session.Name}");
        }

        return scope.Store.TryRead(session.LastRun) is { } record
            ? scope.Take(
                "session",
                session.Name,
                $"last used {age} ago ({limit}); what it holds is rescued: wt-run show {record.Id[..8]}",
                () => RunDrop.Drop(scope.Project, record, options))
            : PruneScope.Leave("session", session.Name, $"the record of its last run {session.LastRun} is gone; a run in it makes a new one: wt-run run --session {session.Name} -- true");
    }

    private SessionObstacle? ObstacleOf(Session session) => SessionObstacle.Moved(repository, SessionName.Parse(session.Name), session.Worktree)
        ?? SessionObstacle.OfAnotherUser(repository, SessionName.Parse(session.Name), session.Worktree)
        ?? SessionObstacle.CheckedOutElsewhere(repository, BranchName.Parse(session.Branch), session.Worktree);
}
