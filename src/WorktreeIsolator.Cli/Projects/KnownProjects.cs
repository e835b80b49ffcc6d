using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>A project and where its records are.</summary>
internal sealed record KnownProject(ProjectConfig Project, RunStore Store);

/// <summary>
/// Everything that <c>list</c>, <c>show</c>, <c>logs</c>, <c>cancel</c>, <c>land</c>, <c>drop</c> and <c>prune</c> are about: every configured project and
/// the current repository, each store once, even if several projects share a repository.
/// </summary>
internal sealed class KnownProjects
{
    private readonly ConfigFile _config;
    private readonly RunnerOptions _options;

    private KnownProjects(ConfigFile config, RunnerOptions options, IReadOnlyList<ProjectConfig> projects, IReadOnlyList<KnownProject> stores)
    {
        _config = config;
        _options = options;
        Projects = projects;
        Stores = stores;
    }

    /// <summary>All of them whose directory exists.</summary>
    public IReadOnlyList<ProjectConfig> Projects { get; }

    /// <summary>One project for each store.</summary>
    public IReadOnlyList<KnownProject> Stores { get; }

    public RunnerOptions Options => _options;

    /// <summary>How long <c>prune</c> leaves what runs left.</summary>
    public RetentionConfig Retention => _config.Retention;

    /// <summary>Finds them. A project whose directory is missing is told on standard error and left out.</summary>
    /// <param name="configFlag">The value of <c>--config</c>; null if it was not given.</param>
    /// <param name="here">Where the program was called.</param>
    public static KnownProjects Find(string? configFlag, Surroundings here)
    {
        var config = ConfigurationSource.Load(configFlag, here);
        var options = RunnerOptions.For(config, here.Environment);
        var found = new List<ProjectConfig>();
        var stores = new List<KnownProject>();
        foreach (var project in In(config, here))
        {
            if (!Directory.Exists(project.Path))
            {
                StandardStreams.Error.TryWriteText(
                    $"wt-run: warning: The directory '{project.Path}' of project '{project.Name}' does not exist; it is left out.\n");
                continue;
            }

            found.Add(project);
            var store = RunStore.Of(project.Path, here.Environment);
            if (stores.TrueForAll(known => known.Store.StateDirectory != store.StateDirectory))
            {
                stores.Add(new KnownProject(project, store));
            }
        }

        return new KnownProjects(config, options, found, stores);
    }

    /// <summary>Every configured project, and the current repository if it is none of them; whether they are there or not.</summary>
    public static IReadOnlyList<ProjectConfig> In(ConfigFile config, Surroundings here)
    {
        var projects = config.Projects.Values.ToList();
        if (here.RepositoryTop is not null || projects.Count == 0)
        {
            var current = ProjectSelection.Select(config, null, here.CurrentDirectory, here.RepositoryTop);
            if (projects.TrueForAll(known => (known.Name, known.Path) != (current.Name, current.Path)))
            {
                projects.Add(current);
            }
        }

        return projects;
    }

    /// <summary>The configuration of the project that a run was of; that of its repository if the run's is configured no more.</summary>
    public ProjectConfig ProjectOf(RunRecord record, KnownProject found) => _config.Projects.GetValueOrDefault(record.Project) ?? found.Project;

    /// <summary>Brings runs to their end whose supervisor was killed. Costs nothing where every active run is alive.</summary>
    public void Reconcile()
    {
        foreach (var (project, store) in Stores)
        {
            try
            {
                if (store.ActiveIds().Any(id => !store.IsAlive(id)))
                {
                    new Reconciler(project, _options).Reconcile();
                }
            }
            catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
            {
                StandardStreams.Error.TryWriteText($"wt-run: warning: Runs of project '{project.Name}' that died could not be cleaned up: {e.Message}\n");
            }
        }
    }
}
