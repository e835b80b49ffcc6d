using System.Text;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>What a person reads when a run is over: what landed where, or what is to be done now, as commands to copy.</summary>
internal static class RunOutcome
{
    private const int ShortId = 8;

    /// <summary>Whether the run ended as it was meant to, with nothing to be done.</summary>
    public static bool IsFine(RunRecord record) => record.State == RunState.Succeeded && record.Hint is null && record.Kept is null;

    /// <summary>All lines, each with its line end.</summary>
    /// <param name="record">The run, in a final state.</param>
    /// <param name="landed">What the landing changed; null if nothing landed or nobody knows.</param>
    public static string Describe(RunRecord record, LandedChange? landed)
    {
        var text = new StringBuilder();
        text.Append(Failure.InWords($"{Headline(record.Id, record, landed)}.", null));
        if (record.Message is { } message && (record.State != RunState.Succeeded || IsFine(record)))
        {
            text.Append(message.TrimEnd()).Append('\n');
        }

        foreach (var path in record.MergeBack?.Conflicts ?? [])
        {
            text.Append("  ").Append(path).Append('\n');
        }

        if (record.Kept is { } kept)
        {
            text.Append("wt-run: the worktree ").Append(kept.Path).Append(" is kept: ").Append(kept.Reason).Append('\n');
        }

        if (record.Artifacts is { } artifacts)
        {
            text.Append("wt-run: ").Append(Words.Artifacts(artifacts)).Append('\n');
        }

        foreach (var hint in Hints(record))
        {
            text.Append("hint: ").Append(hint).Append('\n');
        }

        return Words.Printable(text.ToString());
    }

    /// <summary>One line for one run of several, with its id as short as people write it: <c>run 3f9c1a2b landed on main</c>.</summary>
    public static string Line(RunRecord record)
    {
        var id = record.Id[..ShortId];
        return Headline(id, record, null) + (record.State == RunState.NeedsMerge ? $"; see wt-run show {id}" : "");
    }

    /// <summary>What helps next: the record's own hint, and the commands that reach kept work.</summary>
    /// <param name="record">The run, in a final state.</param>
    /// <param name="isShown">Whether it stands in what <c>wt-run show</c> tells, which needs no pointer to itself.</param>
    public static IEnumerable<string> Hints(RunRecord record, bool isShown = false)
    {
        var id = record.Id[..ShortId];
        var name = record.Session ?? id;
        var own = record.Hint?.TrimEnd().Split('\n') ?? [];
        foreach (var line in own)
        {
            yield return line;
        }

        var holder = record.MergeBack?.Commit is null ? null : record.WorkRef();
        if (holder is not null)
        {
            if (record.Base is { } start && start.Commit != record.MergeBack!.Commit)
            {
                yield return $"see the work:   git log -p {start.Commit[..12]}..{(record.Session is null ? ShellWords.Quoted(holder) : record.MergeBack!.Commit![..12])}";
            }

            if (!own.Any(line => line.Contains("wt-run land", StringComparison.Ordinal)))
            {
                yield return $"land it:        wt-run land {name}";
            }
        }

        if ((record.Kept is not null || (holder is not null && holder == record.Branch))
            && !own.Any(line => line.Contains("wt-run drop", StringComparison.Ordinal)))
        {
            yield return $"give it up:     wt-run drop {name}";
        }

        if (record.RescueRef is not null && !isShown)
        {
            yield return $"see what was rescued, and how to bring it back: wt-run show {id}";
        }

        if (record.State is RunState.Failed or RunState.TimedOut or RunState.Interrupted && record.StartedAt is not null)
        {
            yield return $"see its output: wt-run logs {id}";
        }
    }

    /// <summary>A sentence without its full stop.</summary>
    private static string Headline(string id, RunRecord record, LandedChange? landed)
    {
        var run = $"run {id}";
        return record.State switch
        {
            RunState.Succeeded => $"{run} {Delivered(record, landed)}",
            RunState.NeedsMerge => $"{run} needs you: its work is not on {Target(record)}{Result(record)}",
            RunState.Failed when record.Engine.ExitCode is { } code and not 0 => $"{run} failed: the engine's exit code is {code}",
            RunState.Failed => $"{run} failed",
            RunState.Cancelled => $"{run} was cancelled",
            RunState.TimedOut => $"{run} took too long and was stopped",
            RunState.Skipped => $"{run} was skipped",
            RunState.Interrupted => $"{run} was interrupted",
            _ => $"{run} is {RecordWriter.NameOf(record.State)}",
        };
    }

    private static string Delivered(RunRecord record, LandedChange? landed) => record.MergeBack switch
    {
        { Result: MergeBackResult.Landed } work => $"landed on {work.Target}{(landed is null ? "" : $": {landed}")}",
        { Result: MergeBackResult.Pushed } work => $"pushed {work.Target ?? record.Branch}{(landed is null ? "" : $": {landed}")}",
        { Result: MergeBackResult.Kept } when record.Session is { } session => $"kept its work in session {session}",
        { Result: MergeBackResult.Kept } => record.RescueRef is { } rescue ? $"kept its work as {rescue}" : $"kept its work on branch {record.Branch}",
        { Result: MergeBackResult.Nothing } when record.Message is not null => "succeeded; there is nothing to land",
        { Result: MergeBackResult.Nothing } => "succeeded; it made no commits, so there is nothing to land",
        _ => record is { StartedAt: { } start, FinishedAt: { } end } ? $"succeeded after {Words.Took(end - start)}" : "succeeded",
    };

    private static string Target(RunRecord record) => record.MergeBack?.Target ?? "its target";

    private static string Result(RunRecord record) => record.MergeBack?.Result switch
    {
        MergeBackResult.Conflict => " because it conflicts",
        MergeBackResult.VerifyFailed => " because verify failed",
        MergeBackResult.TargetBusy => " because someone or something is in the way there",
        MergeBackResult.Rejected => " because it was refused",
        MergeBackResult.Blocked => " because it must not land by itself",
        _ => "",
    };
}
