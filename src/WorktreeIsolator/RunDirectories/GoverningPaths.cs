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
        var files = new List<string>();
        if (configurationFile is not null)
        {
            // A link in the repository and what it leads to: each decides.
            files.Add(configurationFile);
            files.Add(CanonicalPath.Of(configurationFile));
        }

        if (repository.Config.Get("core.hookspath") is { Length: > 0 } hooks)
        {
            files.AddRange(Path.IsPathRooted(hooks) || hooks.StartsWith('~')
                ? [CanonicalPath.Of(Expand(hooks, repository))]
                : tops.Select(top => Path.GetFullPath(hooks, top)));
        }

        return
        [
            .. tops.SelectMany(top => files.Where(file => file != top && CanonicalPath.IsAtOrBelow(file, top)).Select(file => Path.GetRelativePath(top, file)))
                .Distinct(StringComparer.Ordinal),
        ];
    }

    private static string Expand(string path, Repository repository) =>
        path.StartsWith("~/", StringComparison.Ordinal) && repository.Git.Environment.GetValueOrDefault("HOME") is { Length: > 0 } home
            ? Path.Combine(home, path[2..])
            : Path.GetFullPath(path, "/");
}
