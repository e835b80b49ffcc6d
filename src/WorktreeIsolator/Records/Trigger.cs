using System.Text.Json.Serialization;

namespace WorktreeIsolator.Records;

/// <summary>What started a run.</summary>
public enum TriggerKind
{
    /// <summary>A person, now.</summary>
    [JsonStringEnumMemberName("user")]
    User,

    /// <summary>A schedule: the host's, a crontab's or a timer's.</summary>
    [JsonStringEnumMemberName("cron")]
    Cron,

    /// <summary>An HTTP request.</summary>
    [JsonStringEnumMemberName("webhook")]
    Webhook,
}

/// <summary>What started a run, and which one of its kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Id">The cron's or webhook's id; null if none was given.</param>
public sealed record Trigger(TriggerKind Kind, string? Id = null)
{
    /// <summary><c>cron:nightly</c>, or <c>user</c> alone.</summary>
    public override string ToString()
    {
        var kind = Kind switch { TriggerKind.Cron => "cron", TriggerKind.Webhook => "webhook", _ => "user" };
        return Id is null ? kind : $"{kind}:{Id}";
    }
}
