using WorktreeIsolator.Records;

namespace WorktreeIsolator.Isolation;

/// <summary>What the decision depends on, and nothing else.</summary>
public sealed record IsolationQuestion
{
    /// <summary>What started the run.</summary>
    public required TriggerKind Trigger { get; init; }

    /// <summary><c>--worktree</c> (true) or <c>--no-worktree</c> (false); null if neither was given.</summary>
    public bool? Flag { get; init; }

    /// <summary>The trigger's own <c>worktree</c> key; null if it has none.</summary>
    public bool? TriggerSetting { get; init; }

    /// <summary>The session asked for; null if none.</summary>
    public string? Session { get; init; }

    /// <summary>The project's <c>trigger_worktree</c>.</summary>
    public bool TriggerWorktree { get; init; }

    /// <summary>The project's <c>user_worktree</c>.</summary>
    public bool UserWorktree { get; init; }

    /// <summary>Whether the project lies in a git repository.</summary>
    public bool IsGit { get; init; }
}

/// <summary>Decides where a run runs. Pure: the same question has the same answer.</summary>
public static class IsolationDecider
{
    /// <summary>A flag wins; then the trigger's own setting; then the project's; else in place. A session always means a worktree.</summary>
    public static IsolationDecision Decide(IsolationQuestion question)
    {
        var wanted = Wanted(question);
        return wanted is UseWorktree && !question.IsGit
            ? new Refuse(
                $"A worktree was wanted ({wanted.Reason}), but the project's directory is in no git repository.",
                question.Session is null ? "Run it in place with --no-worktree, or make it a repository: git init." : "Leave out --session, or make it a repository: git init.")
            : wanted;
    }

    private static IsolationDecision Wanted(IsolationQuestion question)
    {
        if (question.Session is { } session)
        {
            return question.Flag == false
                ? new Refuse($"--session {session} always means a worktree, and --no-worktree forbids it.", "Leave one of the two out.")
                : new UseWorktree("--session");
        }

        if (question.Flag is { } flag)
        {
            return flag ? new UseWorktree("--worktree") : new RunInPlace("--no-worktree");
        }

        if (question.TriggerSetting is { } setting)
        {
            return setting ? new UseWorktree("the trigger's worktree = true") : new RunInPlace("the trigger's worktree = false");
        }

        if (question.Trigger == TriggerKind.User)
        {
            return question.UserWorktree ? new UseWorktree("user_worktree = true") : new RunInPlace("user_worktree = false");
        }

        var kind = question.Trigger == TriggerKind.Cron ? "cron" : "webhook";
        return question.TriggerWorktree
            ? new UseWorktree($"trigger_worktree = true, and this is a {kind} run")
            : new RunInPlace($"trigger_worktree = false, and this is a {kind} run");
    }
}
