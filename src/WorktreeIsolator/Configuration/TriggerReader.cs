namespace WorktreeIsolator.Configuration;

/// <summary>Reads <c>[triggers]</c> and what is below it, against the projects and engines of the file.</summary>
internal sealed class TriggerReader(ConfigReading reading, ConfigFile file)
{
    private readonly Dictionary<string, int> _lineOfId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lineOfPath = new(StringComparer.Ordinal);

    public TriggerConfig Read(ConfigTable table)
    {
        var defaults = new TriggerConfig();
        var enabled = table.Flag("enabled") ?? defaults.Enabled;
        var timezone = ReadTimezone(table, "default_timezone");
        var server = ReadServer(table);
        var crons = new List<CronConfig>();
        foreach (var cron in table.Tables("crons", "[[triggers.crons]]"))
        {
            crons.Add(ReadCron(cron));
            cron.RefuseUnknown();
        }

        var webhooks = new List<WebhookConfig>();
        foreach (var webhook in table.Tables("webhooks", "[[triggers.webhooks]]"))
        {
            webhooks.Add(ReadWebhook(webhook, server));
            webhook.RefuseUnknown();
        }

        table.RefuseUnknown();
        return new TriggerConfig { Enabled = enabled, DefaultTimezone = timezone, Server = server, Crons = crons, Webhooks = webhooks };
    }

    private static ServerConfig ReadServer(ConfigTable triggers)
    {
        var defaults = new ServerConfig();
        if (triggers.Table("server", "[triggers.server]") is not { } table)
        {
            return defaults;
        }

        var host = table.Text("host");
        if (host is not null && Hosts.Check(host) is { } problem)
        {
            table.Wrong("host", $"is '{host}', which {problem}");
        }

        var server = new ServerConfig
        {
            Host = host ?? defaults.Host,
            Port = table.Integer("port", 0, ushort.MaxValue) ?? defaults.Port,
            AllowedHosts = table.Texts("allowed_hosts", Hosts.Check) ?? defaults.AllowedHosts,
            RateLimit = table.Integer("rate_limit", 1) ?? defaults.RateLimit,
            MaxBodyBytes = table.Bytes("max_body_bytes") ?? defaults.MaxBodyBytes,
        };
        table.RefuseUnknown();
        return server;
    }

    private CronConfig ReadCron(ConfigTable table)
    {
        var schedule = Required(table, "schedule", "write five fields, such as \"0 2 * * *\"");
        if (schedule.Length > 0 && CronExpression.Check(schedule) is { } problem)
        {
            table.Wrong("schedule", $"is '{schedule}': {problem}");
        }

        var id = ReadId(table);
        var project = ReadProject(table);
        return new CronConfig
        {
            Id = id,
            Schedule = schedule,
            Timezone = ReadTimezone(table, "timezone"),
            Project = project,
            Engine = ReadEngine(table, project),
            Prompt = table.Text("prompt"),
            Worktree = table.Flag("worktree"),
            RunOnce = table.Flag("run_once") ?? false,
            Misfire = table.Choice("misfire", ConfigChoices.Misfire) ?? MisfirePolicy.Latest,
            IfBusy = table.Choice("if_busy", ConfigChoices.IfBusy) ?? BusyPolicy.Wait,
        };
    }

    private WebhookConfig ReadWebhook(ConfigTable table, ServerConfig server)
    {
        var auth = table.Choice("auth", ConfigChoices.Auth);
        var secret = ReadSecret(table);
        var secretEnv = table.Texts("secret_env", ConfigNames.CheckVariable);
        if (auth is not null || !table.Has("auth"))
        {
            CheckAuth(table, auth ?? WebhookAuth.Bearer, server);
        }

        var id = ReadId(table);
        var project = ReadProject(table);
        return new WebhookConfig
        {
            Id = id,
            Path = ReadPath(table),
            Auth = auth ?? WebhookAuth.Bearer,
            Secret = secret,
            SecretEnv = secretEnv ?? [],
            EventFilter = table.Text("event_filter"),
            Project = project,
            Engine = ReadEngine(table, project),
            PromptTemplate = table.Text("prompt_template"),
            Worktree = table.Flag("worktree"),
            IfBusy = table.Choice("if_busy", ConfigChoices.IfBusy) ?? BusyPolicy.Wait,
        };
    }

    private SecretText? ReadSecret(ConfigTable table)
    {
        if (table.Text("secret") is not { } text)
        {
            return null;
        }

        reading.Secret(table.PositionOf("secret"));
        return new SecretText(text);
    }

    private static void CheckAuth(ConfigTable table, WebhookAuth auth, ServerConfig server)
    {
        var inFile = table.Has("secret");
        var inEnv = table.Has("secret_env");
        if (inFile && inEnv)
        {
            table.Wrong("secret", "stands beside 'secret_env'; write only one of them");
        }
        else if (inEnv && table.IsEmptyArray("secret_env"))
        {
            table.Wrong("secret_env", "is empty; write the name of at least one environment variable");
        }

        if (auth == WebhookAuth.None)
        {
            if (!server.IsLoopback)
            {
                table.Wrong("auth", $"is 'none', but the host listens on '{server.Host}'; without proof only loopback is allowed, such as '127.0.0.1'");
            }

            if (inFile || inEnv)
            {
                table.Wrong("auth", $"is 'none', so that '{(inFile ? "secret" : "secret_env")}' would prove nothing; write how it is used, or leave it out");
            }
        }
        else if (!inFile && !inEnv)
        {
            table.Mistake(
                $"{table.Name} has neither 'secret_env' nor 'secret', which auth = \"{ConfigChoices.Auth.WordFor(auth)}\" needs; "
                + "write secret_env = [\"NAME_OF_A_VARIABLE\"]");
        }
    }

    private string ReadPath(ConfigTable table)
    {
        var path = Required(table, "path", "write the path of the request, such as \"/hooks/push\"");
        if (path.Length == 0)
        {
            return path;
        }

        if (CheckPath(path) is { } problem)
        {
            table.Wrong("path", $"is '{path}', which {problem}");
        }
        else if (!_lineOfPath.TryAdd(path, table.PositionOf("path").Line))
        {
            table.Wrong("path", $"is '{path}', as in line {_lineOfPath[path]}; every webhook needs a path of its own");
        }

        return path;
    }

    private static string? CheckPath(string path)
    {
        if (!path.StartsWith('/'))
        {
            return "does not begin with '/'";
        }

        // The dashboard, its files and the API live there.
        if (path is "/" or "/healthz" or "/api" || path.StartsWith("/api/", StringComparison.Ordinal))
        {
            return "belongs to wt-run itself; use another, such as '/hooks/push'";
        }

        foreach (var c in path)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('/' or '-' or '.' or '_' or '~'))
            {
                return "has a character other than letters, digits, '/', '-', '.', '_' and '~'";
            }
        }

        foreach (var segment in path[1..].Split('/'))
        {
            if (segment is "" or "." or "..")
            {
                return "has an empty segment, '.' or '..'";
            }
        }

        return null;
    }

    private string ReadId(ConfigTable table)
    {
        var id = Required(table, "id", "write a name that no other trigger has");
        if (id.Length == 0)
        {
            return id;
        }

        if (ConfigNames.CheckName(id) is { } problem)
        {
            table.Wrong("id", $"is '{id}', which {problem}");
        }
        else if (!_lineOfId.TryAdd(id, table.PositionOf("id").Line))
        {
            table.Wrong("id", $"is '{id}', as in line {_lineOfId[id]}; every cron entry and webhook needs a name of its own");
        }

        return id;
    }

    private string ReadProject(ConfigTable table)
    {
        var project = ConfigFileReader.Reference(table, "project", "project", file.Projects) ?? file.DefaultProject;
        if (project is null)
        {
            table.Missing("project", "write the name of a project, here or as 'default_project' at the top of the file");
        }

        return project ?? "";
    }

    private string ReadEngine(ConfigTable table, string project)
    {
        var engine = ConfigFileReader.Reference(table, "engine", "engine", file.Engines);
        if (engine is not null)
        {
            return engine;
        }

        if (file.Projects.TryGetValue(project, out var config))
        {
            engine = config.DefaultEngine;
        }

        engine ??= file.DefaultEngine;
        if (engine is null)
        {
            table.Missing("engine", "write the name of an engine, here or as 'default_engine' of the project or at the top of the file");
        }

        return engine ?? "";
    }

    private static string? ReadTimezone(ConfigTable table, string key)
    {
        if (table.Text(key) is not { } name)
        {
            return null;
        }

        if (TimezoneNames.Check(name) is { } problem)
        {
            table.Wrong(key, $"is '{name}', which {problem}");
        }

        return name;
    }

    private static string Required(ConfigTable table, string key, string allowed)
    {
        if (!table.Has(key))
        {
            table.Missing(key, allowed);
        }

        return table.Text(key) ?? "";
    }
}
