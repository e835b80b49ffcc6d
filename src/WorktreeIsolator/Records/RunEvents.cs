using System.Text.Json;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Records;

/// <summary><c>events.jsonl</c> in a run's directory: one line for every step, only ever appended to.</summary>
internal static class RunEvents
{
    /// <summary>A target is about to be moved: the detail ends with where it was and where it goes.</summary>
    public const string Landing = "landing";

    /// <summary>Processes that the run left were asked to end: with which signal, when, and which.</summary>
    public const string Ending = "ending";

    private const string FileName = "events.jsonl";

    /// <summary>Appends a line.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="what">The kind of event, one word.</param>
    /// <param name="detail">What a person or a recovery needs to know of it.</param>
    /// <param name="sync">Whether it must survive a power cut before the call returns.</param>
    public static void Append(string directory, DateTimeOffset at, string what, string detail, bool sync)
    {
        // Who notifies, or ends what is left of a dead run, holds no lock that keeps others from this file: a line is one write.
        using var line = new MemoryStream();
        using var file = AppendedFile.OpenStream(Path.Combine(directory, FileName));
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            if (file.ReadByte() != '\n')
            {
                line.Write("\n"u8); // a full disk, or a kill, cut the last one off; or half of it is there as yet, which leaves an empty line
            }
        }

        using (var writer = new Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            writer.WriteString("at", at);
            writer.WriteString("event", what);
            writer.WriteString("detail", detail);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        if (sync)
        {
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>The details of all events of one kind, oldest first; lines that were cut off are passed over.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <param name="what">The kind.</param>
    public static IReadOnlyList<string> Read(string directory, string what)
    {
        var path = Path.Combine(directory, FileName);
        var details = new List<string>();
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (line.Contains($"\"{what}\"", StringComparison.Ordinal) && DetailIn(line, what) is { } detail)
            {
                details.Add(detail);
            }
        }

        return details;
    }

    private static string? DetailIn(string line, string what)
    {
        try
        {
            using var parsed = JsonDocument.Parse(line);
            return parsed.RootElement.GetProperty("event").GetString() == what ? parsed.RootElement.GetProperty("detail").GetString() : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            return null;
        }
    }
}
