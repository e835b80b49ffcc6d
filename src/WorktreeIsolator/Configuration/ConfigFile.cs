using WorktreeIsolator.Configuration.Toml;

namespace WorktreeIsolator.Configuration;

/// <summary>The whole configuration: one <c>wt-run.toml</c>, or <see cref="Defaults"/> where there is none.</summary>
public sealed record ConfigFile
{
    /// <summary>The file's absolute path; null for the defaults.</summary>
    public string? Path { get; init; }

    /// <summary>The project for a directory that belongs to none; a key of <see cref="Projects"/>.</summary>
    public string? DefaultProject { get; init; }

    /// <summary>The engine for projects and triggers that name none; a key of <see cref="Engines"/>.</summary>
    public string? DefaultEngine { get; init; }

    /// <summary>The projects by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, ProjectConfig> Projects { get; init; } =
        new Dictionary<string, ProjectConfig>(StringComparer.Ordinal);

    /// <summary>The engines by name: the presets, changed key by key by the file, and the file's own.</summary>
    public IReadOnlyDictionary<string, EngineConfig> Engines { get; init; } = EnginePresets.All;

    /// <summary>Cron entries, webhooks and the server that listens for them.</summary>
    public TriggerConfig Triggers { get; init; } = new();

    /// <summary>Who is told about which results.</summary>
    public IReadOnlyList<NotifyConfig> Notify { get; init; } = [];

    /// <summary>How long records and rescued work are kept.</summary>
    public RetentionConfig Retention { get; init; } = new();

    /// <summary>The limits of <c>wt-run serve</c>.</summary>
    public HostConfig Host { get; init; } = new();

    /// <summary>The names of all environment variables that hold a webhook's secret; they never reach an engine.</summary>
    public IReadOnlyList<string> SecretVariables { get; init; } = [];

    /// <summary>What is allowed but has no effect or a doubtful one.</summary>
    public IReadOnlyList<ConfigMistake> Warnings { get; init; } = [];

    /// <summary>Where the first secret stands in the file itself (<c>secret = "…"</c>); null if none does.</summary>
    public ConfigPosition? FirstSecret { get; init; }

    /// <summary>Whether the file itself holds a secret, so that it should not be tracked by git.</summary>
    public bool HoldsSecrets => FirstSecret is not null;

    /// <summary>The configuration without any file: the engine presets, no project, no trigger.</summary>
    public static ConfigFile Defaults { get; } = new();

    /// <summary>Reads a configuration file.</summary>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="homeDirectory">The absolute path that <c>~</c> stands for.</param>
    /// <exception cref="ConfigException">The file is wrong; with every mistake at once.</exception>
    /// <exception cref="WorktreeIsolatorException">The file cannot be read.</exception>
    public static ConfigFile Load(string path, string homeDirectory) => Parse(ConfigBytes.Read(path), path, homeDirectory);

    /// <summary>Reads a configuration that is in memory as UTF-8.</summary>
    /// <param name="utf8">The content of the file.</param>
    /// <param name="path">The absolute path that messages name and to which paths in the file are relative; nothing is read there.</param>
    /// <param name="homeDirectory">The absolute path that <c>~</c> stands for.</param>
    /// <exception cref="ConfigException">The file is wrong; with every mistake at once.</exception>
    public static ConfigFile Parse(ReadOnlySpan<byte> utf8, string path, string homeDirectory)
    {
        var reading = Begin(path, homeDirectory);
        TomlTable document;
        try
        {
            document = TomlReader.Read(utf8);
        }
        catch (TomlSyntaxException e)
        {
            throw new ConfigException([reading.At(e.Position, e.Message)]);
        }

        return new ConfigFileReader(reading).Read(document, path);
    }

    /// <summary>Reads a configuration that is in memory as text.</summary>
    /// <param name="text">The content of the file.</param>
    /// <param name="path">The absolute path that messages name and to which paths in the file are relative; nothing is read there.</param>
    /// <param name="homeDirectory">The absolute path that <c>~</c> stands for.</param>
    /// <exception cref="ConfigException">The file is wrong; with every mistake at once.</exception>
    public static ConfigFile Parse(string text, string path, string homeDirectory)
    {
        ArgumentNullException.ThrowIfNull(text);
        var reading = Begin(path, homeDirectory);
        TomlTable document;
        try
        {
            document = TomlReader.Read(text);
        }
        catch (TomlSyntaxException e)
        {
            throw new ConfigException([reading.At(e.Position, e.Message)]);
        }

        return new ConfigFileReader(reading).Read(document, path);
    }

    private static ConfigReading Begin(string path, string homeDirectory) =>
        System.IO.Path.IsPathFullyQualified(path) && System.IO.Path.IsPathFullyQualified(homeDirectory)
            ? new ConfigReading(path, homeDirectory)
            : throw new ArgumentException($"'{path}' and '{homeDirectory}' must be absolute paths.", nameof(path));
}
