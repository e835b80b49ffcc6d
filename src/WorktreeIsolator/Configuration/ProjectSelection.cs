using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Configuration;

/// <summary>Decides which project a command is about.</summary>
public static class ProjectSelection
{
    /// <summary>
    /// Selects the project: the one that is named; else the one whose directory holds the current directory, the deepest; else the
    /// current repository with defaults; else the file's default.
    /// </summary>
    /// <param name="file">The configuration.</param>
    /// <param name="name">The name given on the command line; null if none.</param>
    /// <param name="currentDirectory">The absolute path of the current directory.</param>
    /// <param name="repositoryTop">The absolute path of the top of the working tree that holds it; null outside of a repository.</param>
    /// <returns>
    /// The project. Of several with the same directory the file's default is taken, else the first in the file. The current
    /// repository with defaults has the name of its directory, which may be no name that the file would allow.
    /// </returns>
    /// <exception cref="WorktreeIsolatorException">
    /// <see cref="FailureKind.Usage"/>: there is no project of that name. <see cref="FailureKind.Configuration"/>: no name was given
    /// and nothing else says which project is meant.
    /// </exception>
    public static ProjectConfig Select(ConfigFile file, string? name, string currentDirectory, string? repositoryTop)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(currentDirectory);
        if (name is not null)
        {
            return file.Projects.TryGetValue(name, out var named) ? named : throw Unknown(file, name);
        }

        if (Holding(file, currentDirectory) is { } holding)
        {
            return holding;
        }

        if (repositoryTop is not null)
        {
            var top = Path.TrimEndingDirectorySeparator(repositoryTop);
            var directoryName = Path.GetFileName(top);
            return new ProjectConfig { Name = directoryName.Length == 0 ? "root" : directoryName, Path = top };
        }

        if (file.DefaultProject is { } standard)
        {
            return file.Projects[standard];
        }

        throw new WorktreeIsolatorException(
            FailureKind.Configuration,
            $"No project is meant: '{currentDirectory}' is in no configured project and in no git repository, and there is no default_project.",
            file.Projects.Count == 0
                ? "Change into a git repository, or write [projects.NAME] with its path into wt-run.toml."
                : $"Name one of the projects: {Suggestion.Quoted(file.Projects.Keys)}.");
    }

    private static ProjectConfig? Holding(ConfigFile file, string currentDirectory)
    {
        if (file.Projects.Count == 0)
        {
            return null;
        }

        var current = CanonicalPath.Of(currentDirectory);
        ProjectConfig? deepest = null;
        var depth = 0;
        foreach (var project in file.Projects.Values)
        {
            var path = CanonicalPath.Of(project.Path);
            var isDeeper = path.Length > depth || (path.Length == depth && project.Name == file.DefaultProject);
            if (isDeeper && CanonicalPath.IsAtOrBelow(current, path))
            {
                deepest = project;
                depth = path.Length;
            }
        }

        return deepest;
    }

    private static WorktreeIsolatorException Unknown(ConfigFile file, string name)
    {
        if (file.Projects.Count == 0)
        {
            return new WorktreeIsolatorException(
                FailureKind.Usage,
                $"There is no project '{name}': {(file.Path is null ? "no configuration file was found" : $"'{file.Path}' has no projects")}.",
                "Leave the name out to use the current repository, or write [projects.NAME] with its path into wt-run.toml.");
        }

        var known = $"The projects are {Suggestion.Quoted(file.Projects.Keys)}.";
        return new WorktreeIsolatorException(
            FailureKind.Usage,
            $"There is no project '{name}' in '{file.Path}'.",
            Suggestion.For(name, file.Projects.Keys) is { } meant ? $"Did you mean '{meant}'? {known}" : known);
    }
}
