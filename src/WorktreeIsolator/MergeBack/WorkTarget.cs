using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.MergeBack;

/// <summary>Where a run's work is to go, decided before the run begins.</summary>
/// <param name="Policy">What happens to the run's commits.</param>
/// <param name="Branch">The local branch to land on; null if the policy lands nothing.</param>
internal sealed record WorkTarget(MergeBackPolicy Policy, BranchName? Branch)
{
    /// <summary>The name of the policy in configuration, records and messages.</summary>
    public string PolicyName => Policy switch
    {
        MergeBackPolicy.Merge => "merge",
        MergeBackPolicy.Push => "push",
        MergeBackPolicy.Branch => "branch",
        _ => "none",
    };

    /// <summary>What a record says.</summary>
    public static WorkTarget Parse(string policy, string? target) => new(
        policy switch
        {
            "merge" => MergeBackPolicy.Merge,
            "push" => MergeBackPolicy.Push,
            "branch" => MergeBackPolicy.Branch,
            _ => MergeBackPolicy.None,
        },
        BranchName.TryParse(target));

    /// <summary>Decides the target from what was asked for, the project and the base.</summary>
    /// <param name="policy">The request's policy, else the project's.</param>
    /// <param name="project">The project.</param>
    /// <param name="baseName">The base's name, for the message.</param>
    /// <param name="baseBranch">The local branch that the base stands for; null for a tag or a commit.</param>
    /// <exception cref="WorktreeIsolatorException">The policy needs a target and there is none, or a push that cannot be done yet.</exception>
    public static WorkTarget Decide(MergeBackPolicy policy, ProjectConfig project, string baseName, BranchName? baseBranch)
    {
        if (policy == MergeBackPolicy.Push)
        {
            RefuseWhatIsToCome(project);
        }

        if (policy != MergeBackPolicy.Merge)
        {
            return new WorkTarget(policy, null);
        }

        var branch = project.MergeTarget is not { } mergeTarget
            ? baseBranch
            : BranchName.TryParse(mergeTarget) ?? throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"merge_target = \"{mergeTarget}\" is not a valid branch name.");
        return new WorkTarget(policy, branch ?? throw new WorktreeIsolatorException(
            FailureKind.Configuration,
            $"The base '{baseName}' is no branch, so there is no branch to land the work on.",
            "Set merge_target, or keep the work on its branch with --merge-back branch."));
    }

    /// <summary>To push something else than was asked for, or to leave out what should follow, would be worse than to refuse.</summary>
    private static void RefuseWhatIsToCome(ProjectConfig project)
    {
        if (project.PushTarget)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                "push_target is not available yet: with merge_back = \"push\" this version of wt-run pushes the run branch only.",
                "Leave push_target out, or land with merge_back = \"merge\" and push the target yourself.");
        }

        if (project.AfterPush.Count > 0)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                "after_push is not available yet: this version of wt-run starts nothing after a push.",
                "Leave after_push out, and start the command when 'wt-run run' has ended with 0.");
        }
    }
}
