using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>The git processes, of whomever, that work on something at this moment.</summary>
internal static class GitAtWork
{
    /// <summary>Those whose current directory is one of these, or below one.</summary>
    public static List<ProcessIdentity> In(IReadOnlyList<string> directories) =>
    [
        .. ProcessEntry.ReadAll().Values
            .Where(process => process is { IsRunning: true, Name: "git" } && directories.Any(directory => WorksIn(process, directory)))
            .Select(process => process.Identity),
    ];

    private static bool WorksIn(ProcessEntry process, string path)
    {
        try
        {
            return new FileInfo($"/proc/{process.Pid}/cwd").LinkTarget is { } directory && CanonicalPath.IsAtOrBelow(directory, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // ended, or of another user, whom git lets in only if the repository is shared
        }
    }
}
