using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;

namespace WorktreeIsolator.MergeBack;

/// <summary>
/// A fast-forward of a user's checkout during which the run's own process died. git has a session of its own and goes on without it, so mostly there
/// is nothing to do but wait; if git died as well, the checkout is brought back to what it was.
/// </summary>
/// <param name="Path">The top of the checkout.</param>
/// <param name="Target">The branch that was checked out there.</param>
/// <param name="Old">Where it was.</param>
/// <param name="New">Where it was to go.</param>
internal sealed record BrokenLanding(string Path, BranchName Target, CommitId Old, CommitId New)
{
    private const string Prefix = "merge --ff-only in ";

    // A big checkout takes longer than this; then the next command looks again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What a landing notes before it begins; <see cref="LastOf"/> reads it.</summary>
    public override string ToString() => $"{Prefix}{Path}: {Target.Ref} {Old} {New}";

    /// <summary>What the last of a run's landings was about to do; null if there was none, or it touched no checkout.</summary>
    /// <param name="notes">What its landings have noted, in order.</param>
    public static BrokenLanding? LastOf(IReadOnlyList<string> notes) => notes is [.., var last] ? TryParse(last) : null;

    private static BrokenLanding? TryParse(string note)
    {
        const string heads = "refs/heads/";
        return note.StartsWith(Prefix, StringComparison.Ordinal) && note.Split(' ') is [.., var target, var before, var after]
            && target.StartsWith(heads, StringComparison.Ordinal) && BranchName.TryParse(target[heads.Length..]) is { } branch
            && CommitId.TryParse(before) is { } old && CommitId.TryParse(after) is { } commit
            && note.LastIndexOf($": {target} ", StringComparison.Ordinal) is var end and > 0
            ? new BrokenLanding(note[Prefix.Length..end], branch, old, commit)
            : null;
    }

    /// <summary>Waits for git, and takes back what it left unfinished. The user's own changes stay.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="runId">The run that landed.</param>
    /// <param name="began">When that run began: locks that are older are not its.</param>
    /// <returns>False if something is left that a person has to look at.</returns>
    /// <exception cref="WorktreeIsolatorException">git is still at work, or a run is at work there: someone has to try again.</exception>
    public bool Heal(Repository repository, string runId, DateTimeOffset began)
    {
        var entry = WorktreeList.Read(repository).FirstOrDefault(e => e.Path == Path && e.BranchRef == Target.Ref);
        var gitDirectory = entry is null ? null : Path == repository.MainTop ? repository.CommonDirectory : GitFile.ReadAdminDirectory(Path);
        if (gitDirectory is null)
        {
            return true; // moved on by its user
        }

        var repair = new CheckoutRepair(GitAt(repository, Path, gitDirectory), Path, Mark(runId));
        AwaitGit(repository, runId);
        using var turn = DirectoryTurn.Take(
            DirectoryTurn.PathFor(repository.StateDirectory, gitDirectory), shared: false, $"recovery of run {runId}, pid {Environment.ProcessId}", Patience, CancellationToken.None)
            ?? throw new WorktreeIsolatorException(FailureKind.Lock, $"A run is at work in '{Path}', where its landing broke off.");
        RemoveLocks(repository, Path, gitDirectory, Target, began);
        if (Tip(repository) != Old || OperationInProgress.In(gitDirectory) is not null)
        {
            return true; // it has landed, or its user has moved on
        }

        return repair.TakeBack(Old, New, "");
    }

    /// <summary>What the fast-forward of a run writes into the reflog, and has in its environment.</summary>
    public static string Mark(string runId) => $"wt-run {runId}: land";

    /// <summary>git for a checkout.</summary>
    public static GitCommand GitAt(Repository repository, string path, string gitDirectory) => gitDirectory == repository.CommonDirectory
        ? GitCommand.In(path, repository.Git.Environment)
        : GitCommand.In(path, repository.Git.Environment).ForWorktree(gitDirectory, path);

    /// <summary>The locks that git takes to move a branch that is checked out.</summary>
    public static IReadOnlyList<string> Locks(Repository repository, string gitDirectory, BranchName target) =>
        [.. LeftLock.OfCheckout(gitDirectory), System.IO.Path.Combine(repository.CommonDirectory, target.Ref + ".lock")];

    /// <summary>Removes the locks that a git of ours has left that was killed: every command of the user's would fail.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="path">The checkout.</param>
    /// <param name="gitDirectory">Its own git directory.</param>
    /// <param name="target">The branch.</param>
    /// <param name="began">When that git cannot yet have been at work: locks that are older are not its.</param>
    public static void RemoveLocks(Repository repository, string path, string gitDirectory, BranchName target, DateTimeOffset began)
    {
        LeftLock.RemoveOfCheckout(repository, began, path, gitDirectory);
        LeftLock.Remove(repository, began, target.Ref);
    }

    private CommitId? Tip(Repository repository) =>
        CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", Target.Ref]).Output);

    private void AwaitGit(Repository repository, string runId)
    {
        var variable = System.Text.Encoding.UTF8.GetBytes($"GIT_REFLOG_ACTION={Mark(runId)}");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Tip(repository) == Old && ProcessEntry.ReadAll().Values.FirstOrDefault(p => p.IsRunning && p.HasVariable(variable)) is { } git)
        {
            if (clock.Elapsed > Patience)
            {
                throw new WorktreeIsolatorException(FailureKind.Git, $"git is still moving '{Target}' forward in '{Path}' (pid {git.Pid}).");
            }

            Waiting.Pause(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        }
    }
}
