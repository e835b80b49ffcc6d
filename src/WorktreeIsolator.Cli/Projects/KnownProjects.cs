using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>A project and where its records are.</summary>
internal sealed record KnownProject(ProjectConfig Project, RunStore Store)
{
    /// <summary>Some of its records, where someone lands or drops one at this moment with who does.</summary>
    public IEnumerable<RunRecord> WithWhoHasThem(IEnumerable<RunRecord> records)
    {
        var inHand = Store.ReadInHand().ToDictionary(record => record.Id, StringComparer.Ordinal);
        return inHand.Count == 0 ? records : records.Select(record => inHand.GetValueOrDefault(record.Id, record));
    }
}

/// <summary>
/// Everything that <c>list</c>, <c>show</c>, <c>logs</c>, <c>cancel</c>, <c>land</c>, <c>drop</c> and <c>prune</c> are about: every configured project and
/// the current repository, each store once, even if several projects share a repository.
/// </summary>
internal sealed class KnownProjects : IDisposable
{
    /// <summary>How long a command that only looks may be held up by what dead runs left.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

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

    /// <summary>Tells of the runs that were found dead. It may take long, and nobody is to wait for it who only came to look: the last thing that a command does.</summary>
    public void Dispose()
    {
        if (!_options.Later.IsEmpty)
        {
            using var signals = new CancelSignals(static _ => { });
            _options.Later.Tell(signals.Cancel, signals.Kill);
        }
    }

    /// <summary>
    /// Brings runs to their end whose supervisor was killed. Costs nothing where every active run is alive. Their engines may have a grace of hours: a
    /// command that does not need what they hold asks them to end, stays a moment, and says what is still at work.
    /// </summary>
    /// <exception cref="WorktreeIsolatorException">It was cancelled.</exception>
    public void Reconcile()
    {
        foreach (var owner in Stores)
        {
            Reconcile(owner, Patience);
        }
    }

    /// <summary>The same without a word, whatever goes wrong, and without waiting for anyone: for a look that is repeated, on a screen of its own.</summary>
    public void ReconcileUnseen()
    {
        foreach (var (project, store) in Stores.Where(owner => HasDead(owner.Store)))
        {
            Try(() => _ = new Reconciler(project, _options).Reconcile(TimeSpan.Zero), static _ => { });
        }
    }

    /// <summary>For a command that needs what a run left: if it died, waits until it has been brought to its end, as long as that takes; for no other run.</summary>
    /// <returns>The run as it is then.</returns>
    /// <exception cref="WorktreeIsolatorException">It was cancelled.</exception>
    public FoundRun BroughtToItsEnd(FoundRun found)
    {
        var (record, owner) = found;
        if (!Reconciler.IsDead(owner.Store, record.Id))
        {
            return found;
        }

        // Of a session all that died: it is landed or dropped as a whole.
        Reconcile(owner, Timeout.InfiniteTimeSpan, run => run.Id == record.Id || (run.Session is { } session && session == record.Session));
        return found with { Record = owner.Store.TryRead(record.Id) ?? record };
    }

    private void Reconcile(KnownProject owner, TimeSpan patience, Func<RunRecord, bool>? which = null)
    {
        if (!HasDead(owner.Store))
        {
            return;
        }

        var progress = new RunProgress(showsStages: true, echoes: false, isInteractive: false);
        using var signals = new CancelSignals(static _ => { });
        IReadOnlyList<RecoveredRun> runs = [];
        Try(
            () =>
            {
                try
                {
                    runs = new Reconciler(owner.Project, _options with { Observer = progress }).Reconcile(patience, which, signals.Cancel, signals.Kill);
                }
                finally
                {
                    progress.End();
                }
            },
            e => StandardStreams.Error.TryWriteText($"wt-run: warning: Runs of project '{owner.Project.Name}' that died could not be cleaned up: {e.Message}\n"));

        // What someone else is just keeping is about to be over.
        foreach (var run in runs.Where(run => run.AtWork is { Count: > 0 }))
        {
            progress.Warning($"Run {run.Record.Id} has died. {run.WhyNotOver}");
        }

        if (signals.Cancel.IsCancellationRequested)
        {
            throw new WorktreeIsolatorException(
                FailureKind.System, "Cancelled while what dead runs had left was being ended.", "The next wt-run command goes on with that; 'wt-run doctor' says what is left, and changes nothing.");
        }
    }

    private static bool HasDead(RunStore store) => store.ActiveIds().Any(id => Reconciler.IsDead(store, id));

    private static void Try(Action reconcile, Action<Exception> failed)
    {
        try
        {
            reconcile();
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            failed(e);
        }
    }
}
