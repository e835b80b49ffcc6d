using System.Text;
using Spectre.Console;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>
/// The runs as a table that fits the terminal, one line for each. The only place that loads Spectre.Console; no run ever comes here. What there is
/// no room for goes column by column, and what is left is cut: <c>show</c>, and a pipe, have all of it.
/// </summary>
internal static class TerminalTable
{
    private const int WidthIfUnknown = 120;
    private const int Gap = 2;
    private const int NoBreak = 10_000;
    private const int ShortId = 8;

    /// <summary>What goes first where there is too little room; the id, the state and the result never do.</summary>
    private static readonly string[] GoesFirst = ["ISOLATION", "WHERE", "PROJECT", "TRIGGER", "AGE"];

    /// <summary>Less than this of a longer text says too little.</summary>
    private static readonly Dictionary<string, int> Least = new(StringComparer.Ordinal) { ["WHERE"] = 16, ["PROJECT"] = 10, ["TRIGGER"] = 12, ["RESULT"] = 40 };

    /// <summary>Which get the room that is left, in this order.</summary>
    private static readonly string[] Grows = ["RESULT", "TRIGGER", "PROJECT", "WHERE"];

    /// <summary>Renders.</summary>
    /// <param name="runs">The rows.</param>
    /// <param name="width">Columns of the terminal; 0 if that is unknown.</param>
    public static string Render(RunTable runs, int width)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 } ? ColorSystemSupport.NoColors : ColorSystemSupport.Standard,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });

        // The lines are cut to the width here.
        console.Profile.Width = NoBreak;
        var widths = Fit(runs, width > 0 ? width : WidthIfUnknown);
        console.MarkupLine($"[bold]{Line(RunTable.Headings, widths, null)}[/]");
        foreach (var row in runs.Rows)
        {
            console.MarkupLine(Line(row.Cells, widths, ColourOf(row.State)));
        }

        return text.ToString();
    }

    private static string Line(IReadOnlyList<string> cells, int[] widths, string? colour)
    {
        var line = new StringBuilder();
        var gap = 0;
        for (var column = 0; column < widths.Length; column++)
        {
            if (widths[column] > 0)
            {
                var cell = Cut(cells[column], RunTable.Headings[column], widths[column]);
                var text = Markup.Escape(cell);
                line.Append(' ', gap).Append(colour is not null && RunTable.Headings[column] == "STATE" ? $"[{colour}]{text}[/]" : text);
                gap = Gap + widths[column] - TextCells.Width(cell);
            }
        }

        return line.ToString();
    }

    private static string Cut(string cell, string heading, int width) => heading switch
    {
        // Eight digits are an id as well; an ellipsis would only be in the way of who copies it.
        "ID" => cell[..Math.Min(width, cell.Length)],

        // The end of a path says more than its beginning.
        "WHERE" => TextCells.CutBeginning(cell, width),
        _ => TextCells.Cut(cell, width),
    };

    /// <summary>The width of each column; 0 for those that are left out.</summary>
    private static int[] Fit(RunTable runs, int width)
    {
        var headings = RunTable.Headings;
        var wanted = headings.Select((heading, column) => runs.Rows.Select(row => TextCells.Width(row.Cells[column])).Append(heading.Length).Max()).ToArray();
        var fitted = wanted.Select((cells, column) => Math.Min(cells, Least.GetValueOrDefault(headings[column], int.MaxValue))).ToArray();
        foreach (var column in GoesFirst.Select(ColumnOf).TakeWhile(_ => Needed(fitted) > width))
        {
            fitted[column] = 0;
        }

        if (Needed(fitted) > width)
        {
            fitted[ColumnOf("ID")] = ShortId;
        }

        foreach (var column in Grows.Select(ColumnOf).Where(column => fitted[column] > 0))
        {
            // It may be negative: the result is all that can still give way.
            fitted[column] = Math.Clamp(fitted[column] + width - Needed(fitted), 1, wanted[column]);
        }

        return fitted;
    }

    private static int Needed(int[] widths) => widths.Where(width => width > 0).Sum(width => width + Gap) - Gap;

    private static int ColumnOf(string heading) => RunTable.Headings.ToList().IndexOf(heading);

    private static string ColourOf(RunState state) => state switch
    {
        RunState.Succeeded => "green",
        RunState.NeedsMerge => "yellow",
        RunState.Skipped or RunState.Cancelled => "grey",
        _ when state.IsFinal() => "red",
        _ => "blue",
    };
}
