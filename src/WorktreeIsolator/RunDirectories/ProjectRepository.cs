using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The repository of a project, as the project wants it used.</summary>
internal static class ProjectRepository
{
    /// <summary>Opens it.</summary>
    /// <param name="project">The project; its directory exists.</param>
    /// <param name="environment">The caller's variables.</param>
    /// <returns>Null if the project lies in no repository.</returns>
    /// <exception cref="WorktreeIsolatorException">git is missing or too old, or refuses the repository, or it is another user's and not shared.</exception>
    public static Repository? TryOpen(ProjectConfig project, IReadOnlyDictionary<string, string> environment)
    {
        var repository = Repository.TryOpen(project.Path, environment);
        if (repository is not null && Ownership.WhyRefused(repository) is { } refused)
        {
            throw refused;
        }

        return project.Hooks == HookMode.Skip ? repository?.WithoutHooks() : repository;
    }
}
