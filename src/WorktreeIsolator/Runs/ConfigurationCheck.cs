using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>Something that <see cref="ConfigurationCheck"/> found.</summary>
/// <param name="IsError">Whether runs fail because of it; else it is a warning.</param>
/// <param name="Where">What it is about: <c>[projects.scout]</c>.</param>
/// <param name="Message">A sentence: what is wrong, with which value.</param>
/// <param name="Hint">What would be right; null if the message says it.</param>
public sealed record ConfigurationFinding(bool IsError, string Where, string Message, string? Hint = null);

/// <summary>Compares a configuration that is well-formed with the world: directories, repositories, programs. Changes nothing.</summary>
public static class ConfigurationCheck
{
    /// <summary>Looks at everything.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="environment">The caller's variables, for git and PATH.</param>
    /// <returns>All that was found, errors and warnings.</returns>
    public static IReadOnlyList<ConfigurationFinding> Examine(ConfigFile config, IReadOnlyDictionary<string, string> environment) =>
    [
        .. config.Projects.Values.SelectMany(project => ExamineProject(project, environment)),
        .. config.Engines.Values.Where(engine => IsUsed(engine.Name, config)).SelectMany(engine => ExamineEngine(engine, environment)),
        .. ExamineLocks(config, environment),
        .. ExamineNotifications(config, environment),
        .. ExamineSecrets(config, environment),
        .. FindIdleKeys(config),
    ];

    private static IEnumerable<ConfigurationFinding> FindIdleKeys(ConfigFile config)
    {
        foreach (var (where, keys) in config.Projects.Values.Select(project => ($"[projects.{project.Name}]", NotInEffect.In(project)))
            .Where(found => found.Item2.Count > 0))
        {
            yield return new(false, where, $"{string.Join(", ", keys)}: without effect in this version of wt-run.");
        }

        if (config.Triggers.Webhooks.Count > 0)
        {
            yield return new(false, "[[triggers.webhooks]]", "nothing listens in this version of wt-run; 'run --trigger webhook --trigger-id ID' takes their settings.");
        }

        if (config.Triggers.Crons.Count > 0)
        {
            yield return new(false, "[[triggers.crons]]", "nothing fires them in this version of wt-run; a crontab line can: wt-run run --trigger cron --trigger-id ID");
        }
    }

    /// <summary>A preset that nothing names is no reason to install its program.</summary>
    private static bool IsUsed(string engine, ConfigFile config) =>
        !ConfigFile.Defaults.Engines.ContainsKey(engine)
        || engine == config.DefaultEngine
        || config.Projects.Values.Any(project => project.DefaultEngine == engine)
        || config.Triggers.Crons.Any(cron => cron.Engine == engine)
        || config.Triggers.Webhooks.Any(webhook => webhook.Engine == engine);

    private static IEnumerable<ConfigurationFinding> ExamineProject(ProjectConfig project, IReadOnlyDictionary<string, string> environment)
    {
        var where = $"[projects.{project.Name}]";
        if (!Directory.Exists(project.Path))
        {
            yield return new(true, where, $"path: the directory '{project.Path}' does not exist.");
            yield break;
        }

        if (Try(() => ExamineRepository(project, environment), out var needsGit) is { } failure)
        {
            yield return new(true, where, failure.Message, failure.Hint);
        }
        else if (needsGit is not null)
        {
            yield return new(true, where, needsGit, "Make it a repository with 'git init', or leave the key out.");
        }
    }

    /// <summary>What the project wants of git although it lies in no repository; null if nothing.</summary>
    private static string? ExamineRepository(ProjectConfig project, IReadOnlyDictionary<string, string> environment)
    {
        if (Repository.TryOpen(project.Path, environment) is not { } repository)
        {
            return project.TriggerWorktree || project.UserWorktree
                ? $"{(project.TriggerWorktree ? "trigger_worktree" : "user_worktree")} = true, but '{project.Path}' lies in no git repository."
                : null;
        }

        _ = WorktreesDirectory.Resolve(repository, project.WorktreesDir).RequireFit();
        if (project.WorktreeBase is not null)
        {
            _ = WorktreePlan.Make(project with { Fetch = FetchMode.Never }, repository, null, null, null, null, "check", CancellationToken.None);
        }

        return null;
    }

    private static IEnumerable<ConfigurationFinding> ExamineEngine(EngineConfig engine, IReadOnlyDictionary<string, string> environment)
    {
        var program = engine.Command[0];
        if (program.Contains('/', StringComparison.Ordinal) && !Path.IsPathRooted(program))
        {
            yield break; // it lies in the run's directory
        }

        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        foreach (var (name, value) in engine.Env)
        {
            variables[name] = value;
        }

        if (Try(() => Executable.Resolve(program, "/", variables), out _) is { } failure)
        {
            yield return new(false, $"[engines.{engine.Name}]", failure.Message, failure.Hint);
        }
    }

    private static IEnumerable<ConfigurationFinding> ExamineLocks(ConfigFile config, IReadOnlyDictionary<string, string> environment)
    {
        var locking = config.Engines.Values.Where(engine => engine.Lock is not null).ToList();
        var own = locking.Count == 0 ? [] : config.Projects.Values.Where(project => Directory.Exists(project.Path))
            .Select(project => Try(() => RunStore.Of(project.Path, environment).StateDirectory, out var state) is null ? state : null).OfType<string>()
            .Append(RunnerOptions.For(config, environment).StateHome).ToList();
        foreach (var engine in locking)
        {
            if (EngineLock.WhyUnfit(engine.Lock!, own) is { } unfit)
            {
                yield return new(!unfit.MayCome, EngineLock.Where(config.Path, engine.LockPosition, engine.Name), EngineLock.Sentence(unfit, engine.Name) + '.');
            }
        }
    }

    private static IEnumerable<ConfigurationFinding> ExamineNotifications(ConfigFile config, IReadOnlyDictionary<string, string> environment)
    {
        foreach (var program in config.Notify.Where(who => who.Command.Count > 0).Select(who => who.Command[0]))
        {
            // A relative path lies in the project whose run is told.
            if ((Path.IsPathRooted(program) || !program.Contains('/', StringComparison.Ordinal))
                && Try(() => Executable.Resolve(program, "/", environment), out _) is { } failure)
            {
                yield return new(false, "[[notify]]", failure.Message, failure.Hint);
            }
        }
    }

    private static IEnumerable<ConfigurationFinding> ExamineSecrets(ConfigFile config, IReadOnlyDictionary<string, string> environment)
    {
        if (config.Path is { } path && config.FirstSecret is { } secret
            && GitCommand.In(Path.GetDirectoryName(path)!, environment).ReadOnly().Try(["ls-files", "--error-unmatch", "--", path]).Succeeded)
        {
            yield return new(
                false,
                $"{path}:{secret.Line}:{secret.Column}",
                "The file holds a secret and is tracked by git: whoever has the repository has the secret.",
                "Name an environment variable with secret_env instead, and change the secret.");
        }
    }

    private static WorktreeIsolatorException? Try<T>(Func<T> action, out T? result)
    {
        result = default;
        try
        {
            result = action();
            return null;
        }
        catch (WorktreeIsolatorException e)
        {
            return e;
        }
    }
}
