using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>The git processes (<c>git</c>, <c>git-receive-pack</c> …), of whomever, that work on something at this moment.</summary>
internal static class GitAtWork
{
    /// <summary>Those whose current directory is one of these, or below one. Of another user's nobody knows, whom git lets in only if the repository is shared.</summary>
    public static List<ProcessIdentity> In(IReadOnlyList<string> directories) =>
    [
        .. ProcessEntry.ReadAll().Values
            .Where(process => process.IsRunning && process.Name.StartsWith("git", StringComparison.Ordinal) && process.ReadCurrentDirectory() is { } current
                && directories.Any(directory => CanonicalPath.IsAtOrBelow(current, directory)))
            .Select(process => process.Identity),
    ];
}
