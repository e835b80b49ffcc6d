using System.Globalization;
using System.Text;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Runs as rows of words, one column for each thing that a person looks for.</summary>
internal sealed record RunTable(IReadOnlyList<string> Headings, IReadOnlyList<RunRow> Rows)
{
    /// <summary>Makes the rows.</summary>
    public static RunTable Of(IReadOnlyList<RunRecord> records) => new(
        ["ID", "STATE", "PROJECT", "TRIGGER", "ISOLATION", "WHERE", "AGE", "RESULT"], [.. records.Select(record => RunRow.Of(record, record.Queue?.Behind is { } ahead ? records.FirstOrDefault(other => other.Id == ahead) : null))]);

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
/// <param name="State">Its state, for its colour.</param>
/// <param name="Cells">What stands in the columns.</param>
internal sealed record RunRow(RunState State, IReadOnlyList<string> Cells)
{
    /// <summary>Puts a run into words.</summary>
    /// <param name="record">The run.</param>
    /// <param name="ahead">The run behind which it waits; null if there is none, or that is not known here.</param>
    public static RunRow Of(RunRecord record, RunRecord? ahead) => new(
        record.State,
        [
            record.Id,
            record.State.IsFinal() ? RecordWriter.NameOf(record.State) : $"* {RecordWriter.NameOf(record.State)}",
            record.Project,
            Words.Printable(record.Trigger.ToString()),
            record.Isolation.Kind,
            Words.Printable(Where(record)),
            Words.Age(record.CreatedAt),
            Result(record, ahead),
        ]);

    /// <summary>The directory that it works in, or that was kept; else the branch, if it is still there; else where its work went.</summary>
    private static string Where(RunRecord record) => record switch
    {
        { Kept: { } kept } => kept.Path,
        { Worktree: null } => record.Directory ?? "",
        { State: var state } when !state.IsFinal() => record.Worktree,
        { MergeBack.Result: MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing } => record.MergeBack.Target ?? "",
        { MergeBack.Result: MergeBackResult.Dropped } => record.RescueRef ?? "",
        _ => record.WorkRef() ?? record.Branch ?? "",
    };

    /// <summary>Its place in the queue; else the exit code if it is not 0, what became of the work, and what was kept and why.</summary>
    private static string Result(RunRecord record, RunRecord? ahead)
    {
        if (record is { State: RunState.Queued, Queue.Position: { } position })
        {
            var behind = record.Queue.Behind is { } id ? $", behind {ahead?.InShort(TimeProvider.System.GetUtcNow()) ?? id[..8]}" : "";
            return Words.Printable(string.Create(CultureInfo.InvariantCulture, $"position {position}{behind}"));
        }

        var parts = new List<string>();
        if (record.Engine.ExitCode is { } code and not 0)
        {
            parts.Add($"exit {code}");
        }

        if (record.MergeBack?.Result is { } known)
        {
            parts.Add(RecordWriter.NameOf(known));
        }

        if (record.Kept is { } kept)
        {
            parts.Add($"worktree kept: {Short(kept.Reason)}");
        }

        if (record.RescueRef is { } rescue && rescue != Where(record))
        {
            parts.Add($"rescued: {rescue}");
        }

        return Words.Printable(string.Join(", ", parts));
    }

    /// <summary>git's words may be many, on many lines.</summary>
    private static string Short(string reason)
    {
        const int most = 60;
        var line = reason.Split('\n')[0];
        return line.Length <= most ? line : line[..most] + "…";
    }
}
