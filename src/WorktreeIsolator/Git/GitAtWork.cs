using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>The git processes (<c>git</c>, <c>git-receive-pack</c> …), of whomever, that work on something at this moment.</summary>
internal static class GitAtWork
{
    /// <summary>Those whose current directory is one of these, or below one. Of another user's nobody knows, whom git lets in only if the repository is shared.</summary>
    /// <param name="directories">Absolute paths.</param>
    /// <param name="butNotIn">Directories below them that do not count, nor what is below those.</param>
    public static List<ProcessIdentity> In(IReadOnlyList<string> directories, IReadOnlyList<string>? butNotIn = null) =>
    [
        .. ProcessEntry.ReadAll().Values
            .Where(process => process.IsRunning && process.Name.StartsWith("git", StringComparison.Ordinal) && process.ReadCurrentDirectory() is { } current
                && IsIn(current, directories) && !IsIn(current, butNotIn ?? []))
            .Select(process => process.Identity),
    ];

    private static bool IsIn(string path, IReadOnlyList<string> directories) => directories.Any(directory => CanonicalPath.IsAtOrBelow(path, directory));
}
