using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>
/// A place in a queue, in order of arrival, across processes and without any process that keeps the order: a file in the queue's directory,
/// whose name begins with a number, and which its owner holds locked from before it appears until it leaves. Whoever has fewer living tickets
/// before his own than the queue has places may go, and keeps the ticket for as long as it takes. A dead owner's lock is free: his ticket counts
/// no more, and the next who looks deletes it.
/// </summary>
internal sealed class Ticket : IDisposable
{
    private static readonly TimeSpan GateTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GatePause = TimeSpan.FromMilliseconds(5);

    /// <summary>How long the next in line may overlook that its turn has come; who stands further back looks less often.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(12);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    private readonly string _directory;
    private readonly string _name;
    private readonly FileLock _lock;

    private Ticket(string directory, string name, int places, FileLock taken)
    {
        _directory = directory;
        _name = name;
        Places = places;
        _lock = taken;
    }

    /// <summary>How many may go at once.</summary>
    public int Places { get; }

    /// <summary>Takes a ticket behind all others.</summary>
    /// <param name="directory">The queue.</param>
    /// <param name="runId">Who takes it.</param>
    /// <param name="places">How many may go at once.</param>
    public static Ticket Take(string directory, string runId, int places = 1)
    {
        Sharing.CreateDirectory(directory);
        using var gate = FileLock.Acquire(Path.Combine(directory, ".gate"), GateTimeout, GatePause)
            ?? throw new WorktreeIsolatorException(
                FailureKind.Lock, $"The queue '{directory}' was not free within {GateTimeout.TotalSeconds:0} s. It is held by {LockHolder.Describe(Path.Combine(directory, ".gate"))}.");
        var last = Names(directory) is [.., var name] ? NumberIn(name) : 0;
        var ticket = string.Create(CultureInfo.InvariantCulture, $"{last + 1:D10}-{runId}");

        // Locked before it has its name, so that nobody takes a new ticket for a dead one's.
        var aside = Path.Combine(directory, $".{runId}");
        var taken = FileLock.TryAcquire(aside) ?? throw new WorktreeIsolatorException(FailureKind.System, $"Run {runId} has taken a ticket already.");
        File.Move(aside, Path.Combine(directory, ticket));
        return new Ticket(directory, ticket, places, taken);
    }

    /// <summary>The runs that hold a ticket of a queue, first come first.</summary>
    public static IReadOnlyList<string> Holders(string directory) =>
        Directory.Exists(directory) ? [.. Names(directory).Where(name => IsHeld(Path.Combine(directory, name))).Select(RunIn)] : [];

    /// <summary>The runs with a living ticket before this one, first come first.</summary>
    public IReadOnlyList<string> Ahead()
    {
        var ahead = new List<string>();
        foreach (var name in Names(_directory).TakeWhile(name => string.CompareOrdinal(name, _name) < 0))
        {
            if (IsHeld(Path.Combine(_directory, name)))
            {
                ahead.Add(RunIn(name));
            }
        }

        return ahead;
    }

    /// <summary>Waits until it may go.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <param name="changed">Is told who is ahead, at first and whenever that has changed.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Those who are ahead when the time was over; none if it may go.</returns>
    public IReadOnlyList<string> Wait(TimeSpan timeout, Action<IReadOnlyList<string>> changed, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        IReadOnlyList<string>? before = null;
        while (true)
        {
            var ahead = Ahead();
            if (ahead.Count < Places)
            {
                return [];
            }

            if (before is null || !ahead.SequenceEqual(before, StringComparer.Ordinal))
            {
                changed(ahead);
                before = ahead;
            }

            var remaining = timeout - clock.Elapsed;
            if (remaining <= TimeSpan.Zero)
            {
                return ahead;
            }

            var pause = TimeSpan.FromTicks(Math.Min(Pause.Ticks * (ahead.Count - Places + 1), LongestPause.Ticks));
            Waiting.Pause(pause < remaining ? pause : remaining, cancellation);
        }
    }

    /// <summary>Leaves the queue.</summary>
    public void Dispose()
    {
        // First the name, so that nobody who looks finds a ticket that is free.
        File.Delete(Path.Combine(_directory, _name));
        _lock.Dispose();
    }

    private static bool IsHeld(string path)
    {
        if (!FileLock.IsFree(path))
        {
            return true;
        }

        File.Delete(path);
        return false;
    }

    private static List<string> Names(string directory)
    {
        var names = new List<string>();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(path);
            if (char.IsAsciiDigit(name[0]))
            {
                names.Add(name);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private static long NumberIn(string name) => long.Parse(name.AsSpan(0, name.IndexOf('-', StringComparison.Ordinal)), NumberStyles.None, CultureInfo.InvariantCulture);

    private static string RunIn(string name) => name[(name.IndexOf('-', StringComparison.Ordinal) + 1)..];
}
