using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Times and texts as a person reads them.</summary>
internal static class Words
{
    /// <summary>How long ago something was: <c>3m ago</c>.</summary>
    public static string Age(DateTimeOffset when)
    {
        var age = TimeProvider.System.GetUtcNow() - when;
        return age switch
        {
            { TotalSeconds: < 1 } => "now",
            { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0}s ago"),
            { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalMinutes):0}m ago"),
            { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalHours):0}h ago"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalDays):0}d ago"),
        };
    }

    /// <summary>How long something took, as precise as anyone wants to know.</summary>
    public static string Took(TimeSpan time) =>
        time.TotalSeconds < 10 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0}s") : Duration.Format(TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)));

    /// <summary>What a run waits for, its place first, as that is what a narrow table has room for: <c>position 2, behind …; waiting for …</c>.</summary>
    /// <param name="queue">Of a run that waits.</param>
    /// <param name="ahead">The run behind which it waits; null if there is none, or that is not known here.</param>
    public static string Waiting(QueueInfo queue, RunRecord? ahead) =>
        $"{queue.Place(ahead, TimeProvider.System.GetUtcNow())}{(queue.WaitsFor is { } what ? $"; waiting for {what}" : "")}";

    /// <summary>How many artifacts a run left, and where: <c>3 artifacts (12.4 KiB) in /…</c>.</summary>
    public static string Artifacts(ArtifactsInfo artifacts) => string.Create(
        CultureInfo.InvariantCulture,
        $"{artifacts.Files} {(artifacts.Files == 1 ? "artifact" : "artifacts")} ({ByteSize.Format(artifacts.Bytes)}) in {ShellWords.Quoted(artifacts.Path)}");

    /// <summary>
    /// A text without what would command the terminal: file names, branch names and git's words come from anyone who can write to the
    /// repository.
    /// </summary>
    public static string Printable(string text)
    {
        // No LINQ over characters: its generic code would be compiled in every process.
        char[]? printable = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && text[i] is not ('\n' or '\t'))
            {
                printable ??= text.ToCharArray();
                printable[i] = '?';
            }
        }

        return printable is null ? text : new string(printable);
    }
}
