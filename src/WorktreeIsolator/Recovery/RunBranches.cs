using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>What a record of a finished run says of its branch, and of what a person still has to do with it.</summary>
internal static class RunBranches
{
    /// <summary>Whether the run's work is still on its branch, and nowhere else as far as the record knows.</summary>
    public static bool HoldsWork(RunRecord record) => record.WorkRef() is { } holder && holder == record.Branch;

    /// <summary>
    /// Whether a branch of that name is the run's: with the run's id in it nobody else made it; another name someone may have used again
    /// since the run gave it up. A session's is not one run's.
    /// </summary>
    public static bool BelongsTo(RunRecord record) =>
        record.Session is null && record.Branch is { } branch && (branch.EndsWith(record.Id, StringComparison.Ordinal) || HoldsWork(record));

    /// <summary>Why a branch that holds a run's work is left.</summary>
    public static string WhyItStays(RunRecord record) =>
        $"it holds the work of run {record.Id} ({RecordWriter.NameOf(record.State)}, {RecordWriter.NameOf(record.MergeBack!.Result!.Value)}); {Ways(record)}";

    /// <summary>Why a run that is over is not yet done with; null if it is.</summary>
    public static string? WhyOpen(RunRecord record, RunRefList refs) => record switch
    {
        { State: RunState.NeedsMerge } => $"run {record.Id} needs you; {Ways(record)}",
        { Kept: { } kept } when Directory.Exists(kept.Path) => $"the worktree of run {record.Id} is kept; {Ways(record)}",
        { Session: not null } => null,
        { Worktree: { } worktree } when Directory.Exists(worktree) => $"the worktree of run {record.Id} is still there",
        _ when BelongsTo(record) && refs.Branches.ContainsKey($"refs/heads/{record.Branch}") => $"the branch of run {record.Id} is still there{(HoldsWork(record) ? $"; {Ways(record)}" : "")}",
        _ => null,
    };

    private static string Ways(RunRecord record) => $"land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}";
}
