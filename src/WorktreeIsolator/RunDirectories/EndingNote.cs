using System.Globalization;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.RunDirectories;

/// <summary>How far the ending of a dead run's processes has come, as a line for its events: the boot, then <c>2 512345 4711:511200 4712:511204</c>.</summary>
/// <param name="Sent">The last signal that all of them were sent.</param>
/// <param name="Known">Those that were still there.</param>
internal sealed record EndingNote(SentSignal Sent, IReadOnlyList<ProcessIdentity> Known)
{
    /// <summary>What the events say once all of them are gone.</summary>
    public const string Done = "done";

    /// <summary>Reads a line; null if it says nothing about now.</summary>
    public static EndingNote? TryParse(string line)
    {
        var numbers = new List<long>();
        if (!line.StartsWith($"{ProcessIdentity.BootId} ", StringComparison.Ordinal))
        {
            return null;
        }

        foreach (var word in line[(ProcessIdentity.BootId.Length + 1)..].Split(' ', ':'))
        {
            if (!long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            numbers.Add(number);
        }

        return numbers is [var signal, var ticks, ..] && numbers.Count % 2 == 0
            ? new EndingNote(
                new SentSignal((int)signal, ticks), [.. numbers.Skip(2).Chunk(2).Select(pair => new ProcessIdentity((int)pair[0], pair[1]))])
            : null;
    }

    public override string ToString() => string.Join(
        ' ', Known.Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Pid}:{process.StartTime}"))
            .Prepend(string.Create(CultureInfo.InvariantCulture, $"{ProcessIdentity.BootId} {Sent.Signal} {Sent.Ticks}")));
}
