namespace WorktreeIsolator.Configuration;

/// <summary>A program that does the work of a run: <c>[engines.NAME]</c>.</summary>
public sealed record EngineConfig
{
    /// <summary>The engine's name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The program and its arguments, never read by a shell. <c>{session}</c> stands for the run's session. An argument <c>{prompt}</c> stands for the prompt; without one the
    /// prompt comes on standard input.
    /// </summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Environment variables that the engine gets in addition; values as written.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How long the engine may run; null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long the engine may be silent; null for no limit.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long the engine has between interrupt and terminate, and again between terminate and kill; may be zero.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many runs of this engine are active at once on this machine and for this user; null for no limit.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>Absolute path of a file that is locked with flock(2) while the engine runs; null for none.</summary>
    public string? Lock { get; init; }

    /// <summary>Where the file says it; null if none does.</summary>
    public ConfigPosition? LockPosition { get; init; }

    /// <summary>How long to wait for <see cref="Lock"/>; zero tries once.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>The engines that exist without any file.</summary>
internal static class EnginePresets
{
    /// <summary>The presets by name. Both read the prompt from standard input.</summary>
    public static IReadOnlyDictionary<string, EngineConfig> All { get; } =
        new Dictionary<string, EngineConfig>(StringComparer.Ordinal)
        {
            ["claude"] = new() { Name = "claude", Command = ["claude", "-p"] },
            ["codex"] = new() { Name = "codex", Command = ["codex", "exec", "-"] },
        };
}
