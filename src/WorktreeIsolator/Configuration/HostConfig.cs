namespace WorktreeIsolator.Configuration;

/// <summary>Someone to tell about results: <c>[[notify]]</c>. Exactly one of <see cref="Command"/> and <see cref="Url"/> is set.</summary>
public sealed record NotifyConfig
{
    /// <summary>The final states that are told, one of <see cref="ConfigChoices.NotifyEvents"/> each; at least one.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>The program and its arguments that get the record as JSON on standard input; empty if <see cref="Url"/> is set.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Where the record is posted as JSON (http or https); may hold a token, so it belongs in no message. Null if <see cref="Command"/> is set.</summary>
    public Uri? Url { get; init; }
}

/// <summary>What <c>wt-run prune</c> leaves: <c>[retention]</c>.</summary>
public sealed record RetentionConfig
{
    /// <summary>How long the record of a run is kept; more than zero.</summary>
    public TimeSpan Records { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How many of the latest records of a project are kept however old they are.</summary>
    public int KeepLast { get; init; } = 200;

    /// <summary>How long a session stays that nobody uses; more than zero.</summary>
    public TimeSpan Sessions { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long rescued work is kept; more than zero.</summary>
    public TimeSpan RescueRefs { get; init; } = TimeSpan.FromDays(90);
}

/// <summary>The limits of <c>wt-run serve</c>: <c>[host]</c>.</summary>
public sealed record HostConfig
{
    /// <summary>How many accepted runs may wait; further ones are refused. At least 1.</summary>
    public int Backlog { get; init; } = 1000;

    /// <summary>How many waiting runs have a process of their own; the rest waits as records. At least 1.</summary>
    public int WaitingSupervisors { get; init; } = 16;
}
