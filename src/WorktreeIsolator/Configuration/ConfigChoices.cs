using System.Diagnostics.CodeAnalysis;

namespace WorktreeIsolator.Configuration;

/// <summary>Whether the remote is fetched before a worktree is made.</summary>
public enum FetchMode
{
    /// <summary>If there is a remote; a failure is a warning.</summary>
    Auto,

    /// <summary>Always; a failure fails the run.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}

/// <summary>Whether the repository's own hooks run in the git steps of wt-run.</summary>
public enum HookMode
{
    /// <summary>They run.</summary>
    Run,

    /// <summary>They do not run.</summary>
    Skip,
}

/// <summary>What becomes of changes that an engine leaves uncommitted.</summary>
public enum UncommittedWork
{
    /// <summary>They are committed to the run branch and land with it.</summary>
    Commit,

    /// <summary>They are kept in a rescue ref and do not land.</summary>
    Rescue,
}

/// <summary>What becomes of a run's commits.</summary>
public enum MergeBackPolicy
{
    /// <summary>They land on the target branch.</summary>
    Merge,

    /// <summary>They are pushed.</summary>
    Push,

    /// <summary>They stay on the run branch.</summary>
    Branch,

    /// <summary>Nothing is done with them, but they are kept from being lost.</summary>
    None,
}

/// <summary>How a run's commits get onto the target branch.</summary>
public enum MergeStyle
{
    /// <summary>Fast-forward if possible, else a merge commit.</summary>
    Merge,

    /// <summary>Fast-forward only; written <c>ff</c>.</summary>
    FastForward,

    /// <summary>One commit with all changes.</summary>
    Squash,

    /// <summary>The commits again on top of the target.</summary>
    Rebase,
}

/// <summary>What happens to firings that were missed while the host was down.</summary>
public enum MisfirePolicy
{
    /// <summary>The latest one is made up for, once.</summary>
    Latest,

    /// <summary>None is made up for.</summary>
    Skip,
}

/// <summary>What a run does when it would have to wait.</summary>
public enum BusyPolicy
{
    /// <summary>It waits.</summary>
    Wait,

    /// <summary>It ends without having started.</summary>
    Skip,
}

/// <summary>How a webhook's request proves where it comes from.</summary>
public enum WebhookAuth
{
    /// <summary>The secret in the <c>Authorization</c> header.</summary>
    Bearer,

    /// <summary>An HMAC with SHA-256 over the raw body; written <c>hmac-sha256</c>.</summary>
    HmacSha256,

    /// <summary>The Standard Webhooks headers; written <c>standard-webhooks</c>.</summary>
    StandardWebhooks,

    /// <summary>No proof; only where the host listens on loopback.</summary>
    None,
}

/// <summary>The words by which the values of an enumeration are written in the file and on the command line.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
public sealed class ConfigChoice<T>
    where T : struct, Enum
{
    private readonly string[] _words;
    private readonly T[] _values;

    // Two arrays rather than pairs: a generic instance over pairs would be compiled anew at every start.
    internal ConfigChoice(string[] words, T[] values)
    {
        _words = words;
        _values = values;
    }

    /// <summary>The allowed words.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>The value that a word stands for.</summary>
    /// <param name="word">The word, exactly as allowed.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether the word is allowed.</returns>
    public bool TryParse([NotNullWhen(true)] string? word, out T value)
    {
        var index = Array.IndexOf(_words, word);
        value = index < 0 ? default : _values[index];
        return index >= 0;
    }

    /// <summary>The word for a value.</summary>
    /// <param name="value">The value, one that has a name.</param>
    public string WordFor(T value)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            if (_values[i].Equals(value))
            {
                return _words[i];
            }
        }

        throw new ArgumentOutOfRangeException(nameof(value), value, "The value has no name.");
    }
}

/// <summary>All words that the file allows, one set for each key.</summary>
public static class ConfigChoices
{
    private static readonly string[] s_notifyEvents =
        ["succeeded", "failed", "needs_merge", "skipped", "cancelled", "timed_out", "interrupted"];

    /// <summary>The words of <c>fetch</c>.</summary>
    public static ConfigChoice<FetchMode> Fetch { get; } = new(
        ["auto", "always", "never"],
        [FetchMode.Auto, FetchMode.Always, FetchMode.Never]);

    /// <summary>The words of <c>hooks</c>.</summary>
    public static ConfigChoice<HookMode> Hooks { get; } = new(
        ["run", "skip"],
        [HookMode.Run, HookMode.Skip]);

    /// <summary>The words of <c>uncommitted</c>.</summary>
    public static ConfigChoice<UncommittedWork> Uncommitted { get; } = new(
        ["commit", "rescue"],
        [UncommittedWork.Commit, UncommittedWork.Rescue]);

    /// <summary>The words of <c>merge_back</c>.</summary>
    public static ConfigChoice<MergeBackPolicy> MergeBack { get; } = new(
        ["merge", "push", "branch", "none"],
        [MergeBackPolicy.Merge, MergeBackPolicy.Push, MergeBackPolicy.Branch, MergeBackPolicy.None]);

    /// <summary>The words of <c>merge_style</c>.</summary>
    public static ConfigChoice<MergeStyle> MergeStyle { get; } = new(
        ["merge", "ff", "squash", "rebase"],
        [Configuration.MergeStyle.Merge, Configuration.MergeStyle.FastForward, Configuration.MergeStyle.Squash, Configuration.MergeStyle.Rebase]);

    /// <summary>The words of <c>misfire</c>.</summary>
    public static ConfigChoice<MisfirePolicy> Misfire { get; } = new(
        ["latest", "skip"],
        [MisfirePolicy.Latest, MisfirePolicy.Skip]);

    /// <summary>The words of <c>if_busy</c>.</summary>
    public static ConfigChoice<BusyPolicy> IfBusy { get; } = new(
        ["wait", "skip"],
        [BusyPolicy.Wait, BusyPolicy.Skip]);

    /// <summary>The words of <c>auth</c>.</summary>
    public static ConfigChoice<WebhookAuth> Auth { get; } = new(
        ["bearer", "hmac-sha256", "standard-webhooks", "none"],
        [WebhookAuth.Bearer, WebhookAuth.HmacSha256, WebhookAuth.StandardWebhooks, WebhookAuth.None]);

    /// <summary>The words of <c>events</c> in <c>[[notify]]</c>: the final states of a run.</summary>
    public static IReadOnlyList<string> NotifyEvents => s_notifyEvents;

    internal static bool IsNotifyEvent(string word) => Array.IndexOf(s_notifyEvents, word) >= 0;
}
