using System.Diagnostics;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
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

    /// <summary>Whether the work is where the configuration wants it.</summary>
    public bool IsDone => BrokenOff is null && Result is MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing or MergeBackResult.Kept;
}

/// <summary>
/// Lands a commit on a local branch: one run after another for each target, each merged with the tip that it finds, verified on exactly what
/// lands, and again from the start if the target moved in between.
/// </summary>
internal sealed class WorkLanding(
    Repository repository, ProjectConfig project, string runId, Merge merge, Landing landing, Func<CommitId, bool?> verify, Action<string> step)
{
    /// <summary>A target that someone moves all the time must not keep a run busy for ever.</summary>
    private const int Tries = 10;

    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(100);

    private bool _isHeld;
    private string? _waitsFor;

    private string MergeRef => $"refs/wt-run-merge/{runId}";

    /// <summary>Lands, or says why a person is needed.</summary>
    /// <param name="target">The branch.</param>
    /// <param name="tip">Tip of the run's work.</param>
    /// <param name="message">For a merge commit.</param>
    /// <param name="cancellation">Ends waiting; never an attempt under way.</param>
    public WorkOutcome Land(BranchName target, CommitId tip, string message, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        using var targetLock = TakeTargetLock(target, cancellation);
        if (targetLock is null)
        {
            return Busy(target, tip, $"another landing on it: {LockHolder.Describe(TargetLockPath(target))}");
        }

        CommitId? merged = null;
        CommitId? mergedInto = null;
        for (var tries = 0; tries < Tries;)
        {
            var checkouts = landing.FindCheckouts(target);
            var old = checkouts.Tip;
            if (merged is null || old != mergedInto)
            {
                tries++;
                var outcome = merge.Compute(old, tip, project.MergeStyle, message);
                if (outcome is not Mergeable mergeable)
                {
                    return CannotMerge(outcome, target, tip);
                }

                (merged, mergedInto) = (mergeable.Commit, old);
                Hold(mergeable);
                if (verify(mergeable.Commit) is { } passed)
                {
                    if (!passed)
                    {
                        return VerifyFailed(target, tip);
                    }

                    // That took its time: who has the target now, and where is it?
                    continue;
                }
            }

            switch (landing.Try(target, checkouts, merged.Value))
            {
                case HasLanded:
                    Release();
                    return new WorkOutcome(MergeBackResult.Landed, merged);
                case TargetInUse busy when clock.Elapsed >= project.LandWait:
                    return Busy(target, tip, busy.By);
                case TargetInUse busy:
                    Wait(target, busy.By, cancellation);
                    break;
                case LandingRefused refused:
                    Release();
                    return new WorkOutcome(
                        refused.Result, tip, Message: $"Not landed on '{target}'. {refused.Why}", Hint: $"{refused.Hint} Then: wt-run land {runId}");
                default:
                    merged = null;
                    break;
            }
        }

        return Busy(target, tip, $"it moved {Tries} times while the work was being merged");
    }

    /// <summary>Tells only what is new: the wait may be long, and someone may read it in a mail.</summary>
    private void Wait(BranchName target, string by, CancellationToken cancellation)
    {
        if (by != _waitsFor)
        {
            _waitsFor = by;
            step($"waiting to land on '{target}' until it is free: {by}");
        }

        Waiting.Pause(BusyPause, cancellation);
    }

    /// <summary>Nothing else reaches a new merge commit until it lands; a foreign <c>gc --prune=now</c> would take it.</summary>
    private void Hold(Mergeable mergeable)
    {
        if (mergeable.IsNew)
        {
            _isHeld = true;
            repository.Git.Run(["update-ref", MergeRef, mergeable.Commit.ToString()]);
        }
    }

    private void Release()
    {
        if (_isHeld)
        {
            _isHeld = false;
            _ = repository.Git.Try(["update-ref", "-d", MergeRef]);
        }
    }

    private WorkOutcome CannotMerge(MergeOutcome outcome, BranchName target, CommitId tip)
    {
        Release();
        return outcome switch
        {
            NothingToMerge => new WorkOutcome(MergeBackResult.Nothing, null),
            MergeConflict conflict => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                conflict.Paths,
                $"The work conflicts with '{target}' in {string.Join(", ", conflict.Paths)}.",
                $"Merge '{target}' into the run's branch, resolve, commit, then: wt-run land {runId}"),
            UnrelatedHistories => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                Message: $"The work has no commit in common with '{target}', so it cannot be merged.",
                Hint: $"If it belongs there: git merge --allow-unrelated-histories {tip}"),
            _ => new WorkOutcome(
                MergeBackResult.Conflict,
                tip,
                Message: $"'{target}' has moved on since the run began, and merge_style = \"ff\" allows no merge.",
                Hint: $"Rebase the run's branch onto '{target}', then: wt-run land {runId}"),
        };
    }

    private WorkOutcome VerifyFailed(BranchName target, CommitId tip)
    {
        Release();
        return new WorkOutcome(
            MergeBackResult.VerifyFailed,
            tip,
            Message: $"Not landed on '{target}': the verify command failed on what would have landed.",
            Hint: $"Its output: wt-run logs {runId}. After a fix on the run's branch: wt-run land {runId}");
    }

    private WorkOutcome Busy(BranchName target, CommitId tip, string by)
    {
        Release();
        return new WorkOutcome(
            MergeBackResult.TargetBusy,
            tip,
            Message: $"'{target}' was not free within {project.LandWait.TotalSeconds:0} s (land_wait): {by}.",
            Hint: $"When it is free: wt-run land {runId}");
    }

    private FileLock? TakeTargetLock(BranchName target, CancellationToken cancellation)
    {
        var path = TargetLockPath(target);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var taken = FileLock.TryAcquire(path);
        if (taken is null)
        {
            step($"waiting for another landing on '{target}'");
            taken = FileLock.Acquire(path, project.LandWait, LockPause, cancellation: cancellation);
        }

        taken?.Describe($"landing of run {runId}, pid {Environment.ProcessId}");
        return taken;
    }

    private string TargetLockPath(BranchName target) =>
        Path.Combine(repository.StateDirectory, "targets", Uri.EscapeDataString(target.Value) + ".lock");
}
