using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The worktree of a run that is over, before it is landed or dropped: it is taken away then, so nobody may be at work in it.</summary>
internal static class WorktreeAtRest
{
    private static readonly string[] GitLocks = ["index.lock", "HEAD.lock"];

    /// <summary>Finds it, with nobody at work in it, nor a git command.</summary>
    /// <param name="plan">The run's plan.</param>
    /// <param name="record">The run.</param>
    /// <param name="what">What is to be done: <c>landed</c>, <c>dropped</c>.</param>
    /// <exception cref="WorktreeIsolatorException">It is another one than was made, or someone is at work in it.</exception>
    public static RegisteredWorktree Find(WorktreePlan plan, RunRecord record, string what)
    {
        var path = record.Worktree!;
        var found = RegisteredWorktree.TryFind(path, plan.Branch, plan.Base.Commit)
            ?? throw Cannot(
                record,
                what,
                $"'{path}' is not the worktree that was made for it: {StrayWorktree.IsReplaced}",
                StrayWorktree.AfterReplacing(path, record));
        RequireNobody(found, plan, record, what);
        foreach (var file in GitLocks.Select(name => Path.Combine(found.AdminDirectory, name)).Where(File.Exists))
        {
            throw Cannot(record, what, $"a git command is at work in its worktree: '{file}' exists", $"If none is: rm {ShellWords.Quoted(file)}");
        }

        return found;
    }

    /// <summary>Makes sure that nobody's current directory is there. A landing that was killed may have left a lock of git's, and is made up for.</summary>
    /// <param name="found">The worktree.</param>
    /// <param name="plan">The run's plan.</param>
    /// <param name="record">The run.</param>
    /// <param name="what">What is to be done.</param>
    /// <exception cref="WorktreeIsolatorException">Someone is.</exception>
    public static void RequireNobody(RegisteredWorktree found, WorktreePlan plan, RunRecord record, string what)
    {
        if (ProcessesInDirectory.Find(found.Path) is { Count: > 0 } busy)
        {
            throw Cannot(
                record,
                what,
                $"someone is at work in its worktree '{found.Path}': {string.Join(", ", busy)}",
                $"Let them leave that directory first; if it is you:\ncd {ShellWords.Quoted(plan.Repository.MainTop ?? plan.Repository.WorktreesBase)}");
        }
    }

    /// <summary>Why it cannot be landed or dropped while someone has its liveness lock.</summary>
    /// <param name="record">The run, as it is now.</param>
    /// <param name="what">What was to be done.</param>
    public static WorktreeIsolatorException InOtherHands(RunRecord record, string what) => record.State.IsFinal()
        ? Cannot(record, what, "someone else is just landing or dropping it")
        : Cannot(record, what, $"it {(record.State is RunState.Accepted or RunState.Queued ? "waits to begin" : "is still under way")}", $"Let it end, or stop it: wt-run cancel {record.Id[..8]}");

    /// <summary>Why it cannot be landed or dropped before it was brought to its end.</summary>
    /// <param name="record">The run.</param>
    /// <param name="what">What was to be done.</param>
    /// <param name="environment">The caller's variables.</param>
    public static WorktreeIsolatorException Died(RunRecord record, string what, IReadOnlyDictionary<string, string> environment)
    {
        var (why, help) = DeadRun.Explain(record, environment);
        return Cannot(record, what, $"it is not over. {why}", help);
    }

    /// <summary>Why a run, or the session of which it is the last one, stays as it is.</summary>
    /// <param name="record">The run.</param>
    /// <param name="what">What was to be done.</param>
    /// <param name="why">A clause.</param>
    /// <param name="hint">What helps.</param>
    public static WorktreeIsolatorException Cannot(RunRecord record, string what, string why, string? hint = null) => new(
        FailureKind.Usage, $"{(record.Session is { } name ? $"Session '{name}'" : $"Run {record.Id}")} cannot be {what}: {why.TrimEnd('.')}.", hint);
}
