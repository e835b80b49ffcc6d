using System.Text;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>How a person, and a program that asked for JSON, is told that something could not be done.</summary>
internal static class Failure
{
    /// <summary>Tells it.</summary>
    /// <param name="message">What happened, where, with which value.</param>
    /// <param name="hint">What to do next; null if nothing helps.</param>
    /// <param name="asJson">Whether standard output gets it as JSON too.</param>
    public static void Tell(string message, string? hint, bool asJson)
    {
        StandardStreams.Error.TryWriteText(InWords(message, hint));
        if (asJson)
        {
            StandardStreams.Out.TryWrite(Json(message, hint));
        }
    }

    /// <summary>The lines for a person.</summary>
    public static string InWords(string message, string? hint)
    {
        var text = new StringBuilder("wt-run: ").Append(Words.Printable(message.TrimEnd())).Append('\n');
        foreach (var line in hint?.TrimEnd().Split('\n') ?? [])
        {
            text.Append("hint: ").Append(Words.Printable(line)).Append('\n');
        }

        return text.ToString();
    }

    private static byte[] Json(string message, string? hint) => JsonOutput.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", message);
        writer.WriteString("hint", hint);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });
}
