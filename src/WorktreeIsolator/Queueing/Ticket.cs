using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Queueing;

/// <summary>
/// A place in a queue, in order of arrival, across processes and without any process that keeps the order: a file in the queue's directory,
/// whose name begins with a number, and which its owner holds locked from before it appears until it leaves. Whoever has fewer living tickets
/// before his own than the queue has places may go, and keeps the ticket for as long as it takes. A dead owner's lock is free: his ticket counts
/// no more, and the next who looks deletes it. Its text is for those behind it (<see cref="LineAhead"/>).
/// </summary>
internal sealed class Ticket : IDisposable
{
    /// <summary>With which a ticket's name begins, so that the order of names is that of arrival.</summary>
    private const int NumberDigits = 10;

    private static readonly TimeSpan GateTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GatePause = TimeSpan.FromMilliseconds(5);

    /// <summary>How long the next in line may overlook that its turn has come; who stands further back looks less often.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    private readonly string _path;
    private readonly FileLock _lock;
    private readonly LineAhead _line;

    private Ticket(string path, int places, FileLock taken)
    {
        _path = path;
        Places = places;
        _lock = taken;
        _line = new LineAhead(places);
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
        DeleteUnborn(directory);
        var last = Paths(directory) is [.., var path] ? NumberIn(path) : 0;
        var ticket = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{last + 1:D10}-{runId}"));

        // Locked before it has its name, so that nobody takes a new ticket for a dead one's.
        var aside = Path.Combine(directory, $".{runId}");
        var taken = FileLock.TryAcquire(aside) ?? throw new WorktreeIsolatorException(FailureKind.System, $"Run {runId} has taken a ticket already.");
        File.Move(aside, ticket);
        return new Ticket(ticket, places, taken);
    }

    /// <summary>The runs that hold a ticket of a queue, first come first.</summary>
    public static IReadOnlyList<string> Holders(string directory) =>
        Directory.Exists(directory) ? Paths(directory).FindAll(IsHeld).ConvertAll(RunIn) : [];

    /// <summary>Deletes what dead ones left in a queue that perhaps nobody joins any more; nothing if someone is just taking a ticket.</summary>
    public static void ForgetTheDead(string directory)
    {
        using var gate = FileLock.TryAcquire(Path.Combine(directory, ".gate"));
        if (gate is not null)
        {
            DeleteUnborn(directory);
            _ = Holders(directory);
        }
    }

    /// <summary>The runs with a living ticket before this one, first come first.</summary>
    public IReadOnlyList<string> Ahead() => HeldAhead().ConvertAll(RunIn);

    /// <summary>Waits until it may go.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <param name="changed">Is told where it stands, at first and whenever that has changed.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Where it stood when the time was over; null if it may go.</returns>
    public PlaceInLine? Wait(TimeSpan timeout, Action<PlaceInLine> changed, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        PlaceInLine? told = null;
        for (var ahead = HeldAhead(); ahead.Count >= Places; ahead = LookAgain(ahead))
        {
            var place = _line.PlaceBehind(ahead);
            if (place != told)
            {
                changed(place);
                told = place;
            }

            var remaining = timeout - clock.Elapsed;
            if (remaining <= TimeSpan.Zero)
            {
                return place;
            }

            var pause = TimeSpan.FromTicks(Math.Min(Pause.Ticks * (ahead.Count - Places + 1), LongestPause.Ticks));
            Waiting.Pause(pause < remaining ? pause : remaining, cancellation);
        }

        return null;
    }

    /// <summary>Where it stands now.</summary>
    public PlaceInLine Place() => _line.PlaceBehind(HeldAhead());

    /// <summary>What those who stand behind it are told, while nobody stands before it and its owner waits for something all the same.</summary>
    /// <param name="behind">The run that has what he waits for; null if that is none.</param>
    /// <param name="heldBy">Who has it, if that is no run, or one that died; null, with no run either, if that is over.</param>
    public void Say(string? behind, string? heldBy) => _lock.Describe(LineAhead.Waits(behind, heldBy));

    /// <summary>What those who stand behind it are told, while it is its owner's turn and he stands in a further line.</summary>
    /// <param name="position">His position there.</param>
    public void SayWaitsAt(int position) => _lock.Describe(LineAhead.WaitsAt(position));

    /// <summary>Its owner has all that he waited for.</summary>
    public void Begin() => _lock.Describe(LineAhead.Begun);

    /// <summary>Leaves the queue, even if the directory was deleted or can be written no more: what becomes of a run's work does not depend on that.</summary>
    public void Dispose()
    {
        // First the name, so that nobody who looks finds a ticket that is free. One that stays is passed over.
        _ = AnyFile.TryDelete(_path);
        _lock.Dispose();
    }

    /// <summary>
    /// Two hundred may wait, for hours: a look that finds all as it was tries few locks and leaves no garbage. Nobody can come before those who are
    /// ahead. The next in line sees to all who may go before it, everyone else to who stands directly before him: that is each of them.
    /// </summary>
    /// <returns>The same list if nothing has changed. Of those further ahead a dead one may be in it, until who stands behind him has looked.</returns>
    private List<string> LookAgain(List<string> ahead)
    {
        var isNext = ahead.Count == Places;
        if (isNext ? !ahead.TrueForAll(IsHeld) : !IsHeld(ahead[^1]))
        {
            return HeldAhead();
        }

        if (!isNext)
        {
            // Whom everyone is told they stand behind is to live: his ticket goes if he does not, also where those directly behind him do not look.
            _ = IsHeld(ahead[0]);
        }

        return isNext || CountOfTicketsBefore(_path) == ahead.Count ? ahead : PathsAhead();
    }

    private List<string> HeldAhead() => PathsAhead().FindAll(IsHeld);

    private List<string> PathsAhead() => Paths(Path.GetDirectoryName(_path)!).FindAll(path => string.CompareOrdinal(path, _path) < 0);

    private static bool IsHeld(string path)
    {
        if (!FileLock.IsFree(path))
        {
            return true;
        }

        _ = AnyFile.TryDelete(path);
        return false;
    }

    /// <summary>What those left who died before their ticket had its name. For who holds the gate: nobody else is taking one.</summary>
    private static void DeleteUnborn(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, ".*"))
        {
            if (RunId.TryParse(Path.GetFileName(path)[1..]) is not null && FileLock.IsFree(path))
            {
                _ = AnyFile.TryDelete(path);
            }
        }
    }

    private static List<string> Paths(string directory)
    {
        var paths = new List<string>();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            if (IsTicket(Path.GetFileName(path.AsSpan())))
            {
                paths.Add(path);
            }
        }

        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    /// <summary>Anything else that lies there is nobody's place.</summary>
    private static bool IsTicket(ReadOnlySpan<char> name) =>
        name.Length == NumberDigits + 1 + RunId.Length && name[NumberDigits] == '-' && !name[..NumberDigits].ContainsAnyExceptInRange('0', '9');

    private static int CountOfTicketsBefore(string path)
    {
        using var counter = new Counter(path);
        _ = counter.MoveNext();
        return counter.Count;
    }

    private static long NumberIn(string path)
    {
        var name = Path.GetFileName(path.AsSpan());
        return long.Parse(name[..name.IndexOf('-')], NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>The run that holds a ticket, by its path.</summary>
    internal static string RunIn(string path) => path[(path.LastIndexOf('-') + 1)..];

    /// <summary>Counts the tickets before one, without a string for each.</summary>
    private sealed class Counter(string path) : FileSystemEnumerator<string>(Path.GetDirectoryName(path)!)
    {
        private readonly string _name = Path.GetFileName(path);

        public int Count { get; private set; }

        protected override bool ShouldIncludeEntry(ref FileSystemEntry entry)
        {
            if (IsTicket(entry.FileName) && entry.FileName.SequenceCompareTo(_name) < 0)
            {
                Count++;
            }

            return false;
        }

        protected override string TransformEntry(ref FileSystemEntry entry) => "";
    }
}
