using WorktreeIsolator.Configuration;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>What the configuration says of the cron or webhook that a run is of; it holds for what the command line leaves out.</summary>
internal sealed record TriggerSettings(string Project, string Engine, string? Prompt, bool? Worktree, BusyPolicy IfBusy)
{
    /// <summary>Finds it; null if the trigger is none that the file knows, as with a line of a crontab that has a name of its own.</summary>
    public static TriggerSettings? Find(ConfigFile config, Trigger trigger) => trigger.Kind switch
    {
        TriggerKind.Cron when config.Triggers.Crons.FirstOrDefault(c => c.Id == trigger.Id) is { } cron =>
            new(cron.Project, cron.Engine, cron.Prompt, cron.Worktree, cron.IfBusy),
        TriggerKind.Webhook when config.Triggers.Webhooks.FirstOrDefault(w => w.Id == trigger.Id) is { } webhook =>
            new(webhook.Project, webhook.Engine, null, webhook.Worktree, webhook.IfBusy),
        _ => null,
    };

    /// <summary>A sentence if the trigger's id looks like a misspelt one: its settings would be missed without a word.</summary>
    public static string? Doubt(ConfigFile config, Trigger trigger)
    {
        var known = trigger.Kind switch
        {
            TriggerKind.Cron => config.Triggers.Crons.Select(cron => cron.Id),
            TriggerKind.Webhook => config.Triggers.Webhooks.Select(webhook => webhook.Id),
            _ => [],
        };
        return trigger.Id is { } id && !known.Contains(id) && Suggestion.For(id, known) is { } meant
            ? $"The configuration has no trigger '{id}'; did you mean '{meant}'? The settings of none are used."
            : null;
    }
}
