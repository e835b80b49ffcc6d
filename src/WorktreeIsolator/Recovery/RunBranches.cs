using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>What a record of a finished run says of its branch.</summary>
internal static class RunBranches
{
    /// <summary>Whether the run's work is still on its branch, and nowhere else as far as the record knows.</summary>
    public static bool HoldsWork(RunRecord record) => record.MergeBack?.Result is not (null or MergeBackResult.Landed or MergeBackResult.Pushed
        or MergeBackResult.Nothing or MergeBackResult.Dropped);

    /// <summary>
    /// Whether a branch of that name is the run's: with the run's id in it nobody else made it; another name someone may have used again
    /// since the run gave it up.
    /// </summary>
    public static bool BelongsTo(RunRecord record) =>
        record.Branch is { } branch && (branch.EndsWith(record.Id, StringComparison.Ordinal) || HoldsWork(record));
}
