using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Configuration;

/// <summary>Where a configuration file may be. All paths but <see cref="Flag"/> and <see cref="Variable"/> are absolute.</summary>
public sealed record ConfigPlaces
{
    /// <summary>The value of <c>--config</c>; null if it was not given. A relative path is relative to <see cref="CurrentDirectory"/>.</summary>
    public string? Flag { get; init; }

    /// <summary>The value of <c>$WT_RUN_CONFIG</c>; null or empty if it is not set. Relative as <see cref="Flag"/>; <c>~/</c> is expanded.</summary>
    public string? Variable { get; init; }

    /// <summary>The directory in which wt-run was started.</summary>
    public required string CurrentDirectory { get; init; }

    /// <summary>The top of the working tree that holds the current directory; null outside of a repository.</summary>
    public string? RepositoryTop { get; init; }

    /// <summary>Whether the current directory lies in the worktree of a run: its files are the run's work, so no configuration is taken from there.</summary>
    public bool InRunWorktree { get; init; }

    /// <summary>The value of <c>$XDG_CONFIG_HOME</c>; null, empty or relative stands for <c>~/.config</c>.</summary>
    public string? XdgConfigHome { get; init; }

    /// <summary>The home directory.</summary>
    public required string HomeDirectory { get; init; }
}

/// <summary>Finds the one configuration file that counts; files are never merged.</summary>
public static class ConfigDiscovery
{
    /// <summary>The name that is looked for.</summary>
    public const string FileName = "wt-run.toml";

    /// <summary>
    /// Finds the file: <c>--config</c>, else <c>$WT_RUN_CONFIG</c>, else <c>wt-run.toml</c> in the current directory or a parent up to
    /// the top of the repository, else the user's own.
    /// </summary>
    /// <param name="places">Where to look.</param>
    /// <returns>The file's absolute path; null if there is none, so that <see cref="ConfigFile.Defaults"/> hold.</returns>
    /// <exception cref="WorktreeIsolatorException">
    /// <see cref="FailureKind.Configuration"/>: the flag or the variable names a file that does not exist.
    /// </exception>
    public static string? Find(ConfigPlaces places)
    {
        ArgumentNullException.ThrowIfNull(places);
        if (places.Flag is { } flag)
        {
            return Named(flag, flag, places, "--config");
        }

        if (places.Variable is { Length: > 0 } variable)
        {
            var expanded = variable.StartsWith("~/", StringComparison.Ordinal)
                ? Path.Combine(places.HomeDirectory, variable[2..])
                : variable;
            return Named(variable, expanded, places, "$WT_RUN_CONFIG");
        }

        return (places.InRunWorktree ? null : FindUpwards(places)) ?? FindOfUser(places);
    }

    private static string Named(string written, string expanded, ConfigPlaces places, string source)
    {
        if (expanded.Length == 0)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"{source} names no configuration file: the path is empty.", "Give the path of a wt-run.toml.");
        }

        var path = Path.GetFullPath(expanded, places.CurrentDirectory);
        if (File.Exists(path))
        {
            return path;
        }

        throw Directory.Exists(path)
            ? new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"The configuration file '{written}' that {source} names is a directory.",
                $"Name the file in it: '{Path.Combine(written, FileName)}'.")
            : new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"The configuration file '{written}' that {source} names does not exist.",
                path == written ? null : $"It was looked for at '{path}'.");
    }

    private static string? FindUpwards(ConfigPlaces places)
    {
        if (places.RepositoryTop is null)
        {
            return InDirectory(places.CurrentDirectory);
        }

        // Both are compared without symlinks: the current directory may be reached by one, as the shell remembers it.
        var top = CanonicalPath.Of(places.RepositoryTop);
        var directory = CanonicalPath.Of(places.CurrentDirectory);
        if (!CanonicalPath.IsAtOrBelow(directory, top))
        {
            return InDirectory(places.CurrentDirectory);
        }

        for (; ; directory = Path.GetDirectoryName(directory)!)
        {
            if (InDirectory(directory) is { } found)
            {
                return found;
            }

            if (directory == top)
            {
                return null;
            }
        }
    }

    private static string? FindOfUser(ConfigPlaces places)
    {
        // The XDG base directory specification wants relative values ignored.
        var home = places.XdgConfigHome is { Length: > 0 } xdg && Path.IsPathFullyQualified(xdg)
            ? xdg
            : Path.Combine(places.HomeDirectory, ".config");
        return InDirectory(Path.Combine(home, "wt-run"));
    }

    private static string? InDirectory(string directory)
    {
        var path = Path.Combine(directory, FileName);
        return File.Exists(path) ? path : null;
    }
}
