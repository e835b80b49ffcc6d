using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.MergeBack;

/// <summary>Where a run's work is to go, decided before the run begins.</summary>
/// <param name="Policy">What happens to the run's commits.</param>
/// <param name="Branch">The local branch to land on; null if the policy lands nothing here.</param>
/// <param name="Remote">The branch of a remote to merge with and to push to; null if the policy lands nothing there.</param>
internal sealed record WorkTarget(MergeBackPolicy Policy, BranchName? Branch, RemoteBranch? Remote = null)
{
    /// <summary>What a record calls it: <c>main</c>, <c>origin/main</c>; null if there is none.</summary>
    public string? Name => Branch?.Value ?? Remote?.ToString();

    /// <summary>Where a push goes: to the target, or to the run branch's namesake.</summary>
    /// <param name="project">The project.</param>
    /// <param name="runBranch">The run branch.</param>
    public RemoteBranch PushedTo(ProjectConfig project, BranchName runBranch) => Remote ?? new RemoteBranch(project.PushRemote, runBranch.Ref);

    /// <summary>The name of the policy in configuration, records and messages.</summary>
    public string PolicyName => Policy switch
    {
        MergeBackPolicy.Merge => "merge",
        MergeBackPolicy.Push => "push",
        MergeBackPolicy.Branch => "branch",
        _ => "none",
    };

    /// <summary>What a record says.</summary>
    public static WorkTarget Parse(string policy, string? target, IReadOnlyList<string> remotes) => policy switch
    {
        "merge" => new(MergeBackPolicy.Merge, BranchName.TryParse(target)),
        // A remote that was removed since is still the one that was meant.
        "push" => new(MergeBackPolicy.Push, null, target is null ? null : RemoteBranch.TryParse(target, [.. remotes, target.Split('/')[0]])),
        "branch" => new(MergeBackPolicy.Branch, BranchName.TryParse(target)),
        _ => new(MergeBackPolicy.None, BranchName.TryParse(target)),
    };

    /// <summary>Decides the target from what was asked for, the project and the base.</summary>
    /// <param name="policy">The request's policy, else the project's.</param>
    /// <param name="project">The project.</param>
    /// <param name="baseName">The base's name, for the message.</param>
    /// <param name="baseBranch">The local branch that the base stands for; null for a tag or a commit.</param>
    /// <exception cref="WorktreeIsolatorException">The policy needs a target and there is none.</exception>
    public static WorkTarget Decide(MergeBackPolicy policy, ProjectConfig project, string baseName, BranchName? baseBranch)
    {
        var isPushed = policy == MergeBackPolicy.Push && project.PushTarget;
        if (policy != MergeBackPolicy.Merge && !isPushed)
        {
            return new WorkTarget(policy, null);
        }

        var branch = project.MergeTarget is not { } mergeTarget
            ? baseBranch
            : BranchName.TryParse(mergeTarget) ?? throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"merge_target = \"{mergeTarget}\" is not a valid branch name.");
        if (branch is null)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"The base '{baseName}' is no branch, so there is no branch to land the work on.",
                "Set merge_target, or keep the work on its branch with --merge-back branch.");
        }

        return isPushed ? new WorkTarget(policy, null, new RemoteBranch(project.PushRemote, branch.Ref)) : new WorkTarget(policy, branch);
    }
}
