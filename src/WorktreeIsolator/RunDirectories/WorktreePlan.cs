using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>Everything that is decided about a run's worktree before anything is made; whoever asks for the impossible is told here.</summary>
/// <param name="Project">The project.</param>
/// <param name="Repository">Its repository.</param>
/// <param name="Directory">Where the worktree goes.</param>
/// <param name="Base">What it is made from, as far as it is known before the fetch.</param>
/// <param name="BaseName">The name that was asked for; null for the default.</param>
/// <param name="Branch">The run branch.</param>
/// <param name="Target">Where the work goes.</param>
/// <param name="Subdirectory">The project's path below the top of its working tree; empty at the top.</param>
/// <param name="GoverningPaths">What no run may change and land by itself, relative to the top.</param>
internal sealed record WorktreePlan(
    ProjectConfig Project,
    Repository Repository,
    WorktreesDirectory Directory,
    RunBase Base,
    string? BaseName,
    BranchName Branch,
    WorkTarget Target,
    string Subdirectory,
    IReadOnlyList<string> GoverningPaths)
{
    /// <summary>The session whose worktree it is; null for a run's own.</summary>
    public SessionName? Session { get; init; }

    /// <summary>The name of the worktree's directory.</summary>
    /// <param name="runId">The run's id.</param>
    public string WorktreeName(string runId) => Session?.WorktreeName ?? runId;

    /// <summary>Plans.</summary>
    /// <param name="project">The project.</param>
    /// <param name="repository">Its repository.</param>
    /// <param name="baseName">The base asked for with the request; null for the project's.</param>
    /// <param name="branchName">The branch asked for; null for <c>wt/ID</c>.</param>
    /// <param name="policy">The policy asked for; null for the project's.</param>
    /// <param name="configurationFile">The file that governs the run; null if there is none.</param>
    /// <param name="runId">The run's id.</param>
    /// <param name="cancellation">Ends a fetch that is needed to find the base.</param>
    /// <param name="requireFree">Refuses a branch that was asked for and exists; null for the usual.</param>
    /// <exception cref="WorktreeIsolatorException">Something asked for does not exist or cannot be.</exception>
    public static WorktreePlan Make(
        ProjectConfig project,
        Repository repository,
        string? baseName,
        string? branchName,
        MergeBackPolicy? policy,
        string? configurationFile,
        string runId,
        CancellationToken cancellation,
        Action<Repository, BranchName>? requireFree = null)
    {
        var directory = WorktreesDirectory.Resolve(repository, project.WorktreesDir);
        var wanted = baseName ?? project.WorktreeBase;
        var branch = BranchName.Parse(branchName ?? $"wt/{runId}");
        if (project.Fetch != FetchMode.Never)
        {
            SharedFetch.RefuseMirror(repository, branch.Ref, $"refs/wt-run/{runId}");
        }

        var found = FindBase(repository, project, wanted, cancellation);
        requireFree ??= WorktreeRegistration.RequireFree;
        if (branchName is not null)
        {
            requireFree(repository, branch);
        }

        var target = WorkTarget.Decide(policy ?? project.MergeBack, project, found.Name, found.Branch);
        RequireConfiguredTarget(repository, project, target);
        return new WorktreePlan(
            project, repository, directory, found, wanted, branch, target, SubdirectoryOf(project, repository), RunDirectories.GoverningPaths.Of(repository, configurationFile));
    }

    /// <summary>The plan for another run of a session; what was decided for its first run holds.</summary>
    /// <param name="session">The session.</param>
    /// <param name="project">The run's project.</param>
    /// <param name="repository">Its repository.</param>
    public static WorktreePlan For(Session session, ProjectConfig project, Repository repository) => new(
        project,
        repository,
        new WorktreesDirectory(System.IO.Path.GetDirectoryName(session.Worktree)!, null),
        new RunBase(session.Base.Ref, CommitId.Parse(session.Base.Commit), null, null, null),
        session.Base.Ref,
        BranchName.Parse(session.Branch),
        WorkTarget.Parse(session.Policy, session.Target, repository.Config.Remotes),
        SubdirectoryOf(project, repository),
        [])
    {
        Session = SessionName.Parse(session.Name),
    };

    /// <summary>The plan by which a recorded run was made, as far as it matters once its engine has ended; null for a run in place.</summary>
    /// <param name="record">The run.</param>
    /// <param name="project">Its project.</param>
    /// <param name="repository">Its repository.</param>
    public static WorktreePlan? Of(RunRecord record, ProjectConfig project, Repository repository)
    {
        if (record is not { Worktree: { } path, Branch: { } branchName, MergeBack: { } mergeBack }
            || BranchName.TryParse(branchName) is not { } branch || CommitId.TryParse(record.Base?.Commit) is not { } commit)
        {
            return null;
        }

        return new WorktreePlan(
            project,
            repository,
            new WorktreesDirectory(System.IO.Path.GetDirectoryName(path)!, null),
            new RunBase(record.Base!.Ref, commit, null, null, null),
            null,
            branch,
            WorkTarget.Parse(mergeBack.Policy, mergeBack.Target, repository.Config.Remotes),
            record.Directory is { } directory && directory != path ? System.IO.Path.GetRelativePath(path, directory) : "",
            [])
        {
            Session = SessionName.TryParse(record.Session),
        };
    }

    /// <summary>The base as it is after a fetch, if the project wants one.</summary>
    /// <param name="context">The run: is told of a fetch, and of what went wrong and is no reason to stop.</param>
    public RunBase FreshBase(RunContext context)
    {
        var fresh = Base;
        if (Project.Fetch != FetchMode.Never && Base.Source is { } source)
        {
            var asked = SharedFetch.Now;
            context.Began($"fetching '{source.Ref}' from '{source.Remote}'");
            try
            {
                SharedFetch.Fetch(Repository.FetchingFor(context.RunId), source, asked, context.Cancel);
                fresh = new BaseResolver(Repository, Project.PushRemote).TryResolve(BaseName) ?? Base;
            }
            catch (GitException e) when (Project.Fetch == FetchMode.Auto)
            {
                context.Warn($"The fetch from '{source.Remote}' failed; the run starts from what is here (fetch = \"auto\").\n{e.Error.Trim()}");
            }
        }
        else if (Project.Fetch == FetchMode.Always && Base.Source is null)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"fetch = \"always\", but the base '{Base.Name}' comes from no remote.", "Set its upstream: git branch --set-upstream-to");
        }

        if (fresh.Warning is { } warning)
        {
            context.Warn(warning);
        }

        return fresh;
    }

    private static string SubdirectoryOf(ProjectConfig project, Repository repository)
    {
        var path = CanonicalPath.Of(project.Path);
        return repository.Top is { } top && path != top ? System.IO.Path.GetRelativePath(top, path) : "";
    }

    /// <summary>The base in the refs as they are; a branch of a remote that is not here yet is fetched first.</summary>
    private static RunBase FindBase(Repository repository, ProjectConfig project, string? name, CancellationToken cancellation)
    {
        var resolver = new BaseResolver(repository, project.PushRemote);
        if (resolver.TryResolve(name) is { } found)
        {
            return found;
        }

        if (project.Fetch != FetchMode.Never && resolver.RemoteBranch(name!) is { } source)
        {
            try
            {
                SharedFetch.Fetch(repository, source, SharedFetch.Now, cancellation);
            }
            catch (GitException e)
            {
                throw NoSuchBase(resolver, name!, $"\nA fetch did not bring it either: {e.Error.Trim()}");
            }

            if (resolver.TryResolve(name) is { } fetched)
            {
                return fetched;
            }
        }

        throw NoSuchBase(resolver, name!, "");
    }

    /// <summary>A target that comes from the base is made if it is missing here; one that somebody wrote down may be misspelt.</summary>
    private static void RequireConfiguredTarget(Repository repository, ProjectConfig project, WorkTarget target)
    {
        if (target.Remote is { } there && !repository.Config.Remotes.Contains(there.Remote))
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"push_target = true, but there is no remote '{there.Remote}' (push_remote) to merge with and to push to.",
                Suggestion.For(there.Remote, repository.Config.Remotes) is { } remote ? $"Did you mean '{remote}'?" : "Add it: git remote add");
        }

        if (project.MergeTarget is { } name && (target.Branch?.Ref ?? target.Remote?.TrackingRef(repository.Config)) is { } wanted
            && !repository.Git.ReadOnly().Try(["show-ref", "--verify", "--quiet", wanted]).Succeeded
            && !IsAtRemote(repository, target.Remote))
        {
            var near = Suggestion.For(name, new BaseResolver(repository, project.PushRemote).KnownNames());
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"merge_target = \"{name}\": there is no such branch.",
                near is null ? $"Make it: {(target.Remote is { } remote ? $"git push {remote.Remote} HEAD:{remote.Ref}" : $"git branch {ShellWords.Quoted(name)}")}" : $"Did you mean '{near}'?");
        }
    }

    /// <summary>A clone of one branch shows no other; a remote that does not answer is told of when it is pushed to.</summary>
    private static bool IsAtRemote(Repository repository, RemoteBranch? branch) => branch is not null
        && repository.Git.ReadOnly().WithTimeout(GitCommand.NetworkTimeout).Try(["ls-remote", "--quiet", "--exit-code", branch.Remote, branch.Ref]).ExitCode != 2;

    private static WorktreeIsolatorException NoSuchBase(BaseResolver resolver, string name, string more)
    {
        var near = Suggestion.For(name, resolver.KnownNames());
        return new WorktreeIsolatorException(
            FailureKind.Git,
            $"The base '{name}' is no branch, tag or commit of this repository.{more}",
            near is null ? "See 'git branch --all' for what there is." : $"Did you mean '{near}'?");
    }
}
