using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>Runs the project's <c>verify</c> command in the run's worktree, detached at exactly the commit that is to land.</summary>
internal static class Verification
{
    /// <summary>Whether the commit may land; null if the project verifies nothing.</summary>
    public static bool? Passes(
        ProjectConfig project,
        GitCommand git,
        CommitId commit,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        RunContext context)
    {
        if (project.Verify.Count == 0)
        {
            return null;
        }

        ExactCheckout.Of(git, commit, context.Cancel);
        var exitCode = context.Commands.Run("verify", project.Verify, directory, environment, project.VerifyTimeout);
        return exitCode == 0;
    }
}
