using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// What decides how runs are run, and is itself in the repository: the configuration file and the hooks directory. A run that changes it
/// could have the next command of its own choice run on the user's machine.
/// </summary>
internal static class GoverningPaths
{
    /// <summary>The paths, relative to the top of a worktree.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="configurationFile">The file that governs the run; null if there is none.</param>
    public static IReadOnlyList<string> Of(Repository repository, string? configurationFile)
    {
        var tops = new[] { repository.MainTop, repository.Top }.OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var hooks = HooksDirectories(repository, tops);
        string[] governing = [.. new[] { configurationFile }.OfType<string>(), .. hooks, .. hooks.SelectMany(Links)];

        // A link in the repository and what it leads to: each decides.
        var files = governing.SelectMany(path => new[] { path, InItsDirectory(path), CanonicalPath.Of(path) }).ToList();

        return
        [
            .. tops.SelectMany(top => files.Where(file => IsIn(repository, file, top)).Select(file => Path.GetRelativePath(top, file)))
                .Distinct(StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether a commit can hold it.</summary>
    private static bool IsIn(Repository repository, string path, string top) =>
        path != top && CanonicalPath.IsAtOrBelow(path, top) && !CanonicalPath.IsAtOrBelow(path, repository.CommonDirectory);

    private static List<string> HooksDirectories(Repository repository, List<string> tops) => repository.Config.Get("core.hookspath") switch
    {
        null or "" => [Path.Combine(repository.CommonDirectory, "hooks")],
        ['~' or '/', ..] hooks => [Expand(hooks, repository)],
        var hooks => tops.ConvertAll(top => Path.TrimEndingDirectorySeparator(Path.GetFullPath(hooks, top))),
    };

    /// <summary>Hooks that are links: <c>.git/hooks/pre-commit</c> is often one to a file of the repository.</summary>
    private static IEnumerable<string> Links(string directory)
    {
        try
        {
            return new DirectoryInfo(directory).EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is not null).Select(entry => entry.FullName).ToList();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The path itself, which may be a link, in a directory that is none: as git names the top.</summary>
    private static string InItsDirectory(string path) => Path.Combine(CanonicalPath.Of(Path.GetDirectoryName(path) ?? "/"), Path.GetFileName(path));

    private static string Expand(string path, Repository repository) =>
        path.StartsWith("~/", StringComparison.Ordinal) && repository.Git.Environment.GetValueOrDefault("HOME") is { Length: > 0 } home
            ? Path.Combine(home, path[2..])
            : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, "/"));
}
