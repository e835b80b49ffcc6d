using System.Globalization;
using System.Text;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Runs as rows of words, one column for each thing that a person looks for.</summary>
internal sealed record RunTable(IReadOnlyList<RunRow> Rows)
{
    /// <summary>The columns, as <see cref="RunRow.Cells"/> has them.</summary>
    public static IReadOnlyList<string> Headings { get; } = ["ID", "STATE", "PROJECT", "TRIGGER", "ISOLATION", "WHERE", "AGE", "RESULT"];

    /// <summary>Makes the rows.</summary>
    public static RunTable Of(IReadOnlyList<RunRecord> records, KnownRefs refs)
    {
        var waitedFor = records.Select(record => record.Queue?.Behind).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var ahead = waitedFor.Count == 0 ? [] : records.Where(record => waitedFor.Contains(record.Id)).DistinctBy(record => record.Id).ToDictionary(record => record.Id, StringComparer.Ordinal);
        return new RunTable([.. records.Select(record => RunRow.Of(record, record.Queue?.Behind is { } id ? ahead.GetValueOrDefault(id) : null, refs))]);
    }

    /// <summary>Columns of equal width, for files and pipes.</summary>
    public string ToPlainText()
    {
        var text = new StringBuilder();
        var rows = Rows.Select(row => row.Cells).Prepend(Headings).ToList();
        var widths = Headings.Select((_, column) => rows.Max(cells => cells[column].Length)).ToList();
        foreach (var cells in rows)
        {
            for (var column = 0; column < cells.Count; column++)
            {
                var isLast = column == cells.Count - 1;
                text.Append(isLast ? cells[column] : cells[column].PadRight(widths[column] + 2));
            }

            while (text[^1] == ' ')
            {
                text.Length--;
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}

/// <summary>One run.</summary>
/// <param name="State">Its state, for its colour; of one that is just being landed or dropped that of those at work.</param>
/// <param name="Cells">What stands in the columns.</param>
internal sealed record RunRow(RunState State, IReadOnlyList<string> Cells)
{
    /// <summary>Puts a run into words.</summary>
    /// <param name="record">The run.</param>
    /// <param name="ahead">The run behind which it waits; null if there is none, or that is not known here.</param>
    /// <param name="refs">Which refs there are.</param>
    public static RunRow Of(RunRecord record, RunRecord? ahead, KnownRefs refs)
    {
        var holder = Holder(record, refs);
        return new(
            record.InHand is null ? record.State : RunState.Finishing,
            [
                record.Id,
                record switch
                {
                    { InHand: { } hand } => $"* {hand.Doing}",
                    { State: var state } when state.IsFinal() => RecordWriter.NameOf(state),
                    _ => $"* {RecordWriter.NameOf(record.State)}",
                },
                record.Project,
                Line(record.Trigger.ToString()),
                record.Isolation.Kind,
                Line(holder is null ? Place(record) : refs.Told(record, holder)),
                Words.Age(record.CreatedAt),
                Line(Result(record, ahead, holder)),
            ]);
    }

    /// <summary>The branch or ref that has the work of a run whose worktree is gone; null if that is elsewhere, or there is none.</summary>
    private static string? Holder(RunRecord record, KnownRefs refs) => record switch
    {
        { Kept: not null } or { Worktree: null } => null,
        { State: var state } when !state.IsFinal() => null,
        { MergeBack.Result: MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing } => null,
        { MergeBack.Result: MergeBackResult.Dropped } => record.RescueRef,
        { MergeBack.Result: null } => record.Session is null && record.Branch is { } branch && refs.Has(record, branch) ? branch : null,
        _ => record.WorkRef() ?? record.Branch,
    };

    /// <summary>
    /// The directory that a run works in, or that was kept; else where its work went. Nothing of a run that ended before anything was made for it.
    /// </summary>
    private static string Place(RunRecord record) => record switch
    {
        { Kept: { } kept } => Directory.Exists(kept.Path) ? kept.Path : $"{kept.Path} (gone)",
        { Worktree: null } => record.Directory ?? "",
        { State: var state } when !state.IsFinal() => record.Worktree,
        { MergeBack.Result: MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing } => record.MergeBack.Target ?? "",
        _ => "",
    };

    /// <summary>What it waits for; else the exit code if it is not 0, what became of the work, and what was kept and why.</summary>
    private static string Result(RunRecord record, RunRecord? ahead, string? holder)
    {
        if (record is { State: RunState.Queued, Queue: { Position: not null } queue })
        {
            return Words.Waiting(queue, ahead);
        }

        var parts = new List<string>();
        if (record.Engine.ExitCode is { } code and not 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"exit {code}"));
        }

        if (record.MergeBack?.Result is { } known)
        {
            parts.Add(RecordWriter.NameOf(known));
        }

        if (record.Kept is { } kept)
        {
            parts.Add($"worktree kept: {Short(kept.Reason)}");
        }

        if (record.RescueRef is { } rescue && rescue != holder)
        {
            parts.Add($"rescued: {rescue}");
        }

        return string.Join(", ", parts);
    }

    private static string Line(string text) => Words.Printable(text.ReplaceLineEndings(" "));

    /// <summary>git's words may be many, on many lines.</summary>
    private static string Short(string reason)
    {
        const int most = 60;
        var line = reason.Split('\n')[0];
        return line.Length <= most ? line : line[..most] + "…";
    }
}
