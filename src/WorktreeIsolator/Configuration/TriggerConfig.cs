namespace WorktreeIsolator.Configuration;

/// <summary>What starts runs by itself: <c>[triggers]</c>.</summary>
public sealed record TriggerConfig
{
    /// <summary>Whether <c>wt-run serve</c> fires cron entries and listens for webhooks.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The time zone of cron entries that name none, as an IANA name; null for the machine's own.</summary>
    public string? DefaultTimezone { get; init; }

    /// <summary>Where the host listens.</summary>
    public ServerConfig Server { get; init; } = new();

    /// <summary>Cron entries, in the order of the file.</summary>
    public IReadOnlyList<CronConfig> Crons { get; init; } = [];

    /// <summary>Webhooks, in the order of the file.</summary>
    public IReadOnlyList<WebhookConfig> Webhooks { get; init; } = [];
}

/// <summary>Where <c>wt-run serve</c> listens: <c>[triggers.server]</c>.</summary>
public sealed record ServerConfig
{
    /// <summary>The address or name to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port to listen on, 0 to 65535; 0 lets the system choose one.</summary>
    public int Port { get; init; } = 9876;

    /// <summary>Further values of the <c>Host</c> header that are accepted.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>How many requests a webhook takes per minute; at least 1.</summary>
    public int RateLimit { get; init; } = 60;

    /// <summary>The largest request body in bytes; at least 1.</summary>
    public long MaxBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>Whether <see cref="Host"/> can be reached from this machine only.</summary>
    public bool IsLoopback => Hosts.IsLoopback(Host);
}

/// <summary>A run by the clock: <c>[[triggers.crons]]</c>.</summary>
public sealed record CronConfig
{
    /// <summary>The trigger's name, unique among cron entries and webhooks.</summary>
    public required string Id { get; init; }

    /// <summary>When it fires: five fields, as <see cref="CronExpression.Check"/> accepts them.</summary>
    public required string Schedule { get; init; }

    /// <summary>The time zone of <see cref="Schedule"/>; null for <see cref="TriggerConfig.DefaultTimezone"/>.</summary>
    public string? Timezone { get; init; }

    /// <summary>The project to run in: the trigger's own, else the file's default.</summary>
    public required string Project { get; init; }

    /// <summary>The engine to run: the trigger's own, else the project's, else the file's default.</summary>
    public required string Engine { get; init; }

    /// <summary>The prompt; null for none.</summary>
    public string? Prompt { get; init; }

    /// <summary>Whether the run gets a worktree; null for what the project says.</summary>
    public bool? Worktree { get; init; }

    /// <summary>Whether the entry is spent by its first run.</summary>
    public bool RunOnce { get; init; }

    /// <summary>What happens to firings that were missed while the host was down.</summary>
    public MisfirePolicy Misfire { get; init; } = MisfirePolicy.Latest;

    /// <summary>What a run does when it would have to wait.</summary>
    public BusyPolicy IfBusy { get; init; } = BusyPolicy.Wait;
}

/// <summary>A run by an HTTP request: <c>[[triggers.webhooks]]</c>.</summary>
public sealed record WebhookConfig
{
    /// <summary>The trigger's name, unique among cron entries and webhooks.</summary>
    public required string Id { get; init; }

    /// <summary>The path of the request; begins with a slash, unique among webhooks.</summary>
    public required string Path { get; init; }

    /// <summary>How a request proves where it comes from.</summary>
    public WebhookAuth Auth { get; init; } = WebhookAuth.Bearer;

    /// <summary>The secret that stands in the file; null if it comes from <see cref="SecretEnv"/>.</summary>
    public SecretText? Secret { get; init; }

    /// <summary>The environment variables that hold the secret; several while it is being changed.</summary>
    public IReadOnlyList<string> SecretEnv { get; init; } = [];

    /// <summary>The only event that starts a run; null for every event.</summary>
    public string? EventFilter { get; init; }

    /// <summary>The project to run in: the trigger's own, else the file's default.</summary>
    public required string Project { get; init; }

    /// <summary>The engine to run: the trigger's own, else the project's, else the file's default.</summary>
    public required string Engine { get; init; }

    /// <summary>The prompt, with <c>{{name}}</c> for fields of the payload; null for none.</summary>
    public string? PromptTemplate { get; init; }

    /// <summary>Whether the run gets a worktree; null for what the project says.</summary>
    public bool? Worktree { get; init; }

    /// <summary>What a run does when it would have to wait.</summary>
    public BusyPolicy IfBusy { get; init; } = BusyPolicy.Wait;
}

/// <summary>A secret as it stands in the file. It has no readable property and writes nothing of itself, so that no log can hold it.</summary>
public sealed record SecretText
{
    private readonly string _text;

    /// <summary>Wraps a secret.</summary>
    /// <param name="text">The secret.</param>
    public SecretText(string text)
    {
        _text = text;
    }

    /// <summary>The secret itself, for comparing signatures only.</summary>
    public string Reveal() => _text;

    /// <summary>Never the secret.</summary>
    public override string ToString() => "(secret)";
}
