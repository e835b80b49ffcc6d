using WorktreeIsolator.Configuration;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>The configuration that counts here.</summary>
internal static class ConfigurationSource
{
    /// <summary>Where it is found; null if there is none.</summary>
    /// <param name="flag">The value of <c>--config</c>; null if it was not given.</param>
    /// <param name="here">Where the program was called.</param>
    /// <exception cref="WorktreeIsolatorException">A file was named and does not exist.</exception>
    public static string? Find(string? flag, Surroundings here) => ConfigDiscovery.Find(new ConfigPlaces
    {
        Flag = flag,
        Variable = here.Environment.GetValueOrDefault("WT_RUN_CONFIG"),
        CurrentDirectory = here.CurrentDirectory,
        RepositoryTop = here.RepositoryTop,
        InRunWorktree = here.IsInRunWorktree,
        XdgConfigHome = here.Environment.GetValueOrDefault("XDG_CONFIG_HOME"),
        HomeDirectory = here.HomeDirectory,
    });

    /// <summary>Reads it; the defaults if there is none.</summary>
    /// <exception cref="WorktreeIsolatorException">The file is wrong or cannot be read.</exception>
    public static ConfigFile Load(string? flag, Surroundings here) =>
        Find(flag, here) is { } path ? ConfigFile.Load(path, here.HomeDirectory) : ConfigFile.Defaults;
}
