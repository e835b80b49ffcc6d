using System.Globalization;
using System.Text;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Records;

// Who lands or drops a run that is over.
public sealed partial class RunStore
{
    /// <summary>What <see cref="Activate"/> is told of a landing.</summary>
    internal const string Landing = "landing";

    /// <summary>The same of a dropping.</summary>
    internal const string Dropping = "dropping";

    /// <summary>Marks a run that is over as one with which this process works, so that recovery looks at it if we die, and all see whose it is.</summary>
    /// <param name="id">The run.</param>
    /// <param name="doing"><c>landing</c> or <c>dropping</c>.</param>
    internal void Activate(string id, string doing) =>
        DurableFile.Replace(Path.Combine(_active, id), Encoding.UTF8.GetBytes($"{ProcessInfo.Of(ProcessIdentity.Current).ToLine()}{doing}\n"), sync: false);

    /// <summary>Who works, or worked until they died, with a run that is over; null if nobody does, or they did not say.</summary>
    internal ProcessInfo? WhoActivated(string id) => ReadActivation(id)?.Process;

    /// <summary>Who lands or drops a run that is over at this moment, for a message: <c>someone else is just landing it (pid 4711)</c>.</summary>
    internal string DescribeHand(string id) => TryReadInHand(id)?.InHand is { } hand
        ? string.Create(CultureInfo.InvariantCulture, $"someone else is just {hand.Doing} it (pid {hand.Process.Pid})")
        : "someone else is just landing or dropping it";

    /// <summary>The runs that are over and that someone lands or drops at this moment, with who; in no order. It costs a look at each that is active.</summary>
    public IReadOnlyList<RunRecord> ReadInHand() => [.. ActiveIds().Select(TryReadInHand).OfType<RunRecord>()];

    /// <summary>Who died leaves the mark, and not the lock; who cleans up after him has the lock.</summary>
    private RunRecord? TryReadInHand(string id)
    {
        try
        {
            return ReadActivation(id) is { Process.IsSeenToBeGone: false } hand && IsAlive(id) && TryRead(id) is { } record && record.State.IsFinal() ? record with { InHand = hand } : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whatever lies there, those who come to look are not kept from it.
            return null;
        }
    }

    private InHandInfo? ReadActivation(string id)
    {
        try
        {
            var lines = Encoding.UTF8.GetString(DurableFile.Read(Path.Combine(_active, id))).Split('\n');
            return ProcessInfo.TryParse(lines[0]) is { } process ? new InHandInfo(lines is [_, { Length: > 0 } doing, ..] ? doing : Landing, process) : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
