using Spectre.Console;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>The runs as a table that fits the terminal. The only place that loads Spectre.Console; no run ever comes here.</summary>
internal static class TerminalTable
{
    private const int Wide = 110;

    private const int WidthIfUnknown = 120;

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
        console.Profile.Width = width > 0 ? width : WidthIfUnknown;
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        var shown = Enumerable.Range(0, runs.Headings.Count).Where(column => console.Profile.Width >= Wide || !IsForWideTerminals(runs.Headings[column])).ToList();
        foreach (var heading in shown.Select(column => runs.Headings[column]))
        {
            var column = new TableColumn($"[bold]{heading}[/]") { NoWrap = heading is "ID" or "STATE" or "AGE", Padding = new Padding(0, 0, 2, 0) };
            table.AddColumn(column);
        }

        foreach (var row in runs.Rows)
        {
            table.AddRow(shown.Select(column => (Cell: row.Cells[column], column)).Select(c => c.column == 1 ? $"[{ColourOf(row.State)}]{Markup.Escape(c.Cell)}[/]" : Markup.Escape(c.Cell)).ToArray());
        }

        console.Write(table);
        return text.ToString();
    }

    /// <summary>What 80 columns have no room for beside an id that can be copied; <c>show</c> has it.</summary>
    private static bool IsForWideTerminals(string heading) => heading is "PROJECT" or "ISOLATION";

    private static string ColourOf(RunState state) => state switch
    {
        RunState.Succeeded => "green",
        RunState.NeedsMerge => "yellow",
        RunState.Skipped or RunState.Cancelled => "grey",
        _ when state.IsFinal() => "red",
        _ => "blue",
    };
}
