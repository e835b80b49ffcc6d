using System.Text;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>The sessions that have not been landed or dropped, as lines below the runs.</summary>
internal static class SessionTable
{
    private static readonly string[] Headings = ["SESSION", "LAST RUN", "USED", "BRANCH"];

    /// <summary>All lines, with an empty one before them; nothing if there is no session.</summary>
    public static string Of(IReadOnlyList<Session> sessions)
    {
        if (sessions.Count == 0)
        {
            return "";
        }

        var rows = sessions.Select(session => new[] { session.Name, session.LastRun, Words.Age(session.LastUsedAt), session.Branch }).Prepend(Headings).ToList();
        var text = new StringBuilder("\n");
        foreach (var cells in rows)
        {
            for (var column = 0; column < cells.Length - 1; column++)
            {
                text.Append(cells[column].PadRight(rows.Max(row => row[column].Length) + 2));
            }

            text.Append(cells[^1]).Append('\n');
        }

        return Words.Printable(text.ToString());
    }
}
