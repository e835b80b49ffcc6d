using WorktreeIsolator.Git;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>Decides from what a session's run starts: from the session as it was left, or, for the first one, from its base.</summary>
internal static class SessionPlan
{
    /// <summary>Decides; binding only for who has the session's turn.</summary>
    /// <param name="request">The request, which names a session.</param>
    /// <param name="options">What all runs share.</param>
    /// <param name="repository">The project's repository.</param>
    /// <param name="runId">The run.</param>
    /// <param name="cancellation">Ends a fetch that is needed to find the base.</param>
    /// <returns>The plan, and what is known of the session; null if it begins with this run.</returns>
    /// <exception cref="WorktreeIsolatorException">The request contradicts itself, or the session.</exception>
    public static (WorktreePlan Plan, Session? Session) Decide(
        RunRequest request, RunnerOptions options, Repository repository, string runId, CancellationToken cancellation)
    {
        var (name, project) = (request.Session!, request.Project);
        if (request.Branch is not null || request.MergeBack is not null)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage, $"Session '{name}' has a branch of its own, and nothing of it lands by itself.", "Leave the branch and the merge-back policy out.");
        }

        var session = new SessionStore(repository.StateDirectory).TryRead(name.Value);
        if (session is null || IsGone(session, repository))
        {
            var first = WorktreePlan.Make(
                project, repository, request.Base, name.Branch, null, options.ConfigurationFile, runId, cancellation, (_, branch) => RequireFree(repository, branch, name)) with
            { Session = name };
            return (first, null);
        }

        return request.Base is null || request.Base == session.Base.Ref
            ? (WorktreePlan.For(session, project, repository), session)
            : throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"Session '{name}' began from '{session.Base.Ref}', so it cannot start from '{request.Base}'.",
                $"Leave --base out, or give the session another name. To end this one: wt-run land {name}, or wt-run drop {name}");
    }

    /// <summary>A run that is just making the session's worktree has made its branch already; this one will have its turn after that.</summary>
    private static void RequireFree(Repository repository, BranchName branch, SessionName name)
    {
        try
        {
            WorktreeRegistration.RequireFree(repository, branch);
        }
        catch (WorktreeIsolatorException) when (IsUnderWay(new RunStore(repository.StateDirectory), name.Value))
        {
            // Who has the turn then looks again.
        }
    }

    private static bool IsUnderWay(RunStore store, string name) => store.Sessions.TryRead(name) is not null
        || store.ActiveIds().Any(id => store.TryRead(id) is { } run && run.Session == name && !run.State.IsFinal());

    /// <summary>Someone deleted both its worktree and its branch, or a landing of it was killed at its very end: there is nothing to go on with.</summary>
    private static bool IsGone(Session session, Repository repository) => !Path.Exists(session.Worktree)
        && !repository.Git.ReadOnly().Try(["show-ref", "--verify", "--quiet", BranchName.Parse(session.Branch).Ref]).Succeeded;
}
