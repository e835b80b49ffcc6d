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
    /// <param name="mergeTarget">The project's <c>merge_target</c>; null for the base's branch.</param>
    /// <param name="pushesTarget">Whether <c>push_target</c> is on.</param>
    /// <param name="baseName">The base's name, for the message.</param>
    /// <param name="baseBranch">The local branch that the base stands for; null for a tag or a commit.</param>
    /// <exception cref="WorktreeIsolatorException">The policy needs a target and there is none.</exception>
    public static WorkTarget Decide(MergeBackPolicy policy, string? mergeTarget, bool pushesTarget, string baseName, BranchName? baseBranch)
    {
        if (policy != MergeBackPolicy.Merge && !(policy == MergeBackPolicy.Push && pushesTarget))
        {
            return new WorkTarget(policy, null);
        }

        var branch = mergeTarget is null
            ? baseBranch
            : BranchName.TryParse(mergeTarget) ?? throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"merge_target = \"{mergeTarget}\" is not a valid branch name.");
        return new WorkTarget(policy, branch ?? throw new WorktreeIsolatorException(
            FailureKind.Configuration,
            $"The base '{baseName}' is no branch, so there is no branch to land the work on.",
            "Set merge_target, or keep the work on its branch with --merge-back branch."));
    }
}
