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
}
