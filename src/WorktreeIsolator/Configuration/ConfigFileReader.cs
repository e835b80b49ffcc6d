using WorktreeIsolator.Configuration.Toml;

namespace WorktreeIsolator.Configuration;

/// <summary>
/// Turns the tables of a document into a <see cref="ConfigFile"/>. Engines are read before projects and those before triggers,
/// whatever their order in the file, because each may name what comes before. A value that is wrong reads as its default: the file is
/// refused at the end, so no one sees it.
/// </summary>
internal sealed class ConfigFileReader(ConfigReading reading)
{
    private readonly Dictionary<string, EngineConfig> _engines = new(EnginePresets.All, StringComparer.Ordinal);
    private readonly Dictionary<string, ProjectConfig> _projects = new(StringComparer.Ordinal);

    public ConfigFile Read(TomlTable document, string path)
    {
        var root = new ConfigTable(reading, document, "");
        foreach (var (name, table) in Named(root, "engines"))
        {
            _engines[name] = ReadEngine(table, _engines.GetValueOrDefault(name) ?? new EngineConfig { Name = name, Command = [] });
        }

        var defaultEngine = Reference(root, "default_engine", "engine", _engines);
        foreach (var (name, table) in Named(root, "projects"))
        {
            var projectEngine = Reference(table, "default_engine", "engine", _engines);
            _projects[name] = new ProjectReader(reading, table).Read(name) with { DefaultEngine = projectEngine };
            table.RefuseUnknown();
        }

        var defaultProject = Reference(root, "default_project", "project", _projects);
        var file = new ConfigFile
        {
            Path = path,
            DefaultEngine = defaultEngine,
            DefaultProject = defaultProject,
            Engines = _engines,
            Projects = _projects,
        };
        var triggers = root.Table("triggers", "[triggers]") is { } t ? new TriggerReader(reading, file).Read(t) : new TriggerConfig();
        file = file with
        {
            Triggers = triggers,
            SecretVariables = SecretVariables(triggers.Webhooks),
            Notify = ReadNotify(root),
            Retention = ReadRetention(root),
            Host = ReadHost(root),
        };
        root.RefuseUnknown();
        reading.ThrowIfWrong();
        return file with { Warnings = reading.Warnings(), FirstSecret = reading.FirstSecret };
    }

    /// <summary>A name that must be one of those known; null if the key is not there. A wrong one is returned all the same.</summary>
    internal static string? Reference<T>(ConfigTable table, string key, string what, IReadOnlyDictionary<string, T> known)
    {
        if (!table.Has(key))
        {
            _ = table.Text(key);
            return null;
        }

        var name = table.Text(key) ?? "";
        if (name.Length > 0 && !known.ContainsKey(name))
        {
            table.Wrong(
                key,
                known.Count == 0 ? $"is '{name}', but the file has no {what}" : $"is '{name}', which is no {what}{Suggestion.Tail(name, [.. known.Keys])}");
        }

        return name;
    }

    private static List<string> SecretVariables(IReadOnlyList<WebhookConfig> webhooks)
    {
        var names = new List<string>();
        foreach (var webhook in webhooks)
        {
            foreach (var name in webhook.SecretEnv)
            {
                if (!names.Contains(name))
                {
                    names.Add(name);
                }
            }
        }

        return names;
    }

    /// <summary>The names in <c>[projects]</c> or <c>[engines]</c>, each with its table.</summary>
    private List<KeyValuePair<string, ConfigTable>> Named(ConfigTable root, string key)
    {
        var named = new List<KeyValuePair<string, ConfigTable>>();
        foreach (var entry in root.Table(key, $"[{key}]")?.Entries() ?? [])
        {
            if (ConfigNames.CheckName(entry.Key) is { } problem)
            {
                reading.Mistake(entry.KeyPosition, $"'{entry.Key}' in [{key}] {problem}");
            }

            if (root.AsTable(entry.Value, $"[{key}.{entry.Key}]") is { } table)
            {
                named.Add(new(entry.Key, table));
            }
        }

        return named;
    }

    private EngineConfig ReadEngine(ConfigTable table, EngineConfig preset)
    {
        if (preset.Command.Count == 0 && !table.Has("command"))
        {
            table.Missing("command", "write the program and its arguments, such as command = [\"claude\", \"-p\"]");
        }

        var engine = preset with
        {
            Command = table.Command("command", required: true) ?? preset.Command,
            Env = ReadEnv(table) ?? preset.Env,
            Timeout = table.Length("timeout") ?? preset.Timeout,
            IdleTimeout = table.Length("idle_timeout") ?? preset.IdleTimeout,
            Grace = table.Length("grace", allowZero: true) ?? preset.Grace,
            MaxParallel = table.Integer("max_parallel", 1) ?? preset.MaxParallel,
            Lock = reading.AbsolutePath(table, "lock") ?? preset.Lock,
            LockPosition = table.Has("lock") && table.PositionOf("lock") is var at ? new ConfigPosition(at.Line, at.Column) : preset.LockPosition,
            LockTimeout = table.Length("lock_timeout", allowZero: true) ?? preset.LockTimeout,
        };
        CheckPrompt(table, engine.Command);
        if (table.Has("lock_timeout") && !table.Has("lock"))
        {
            table.Doubt("lock_timeout", "has no effect without 'lock'");
        }

        if (engine.IdleTimeout >= engine.Timeout)
        {
            table.Doubt("idle_timeout", "has no effect: 'timeout' is not longer");
        }

        table.RefuseUnknown();
        return engine;
    }

    private static void CheckPrompt(ConfigTable table, IReadOnlyList<string> command)
    {
        if (command.Count > 0 && command[0].Contains("{session}", StringComparison.Ordinal))
        {
            table.Wrong("command", $"holds '{command[0]}'; {{session}} may stand in an argument, not in the program");
        }

        const string Placeholder = "{prompt}";
        for (var i = 0; i < command.Count; i++)
        {
            if (command[i] == Placeholder ? i == 0 : command[i].Contains(Placeholder, StringComparison.Ordinal))
            {
                table.Wrong("command", $"holds '{command[i]}'; {Placeholder} must be an argument of its own, behind the program");
            }
        }
    }

    private Dictionary<string, string>? ReadEnv(ConfigTable engine)
    {
        if (engine.Table("env", engine.Name + ".env") is not { } table)
        {
            return null;
        }

        var env = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in table.Entries())
        {
            var (name, position, value) = entry;
            if (ConfigNames.CheckVariable(name) is { } problem)
            {
                reading.Mistake(position, $"'{name}' in 'env' of {engine.Name} {problem}");
            }
            else if (name.StartsWith("WT_RUN_", StringComparison.Ordinal))
            {
                reading.Mistake(position, $"'{name}' in 'env' of {engine.Name} is set by wt-run itself; use a name that does not begin with WT_RUN_");
            }

            if (value is not TomlString text)
            {
                reading.Mistake(value.Position, $"'{name}' in 'env' of {engine.Name} must be a string, not {value.Kind}");
            }
            else if (text.Value.Contains('\0', StringComparison.Ordinal))
            {
                reading.Mistake(value.Position, $"'{name}' in 'env' of {engine.Name} holds a NUL character, which no program can be given");
            }
            else
            {
                env[name] = text.Value;
            }
        }

        return env;
    }

    private static List<NotifyConfig> ReadNotify(ConfigTable root)
    {
        var all = new List<NotifyConfig>();
        foreach (var table in root.Tables("notify", "[[notify]]"))
        {
            var allowed = ConfigChoices.NotifyEvents;
            var events = table.Texts("events", e => ConfigChoices.IsNotifyEvent(e) ? null : $"is not an event{Suggestion.Tail(e, allowed)}");
            if (!table.Has("events"))
            {
                table.Missing("events", $"allowed are {Suggestion.Quoted(allowed)}");
            }
            else if (events is { Count: 0 } && table.IsEmptyArray("events"))
            {
                table.Wrong("events", $"is empty, so that nothing would be told; allowed are {Suggestion.Quoted(allowed)}");
            }

            if (table.Has("command") == table.Has("url"))
            {
                table.Mistake($"{table.Name} has {(table.Has("url") ? "both" : "neither")} 'command' {(table.Has("url") ? "and" : "nor")} 'url'; write exactly one of them");
            }

            all.Add(new NotifyConfig
            {
                Events = events ?? [],
                Command = table.Command("command", required: true) ?? [],
                Url = ReadUrl(table),
            });
            table.RefuseUnknown();
        }

        return all;
    }

    private static Uri? ReadUrl(ConfigTable table)
    {
        if (table.Text("url") is not { } text)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return url;
        }

        // An address may hold a token, so it is not quoted.
        table.Wrong("url", "is not an address that begins with 'http://' or 'https://'");
        return null;
    }

    private static RetentionConfig ReadRetention(ConfigTable root)
    {
        var defaults = new RetentionConfig();
        if (root.Table("retention", "[retention]") is not { } table)
        {
            return defaults;
        }

        var retention = new RetentionConfig
        {
            Records = table.Length("records") ?? defaults.Records,
            KeepLast = table.Integer("keep_last", 0) ?? defaults.KeepLast,
            Sessions = table.Length("sessions") ?? defaults.Sessions,
            RescueRefs = table.Length("rescue_refs") ?? defaults.RescueRefs,
        };
        table.RefuseUnknown();
        return retention;
    }

    private static HostConfig ReadHost(ConfigTable root)
    {
        var defaults = new HostConfig();
        if (root.Table("host", "[host]") is not { } table)
        {
            return defaults;
        }

        var host = new HostConfig
        {
            Backlog = table.Integer("backlog", 1) ?? defaults.Backlog,
            WaitingSupervisors = table.Integer("waiting_supervisors", 1) ?? defaults.WaitingSupervisors,
        };
        table.RefuseUnknown();
        return host;
    }
}
