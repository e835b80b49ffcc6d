using WorktreeIsolator.Configuration;
using WorktreeIsolator.Notifications;

namespace WorktreeIsolator;

/// <summary>What all runs of one <see cref="Runs.TriggerRunner"/> share.</summary>
public sealed record RunnerOptions
{
    /// <summary>The variables that engines inherit and git sees; the caller's own, usually.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Names of variables that hold secrets of triggers; no engine sees them.</summary>
    public IReadOnlyList<string> SecretVariables { get; init; } = [];

    /// <summary>The configuration file that governs the runs; null if there is none. A run that changes it does not land by itself.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>
    /// Absolute path of the directory for what all repositories of one user share: the gates of engines. By default
    /// <c>$XDG_STATE_HOME/wt-run</c>, else <c>~/.local/state/wt-run</c>, as <see cref="Environment"/> says it.
    /// </summary>
    public string StateHome
    {
        get => field ?? Path.Combine(
            Environment.GetValueOrDefault("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state)
                ? state
                : Path.Combine(Environment.GetValueOrDefault("HOME") is { Length: > 0 } home ? home : "/tmp", ".local/state"),
            "wt-run");
        init;
    }

    /// <summary>The configured projects by name: those of runs whose landing waits for another run's end.</summary>
    public IReadOnlyDictionary<string, ProjectConfig> Projects { get; init; } = new Dictionary<string, ProjectConfig>(StringComparer.Ordinal);

    /// <summary>Who is told how runs end.</summary>
    public IReadOnlyList<NotifyConfig> Notify { get; init; } = [];

    /// <summary>
    /// What is still to be told of runs that were found dead. <see cref="Runs.TriggerRunner.Run"/> tells of those that it finds itself; who calls
    /// <see cref="Recovery.Reconciler"/> or <see cref="Recovery.Pruner"/> tells when nothing else is left to do.
    /// </summary>
    public LaterNotifications Later { get; init; } = new();

    /// <summary>Who wants to see the runs as they go.</summary>
    public RunObserver Observer { get; init; } = RunObserver.None;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Options under which a configuration holds: its secrets stay away from engines, and no run that changes its file lands by itself.</summary>
    /// <param name="config">The configuration from which the requests' projects and engines come.</param>
    /// <param name="environment">The caller's variables.</param>
    public static RunnerOptions For(ConfigFile config, IReadOnlyDictionary<string, string> environment) => new()
    {
        Environment = environment,
        SecretVariables = config.SecretVariables,
        ConfigurationFile = config.Path,
        Projects = config.Projects,
        Notify = config.Notify,
    };
}
