using System.Text;
using System.Text.Json;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>The sessions that have not been landed or dropped, as lines for people or as JSON for programs.</summary>
internal static class SessionTable
{
    private static readonly string[] Headings = ["SESSION", "LAST RUN", "USED", "BRANCH"];

    /// <summary>All lines; nothing if there is no session.</summary>
    public static string Of(IReadOnlyList<Session> sessions)
    {
        if (sessions.Count == 0)
        {
            return "";
        }

        var rows = sessions.Select(session => new[] { session.Name, session.LastRun, Words.Age(session.LastUsedAt), session.Branch }).Prepend(Headings).ToList();
        var text = new StringBuilder();
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

    /// <summary>An array with an object for each session of some repositories.</summary>
    public static byte[] ToJson(IEnumerable<RunStore> stores) => JsonOutput.Write(writer =>
    {
        writer.WriteStartArray();
        foreach (var store in stores)
        {
            var active = store.ActiveIds().Select(store.TryRead).OfType<RunRecord>().Where(run => !run.State.IsFinal()).OrderBy(run => run.CreatedAt).ToList();
            foreach (var session in store.Sessions.ReadAll())
            {
                Write(writer, session, store.TryRead(session.LastRun)?.Project, active.Where(run => run.Session == session.Name));
            }
        }

        writer.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter writer, Session session, string? project, IEnumerable<RunRecord> active)
    {
        writer.WriteStartObject();
        writer.WriteString("name", session.Name);
        writer.WriteString("project", project);
        writer.WriteString("branch", session.Branch);
        writer.WriteString("worktree", session.Worktree);
        writer.WriteStartObject("base");
        writer.WriteString("ref", session.Base.Ref);
        writer.WriteString("commit", session.Base.Commit);
        writer.WriteEndObject();
        writer.WriteStartObject("merge_back");
        writer.WriteString("policy", session.Policy);
        writer.WriteString("target", session.Target);
        writer.WriteEndObject();
        writer.WriteString("last_run", session.LastRun);
        writer.WriteStartArray("active");
        foreach (var run in active)
        {
            writer.WriteStringValue(run.Id);
        }

        writer.WriteEndArray();
        writer.WriteString("created_at", session.CreatedAt);
        writer.WriteString("last_used_at", session.LastUsedAt);
        writer.WriteEndObject();
    }
}
