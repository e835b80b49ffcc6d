using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>Finds who works in a directory: the processes whose current directory is that or lies below it.</summary>
internal static class ProcessesInDirectory
{
    /// <summary>Looks; processes of other users that <c>/proc</c> does not show to us are not found.</summary>
    /// <param name="directory">Canonical path.</param>
    /// <returns>Without ourselves.</returns>
    public static IReadOnlyList<NamedProcess> Find(string directory) =>
    [
        .. ProcessEntry.ReadAll().Values
            .Where(entry => entry.IsRunning && entry.Pid != Environment.ProcessId
                && entry.ReadCurrentDirectory() is { } current && CanonicalPath.IsAtOrBelow(current, directory))
            .Select(entry => new NamedProcess(entry.Identity, entry.Name)),
    ];
}
