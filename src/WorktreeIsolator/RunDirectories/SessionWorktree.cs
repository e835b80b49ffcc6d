using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// The worktree of a session: made and set up for its first run, found again as it was left by every later one, and made anew from the session's
/// branch if it is gone. What an engine leaves there is committed to that branch after each run, so that nothing depends on the directory.
/// Whoever opens it has the session's turn, and all that dead runs left at work there is ended.
/// </summary>
internal sealed class SessionWorktree : RunDirectory
{
    /// <summary>Where mv took a directory, git does not know.</summary>
    public const string IfMovedByHand = "If someone moved it with mv, what was not committed is where it is now: take it from there, and delete the rest.";

    private readonly TemporaryWorktree _worktree;
    private readonly SessionStore _sessions;
    private readonly Session _session;
    private readonly RunJournal _journal;

    private SessionWorktree(TemporaryWorktree worktree, SessionStore sessions, Session session, RunJournal journal)
    {
        _worktree = worktree;
        _sessions = sessions;
        _session = session;
        _journal = journal;
    }

    public override string EngineDirectory => _worktree.EngineDirectory;

    public override IReadOnlyDictionary<string, string> Variables => _worktree.Variables;

    /// <summary>Begins a session; if that fails at any step, there is none.</summary>
    /// <param name="plan">What to make.</param>
    /// <param name="start">The base, after the fetch.</param>
    /// <param name="context">The run.</param>
    /// <param name="journal">Its written side.</param>
    public static SessionWorktree Begin(WorktreePlan plan, RunBase start, RunContext context, RunJournal journal)
    {
        var (sessions, name) = (new SessionStore(plan.Repository.StateDirectory), plan.Session!);
        var path = Path.Combine(plan.Directory.Path, name.WorktreeName);
        if (RegisteredWorktree.TryFindGone(plan.Repository, path, plan.Branch, start.Commit) is not null)
        {
            // Of a session before, whose directory and branch someone deleted.
            _ = ForgetGone(plan, path, context);
        }

        sessions.Forget(name.Value);
        var worktree = TemporaryWorktree.Create(plan, start, context);
        var session = new Session
        {
            Name = name.Value,
            Branch = plan.Branch.Value,
            Worktree = path,
            HasWorktree = true,
            Base = new BaseInfo(start.Name, start.Commit.ToString()),
            Policy = plan.Target.PolicyName,
            Target = plan.Target.Name,
            LastRun = context.RunId,
            CreatedAt = journal.Now,
            LastUsedAt = journal.Now,
        };
        sessions.Write(session);
        return new SessionWorktree(worktree, sessions, session, journal);
    }

    /// <summary>Goes on with a session.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="session">What is known of it.</param>
    /// <param name="context">The run.</param>
    /// <param name="journal">Its written side.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="WorktreeIsolatorException">Something else is where its worktree was.</exception>
    public static SessionWorktree GoOn(WorktreePlan plan, Session session, RunContext context, RunJournal journal, TimeProvider time)
    {
        var store = new RunStore(plan.Repository.StateDirectory);
        var sessions = store.Sessions;
        var found = TryFind(plan, session, context);
        NeedNobody(store, session.LastRun, time);
        session = session with { LastRun = context.RunId, LastUsedAt = journal.Now };
        TemporaryWorktree worktree;
        if (found is not null)
        {
            worktree = TemporaryWorktree.Adopt(plan, found, context);
        }
        else
        {
            RequireBranchForItself(plan, session.Worktree);
            context.Warn($"The worktree of session '{session.Name}' is gone ('{session.Worktree}'); it is made anew from the branch '{session.Branch}'. {IfMovedByHand}");
            sessions.Forget(session.Name);
            sessions.Write(session with { HasWorktree = false });
            if (ForgetGone(plan, session.Worktree, context) is { } rescue)
            {
                context.Warn($"What was staged there, and commits that no branch holds, are under {rescue}.");
                journal.Update(record => record with { RescueRef = rescue });
            }

            worktree = TemporaryWorktree.Recreate(plan, context);
            session = session with { HasWorktree = true };
        }

        sessions.Write(session);
        return new SessionWorktree(worktree, sessions, session, journal);
    }

    /// <summary>The worktree of a session; null if its directory is gone.</summary>
    /// <param name="plan">The session's plan.</param>
    /// <param name="session">What is known of it.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="WorktreeIsolatorException">Something else is there, it was moved, it is another user's, or its branch is checked out elsewhere as well.</exception>
    public static RegisteredWorktree? TryFind(WorktreePlan plan, Session session, RunContext context)
    {
        var found = TryFind(plan, session.Worktree);
        if (found is null || session.HasWorktree)
        {
            if (found is not null)
            {
                RecoverFromLanding(plan, session, found, context);
            }

            return found;
        }

        // It was being made anew when its run died: no engine has run in it.
        Removal.Remove(plan.Repository, plan.Directory, found.Path, found.AdminDirectory, context.TakeLock, context.RunId);
        return null;
    }

    private static void RecoverFromLanding(WorktreePlan plan, Session session, RegisteredWorktree found, RunContext context)
    {
        var note = new SessionStore(plan.Repository.StateDirectory).LandingFile(session.Name);
        if (!File.Exists(note))
        {
            return;
        }

        var store = new RunStore(plan.Repository.StateDirectory);
        if (store.TryRead(session.LastRun) is { } last)
        {
            DeadRun.EndKilledLanding(store, last, isHeld: last.Id == context.RunId, plan.Project.KeepProcesses, context.Cancel);
        }

        if (CommitId.TryParse(File.ReadAllText(note)) is { } tip)
        {
            using var adopted = TemporaryWorktree.Adopt(plan, found, context);
            if (adopted.RecoverFromLanding(tip) is { } rescue)
            {
                context.Warn($"A landing of session '{session.Name}' was killed. What was in its worktree then is under {rescue}.");
            }
        }

        File.Delete(note);
    }

    /// <summary>A landing that needed a person has become this run's business.</summary>
    private static void NeedNobody(RunStore store, string lastRun, TimeProvider time)
    {
        using var liveness = store.TryRead(lastRun)?.State == RunState.NeedsMerge ? store.TryTakeOver(lastRun, RunStore.Patience) : null;
        if (liveness is not null && store.TryRead(lastRun) is { State: RunState.NeedsMerge } record)
        {
            using var journal = store.TakeOver(record, liveness, time);
            journal.Update(now => now with
            {
                State = now.Engine.ExitCode == 0 ? RunState.Succeeded : RunState.Failed,
                MergeBack = now.MergeBack! with { Result = MergeBackResult.Kept, Conflicts = null },
                Message = null,
                Hint = null,
            });
        }
    }

    private static RegisteredWorktree? TryFind(WorktreePlan plan, string path)
    {
        if (SessionObstacle.OfAnotherUser(plan.Repository, plan.Session!, path) is { } foreign)
        {
            throw foreign.ErrorOf(plan.Session!);
        }

        if (!Path.Exists(path))
        {
            // Nothing is known of what lies in a directory that is not there for the moment: it must not be forgotten.
            return (OwnDirectory.WhyUnfit(plan.Directory.Path) ?? SessionObstacle.Moved(plan.Repository, plan.Session!, path)?.ErrorOf(plan.Session!)) is { } missing
                ? throw missing
                : null;
        }

        RequireBranchForItself(plan, path);
        return RegisteredWorktree.TryFind(path, plan.Branch, plan.Base.Commit) ?? throw new WorktreeIsolatorException(
                FailureKind.Git,
                $"'{path}' is no longer the worktree of session '{plan.Session}': its .git was removed or replaced.",
                $"Nothing in it was touched. When you have what you need from it: rm -rf '{path}'. The session then goes on from its branch '{plan.Branch}'.");
    }

    private static void RequireBranchForItself(WorktreePlan plan, string path)
    {
        if (SessionObstacle.CheckedOutElsewhere(plan.Repository, plan.Branch, path) is { } obstacle)
        {
            throw obstacle.ErrorOf(plan.Session!);
        }
    }

    /// <summary>Keeps what the registration of a worktree knows whose directory is gone, and removes it.</summary>
    /// <param name="plan">The session's plan.</param>
    /// <param name="path">Where the worktree was.</param>
    /// <param name="context">The run under whose rescue ref it is kept.</param>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public static string? ForgetGone(WorktreePlan plan, string path, RunContext context)
    {
        string? rescue = null;
        if (RegisteredWorktree.TryFindGone(plan.Repository, path, plan.Branch, plan.Base.Commit) is { } gone)
        {
            using var adopted = TemporaryWorktree.Adopt(plan, gone, context);
            rescue = adopted.RescueFromRegistration();
        }

        Removal.Remove(
            plan.Repository, plan.Directory, path, Path.Combine(plan.Repository.CommonDirectory, "worktrees", Path.GetFileName(path)), context.TakeLock, context.RunId);
        return rescue;
    }

    public override RunRecord BringBack(RunRecord record, EngineVerdict verdict)
    {
        var brought = _worktree.BringBack(record, verdict);
        _sessions.Write(_session with { LastUsedAt = _journal.Now });
        return brought;
    }

    public override void Dispose() => _worktree.Dispose();
}
