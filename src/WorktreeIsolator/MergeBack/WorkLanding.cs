using System.Diagnostics;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>What became of a run's work.</summary>
/// <param name="Result">For the record.</param>
/// <param name="Commit">The commit that landed, was pushed or is kept.</param>
/// <param name="Conflicts">Paths that conflict.</param>
/// <param name="Message">What a person should know; null if all went as configured.</param>
/// <param name="Hint">What a person can do; null if nothing is to be done.</param>
internal sealed record WorkOutcome(
    MergeBackResult Result, CommitId? Commit, IReadOnlyList<string>? Conflicts = null, string? Message = null, string? Hint = null)
{
    /// <summary>The run's state if the delivery was broken off: cancelled, or failed; null if it came to its end.</summary>
    public RunState? BrokenOff { get; init; }

    /// <summary>The same, with something that a person should know and can do; null if there is nothing.</summary>
    public WorkOutcome With((string Message, string Hint)? trouble) =>
        trouble is { } some ? this with { Message = some.Message, Hint = some.Hint } : this;

    /// <summary>Whether the work is where the configuration wants it.</summary>
    public bool IsDone => BrokenOff is null && Result is MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing or MergeBackResult.Kept;
}

/// <summary>
/// Lands a commit on a branch: one run after another for each target, each merged with the tip that it finds, verified on exactly what
/// lands, and again from the start if the target moved in between.
/// </summary>
/// <param name="repository">The repository.</param>
/// <param name="project">The project.</param>
/// <param name="runId">The run.</param>
/// <param name="branch">The run branch.</param>
/// <param name="baseCommit">What the run began from.</param>
/// <param name="keptAt">The run's worktree if it stays in any case; null if it goes once the work is safe.</param>
/// <param name="merge">Makes what lands.</param>
/// <param name="verify">Whether a commit may land; null if the project verifies nothing.</param>
/// <param name="step">Is told what is being waited for.</param>
internal sealed class WorkLanding(
    Repository repository,
    ProjectConfig project,
    string runId,
    BranchName branch,
    CommitId baseCommit,
    string? keptAt,
    Merge merge,
    Func<CommitId, bool?> verify,
    Action<string> step)
{
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _waits = new();
    private bool _isHeld;
    private string? _waitsFor;

    private string MergeRef => MergeRefOf(runId);

    /// <summary>The ref that holds a run's merge until it has landed.</summary>
    public static string MergeRefOf(string runId) => $"refs/wt-run-merge/{runId}";

    /// <summary>Lands, or says why a person is needed.</summary>
    /// <param name="target">The branch.</param>
    /// <param name="tip">Tip of the run's work.</param>
    /// <param name="message">For a merge commit.</param>
    /// <param name="cancellation">Ends waiting, and a push; never a landing under way.</param>
    public WorkOutcome Land(LandingPlace target, CommitId tip, string message, CancellationToken cancellation)
    {
        using var targetLock = TakeTargetLock(target, cancellation);
        if (targetLock is null)
        {
            return Busy(target, tip, $"another landing on it: {LockHolder.Describe(TargetLockPath(target))}");
        }

        try
        {
            return LandLocked(target, tip, message, cancellation);
        }
        finally
        {
            Release();
        }
    }

    private WorkOutcome LandLocked(LandingPlace target, CommitId tip, string message, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        CommitId? merged = null;
        CommitId? mergedInto = null;
        TargetMoved? moved = null;
        for (var (tries, look) = (0, Stopwatch.StartNew()); ; look.Restart())
        {
            var found = target.Find(cancellation);
            if (found is LandingRefused unseen)
            {
                return Refused(target, tip, unseen);
            }

            var old = ((TargetFound)found).Tip;
            if (target.LandedBefore is { } landed)
            {
                return new WorkOutcome(target.Done, landed);
            }

            if (merged is null || old != mergedInto)
            {
                if (tries++ == target.Tries)
                {
                    return Moved(target, tip, moved?.Why);
                }

                var outcome = merge.Compute(old, tip, project.MergeStyle, message);
                if (outcome is not Mergeable mergeable)
                {
                    return CannotMerge(outcome, target, tip);
                }

                (merged, mergedInto) = (mergeable.Commit, old);
                Hold(mergeable);
                switch (verify(mergeable.Commit))
                {
                    case false:
                        return VerifyFailed(target, tip);
                    case true:
                        // That took its time: who has the target now, and where is it?
                        continue;
                }
            }

            switch (target.Try(merged.Value, cancellation))
            {
                case HasLanded:
                    return new WorkOutcome(target.Done, merged);
                case TargetInUse busy when clock.Elapsed >= project.LandWait:
                    return Busy(target, tip, busy.By);
                case TargetInUse busy:
                    Wait(target, busy, look.Elapsed, project.LandWait - clock.Elapsed, cancellation);
                    break;
                case LandingRefused refused:
                    return Refused(target, tip, refused);
                case TargetMoved where:
                    (merged, moved) = (null, where);
                    break;
            }
        }
    }

    /// <summary>Tells only what is new: the wait may be long, and someone may read it in a mail.</summary>
    private void Wait(LandingPlace target, TargetInUse busy, TimeSpan look, TimeSpan most, CancellationToken cancellation)
    {
        if (busy.By != _waitsFor)
        {
            _waitsFor = busy.By;
            step($"waiting to land on '{target.Name}' until it is free: {busy.By}");
        }

        // A whole look asks git and may read about every process, but git itself is in the way for milliseconds only. That a run has given its turn
        // back is seen by its lock.
        _waits.Start();
        var pause = TimeSpan.FromTicks(Math.Min(Math.Min(Waiting.PauseAfter(look).Ticks, most.Ticks), (FirstPause + (_waits.Elapsed / 4)).Ticks));
        if (busy.Turn is { } turn)
        {
            using var free = FileLock.Acquire(turn, pause, LockPause, cancellation: cancellation);
        }
        else if (pause > TimeSpan.Zero)
        {
            Waiting.Pause(pause, cancellation);
        }
    }

    /// <summary>Nothing else reaches a new merge commit until it lands; a foreign <c>gc --prune=now</c> would take it.</summary>
    private void Hold(Mergeable mergeable)
    {
        if (mergeable.IsNew)
        {
            _isHeld = true;
            repository.SetRef(MergeRef, mergeable.Commit, runId);
        }
    }

    private void Release()
    {
        if (_isHeld)
        {
            _isHeld = false;
            _ = repository.DeleteRef(MergeRef, null, runId);
        }
    }

    private WorkOutcome CannotMerge(MergeOutcome outcome, LandingPlace target, CommitId tip)
    {
        var git = keptAt is null ? "git" : $"git -C {ShellWords.Quoted(keptAt)}";
        var (ours, theirs) = (ShellWords.Quoted(branch.Value), ShellWords.Quoted(target.Name));
        var mergeIt = $"Merge '{target.Name}' into the run's branch, resolve, commit:\n{git} switch {ours} && {git} merge {theirs}\nThen: wt-run land {runId}";
        var rebaseIt = $"Rebase the run's branch onto '{target.Name}', resolve what conflicts:\n{git} rebase {theirs} {ours}\nThen: wt-run land {runId}";
        return outcome switch
        {
            // Someone merged or pushed it by hand.
            NothingToMerge { IsMerged: true } when !repository.IsAncestor(tip, baseCommit.ToString()) =>
                new WorkOutcome(target.Done, tip, Message: $"All of it was on '{target.Name}' already."),
            NothingToMerge { IsMerged: false } => new WorkOutcome(MergeBackResult.Nothing, null, Message: $"All that it changes is on '{target.Name}' already."),
            NothingToMerge => new WorkOutcome(MergeBackResult.Nothing, null),
            MergeConflict conflict => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                conflict.Paths,
                $"The work conflicts with '{target.Name}' in {string.Join(", ", conflict.Paths)}.",
                project.MergeStyle == MergeStyle.Rebase ? rebaseIt : mergeIt),
            UnrelatedHistories => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                Message: $"The work has no commit in common with '{target.Name}', so it cannot be merged.",
                Hint: $"If it belongs there: {git} switch {ours} && {git} merge --allow-unrelated-histories {theirs}\nThen: wt-run land {runId}"),
            MergesLost lost => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                lost.Paths,
                $"The work holds merges of its own, and put on top of '{target.Name}' without them (merge_style = \"rebase\") it would differ in {string.Join(", ", lost.Paths)}.",
                mergeIt),
            _ => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                Message: $"'{target.Name}' has moved on since the run began, and merge_style = \"ff\" allows no merge.",
                Hint: rebaseIt),
        };
    }

    private WorkOutcome VerifyFailed(LandingPlace target, CommitId tip) => new(
        MergeBackResult.VerifyFailed,
        tip,
        Message: $"Not landed on '{target.Name}': the verify command failed on what would have landed.",
        Hint: $"Its output: wt-run logs {runId}. After a fix on the run's branch: wt-run land {runId}");

    private WorkOutcome Refused(LandingPlace target, CommitId tip, LandingRefused refused) =>
        new(refused.Result, tip, Message: $"Not landed on '{target.Name}'. {refused.Why}", Hint: $"{refused.Hint} Then: wt-run land {runId}");

    private WorkOutcome Moved(LandingPlace target, CommitId tip, string? why)
    {
        var moved = $"it moved {target.Tries} times while the work was being merged";
        return why is null
            ? Busy(target, tip, moved)
            : new WorkOutcome(
                MergeBackResult.Rejected, tip, Message: $"Not landed on '{target.Name}': {moved}. git said:\n{why}", Hint: $"When it is quieter there: wt-run land {runId}");
    }

    private WorkOutcome Busy(LandingPlace target, CommitId tip, string by) => new(
        MergeBackResult.TargetBusy,
        tip,
        Message: project.LandWait > TimeSpan.Zero
            ? $"'{target.Name}' was not free within {project.LandWait.TotalSeconds:0} s (land_wait): {by}."
            : $"'{target.Name}' is not free: {by}.",
        Hint: $"When it is free: wt-run land {runId}");

    private FileLock? TakeTargetLock(LandingPlace target, CancellationToken cancellation)
    {
        var path = TargetLockPath(target);
        Sharing.CreateDirectory(Path.GetDirectoryName(path)!);
        var taken = FileLock.TryAcquire(path);
        if (taken is null)
        {
            step($"waiting for another landing on '{target.Name}'");
            taken = FileLock.Acquire(path, project.LandWait, LockPause, cancellation: cancellation);
        }

        taken?.Describe($"landing of run {runId}, pid {Environment.ProcessId}");
        return taken;
    }

    private string TargetLockPath(LandingPlace target) =>
        Path.Combine(repository.StateDirectory, "targets", Uri.EscapeDataString(target.LockName) + ".lock");
}
