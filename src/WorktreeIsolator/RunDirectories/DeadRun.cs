using System.Globalization;
using System.Text;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>A run whose supervisor is gone: its locks are free, but it is over only when its processes have ended, too.</summary>
internal static class DeadRun
{
    /// <summary>How long whoever needs what it had looks after it before he looks at the rest of the world again.</summary>
    public static readonly TimeSpan Pass = TimeSpan.FromSeconds(1);

    /// <summary>How long whoever cannot go on rests while someone else is ending a run.</summary>
    public static readonly TimeSpan PauseForOthers = TimeSpan.FromMilliseconds(100);

    /// <summary>The runs that are not final and whose supervisor is gone; also those that someone is just bringing to their end, and so holds the liveness of.</summary>
    public static IReadOnlyList<RunRecord> Find(RunStore store) =>
    [
        // In this order: who ends in this moment is final before he lets go.
        .. store.ActiveIds().Where(id => IsDead(store, id)).Select(store.TryRead).OfType<RunRecord>().Where(run => !run.State.IsFinal()),
    ];

    /// <summary>Whether a run's supervisor is gone, also if someone just brings the run to its end. Who lands or drops one that is over is alive.</summary>
    public static bool IsDead(RunStore store, string id) =>
        !store.IsAlive(id) || (store.TryRead(id) is { } record && !record.State.IsFinal() && IsSeenToBeGone(record.Supervisor));

    /// <summary>Whether a supervisor is gone as far as can be seen from here. Another user's process may be hidden from us.</summary>
    public static bool IsSeenToBeGone(ProcessInfo? supervisor) => supervisor is { IsSeenToBeGone: true };

    /// <summary>
    /// The runs in place that have had the turn of a working tree and are not over. For who holds that turn alone: then none of them lives, whoever
    /// holds its liveness, and whether or not its processes can be seen from here.
    /// </summary>
    /// <param name="store">The repository's runs.</param>
    /// <param name="tree">Top of the working tree.</param>
    public static IReadOnlyList<RunRecord> FindInPlace(RunStore store, string tree) =>
    [
        .. store.ActiveIds().Select(store.TryRead).OfType<RunRecord>()
            .Where(run => run.State >= RunState.Starting && !run.State.IsFinal() && IsInPlaceIn(run, tree) && !IsSeenToLive(run.Supervisor)),
    ];

    /// <summary>Whether a run is one in place in a working tree, whatever its project: two projects in one tree share the turn.</summary>
    public static bool IsInPlaceIn(RunRecord run, string tree) => run is { Isolation.Kind: "in_place", Directory: { } directory }
        && PeerProcesses.WorksIn(CanonicalPath.Of(tree), except: null, CanonicalPath.Of(directory));

    /// <summary>Ends what dead runs in place have left at work in a working tree, for who holds its turn alone. Stays with each for a second at most.</summary>
    /// <returns>Which one is not over, and why; null if none is left.</returns>
    public static string? EndThoseInPlace(
        RunStore store, string tree, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> keepProcesses, CancellationToken cancel) =>
        FindInPlace(store, tree)
            .Select(run => WhyNotOver(store, run, environment, keepProcesses, Pass, cancel) is { } left ? $"run {run.Id}, whose wt-run process died. {left.Why}" : null)
            .FirstOrDefault(left => left is not null)
        ?? UnreadableRun.Find(store, tree, environment).Where(run => run.MayBeAtWork).Select(run => $"run {run.Id}. {run.Text}").FirstOrDefault();

    /// <summary>
    /// Ends the run's processes, or goes on with that where someone else stopped. Whoever does holds the run's liveness, so that no two ask the same process.
    /// </summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="patience">How long to wait for processes that were asked to end.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="liveness">The run's liveness; null if the caller does not hold it: then it is taken, and if that cannot be, someone else is ending the run.</param>
    /// <returns>What keeps it from being over; null if its processes are seen to be gone.</returns>
    public static DeadRunRemains? WhyNotOver(
        RunStore store, RunRecord record, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> keepProcesses, TimeSpan patience, CancellationToken cancel,
        FileLock? liveness = null)
    {
        if (WhyOutOfReach(record, environment) is { } why)
        {
            return new DeadRunRemains(why);
        }

        if (record.Supervisor is not { } supervisor || supervisor.BootId != ProcessIdentity.BootId)
        {
            return null;
        }

        using var taken = liveness is null ? store.TryTakeOver(record.Id) : null;
        if ((liveness ?? taken) is null)
        {
            return InOtherHands(store, record);
        }

        // Who held it before us may have brought the run to its end.
        return taken is not null && store.TryRead(record.Id)?.State.IsFinal() == true
            ? null
            : End(store, record, keepProcesses, alsoFetches: true, patience, cancel);
    }

    /// <summary>What is known of a run that someone else is just ending; as he would say it, so that who asks now and then is told one thing.</summary>
    public static DeadRunRemains InOtherHands(RunStore store, RunRecord record) =>
        LastNote(store, record) is { } note && note.Known.Where(process => process.IsAlive).Select(Named).ToList() is [_, ..] known
            ? Remains(record, known, note)
            : new DeadRunRemains("Someone else is just ending it.", []);

    /// <summary>
    /// Ends what a landing or dropping of a run that is over has left at work whose wt-run was killed: its verify command, its git. For who holds the run's
    /// liveness.
    /// </summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="patience">How long to wait for processes that were asked to end.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>What is left of it; null if nothing is.</returns>
    public static DeadRunRemains? WhyLandingIsNotOver(
        RunStore store, RunRecord record, IReadOnlyList<string> keepProcesses, TimeSpan patience, CancellationToken cancel) =>
        WhyLandingIsOutOfReach(store, record.Id) is { } why ? new DeadRunRemains(why) : End(store, record, keepProcesses, alsoFetches: false, patience, cancel);

    /// <summary>The same for who cannot go on before it is over.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="isHeld">Whether the caller holds the run's liveness; if not, it is waited for.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="WorktreeIsolatorException">They could not all be ended.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static void EndKilledLanding(RunStore store, RunRecord record, bool isHeld, IReadOnlyList<string> keepProcesses, CancellationToken cancel)
    {
        var liveness = isHeld ? null : store.TryTakeOver(record.Id);
        while (!isHeld && liveness is null && store.TryRead(record.Id) is not null)
        {
            Waiting.Pause(PauseForOthers, cancel);
            liveness = store.TryTakeOver(record.Id);
        }

        using var held = liveness;
        if (WhyLandingIsNotOver(store, record, keepProcesses, Timeout.InfiniteTimeSpan, cancel) is { } left)
        {
            cancel.ThrowIfCancellationRequested();
            throw new WorktreeIsolatorException(FailureKind.System, $"Run {record.Id}: {left.Why}");
        }
    }

    /// <summary>How far it came is noted in the run's events as soon as it did, so that no process is asked twice, and none is lost that only its parent led to.</summary>
    private static DeadRunRemains? End(
        RunStore store, RunRecord record, IReadOnlyList<string> keepProcesses, bool alsoFetches, TimeSpan patience, CancellationToken cancel)
    {
        var directory = store.DirectoryOf(record.Id);
        var before = LastNote(store, record);
        var last = before;
        var terms = new EndingTerms { Patience = patience, Cancel = cancel, Last = before?.Sent, Sent = (sent, to) => Note(new EndingNote(sent, to)) };
        var end = ProcessTree.EndRun(record.Id, RootOf(record), before?.Known ?? [], GraceOf(record), keepProcesses, alsoFetches, terms);
        if (end.AllGone)
        {
            if (last is not null)
            {
                RunEvents.Append(directory, TimeProvider.System.GetUtcNow(), RunEvents.Ending, EndingNote.Done, sync: false);
            }

            return null;
        }

        if (!end.IsOngoing)
        {
            return new DeadRunRemains($"Processes of it could not be ended: {string.Join(", ", end.NotEnded)}.");
        }

        if (last is not null && end.NotEnded.Any(process => !last.Known.Contains(process.Identity) && !IsMarked(process.Identity, record)))
        {
            Note(last with { Known = [.. end.NotEnded.Select(process => process.Identity)] });
        }

        return Remains(record, [.. end.NotEnded], last);

        void Note(EndingNote note)
        {
            last = note;
            RunEvents.Append(directory, TimeProvider.System.GetUtcNow(), RunEvents.Ending, note.ToString(), sync: false);
        }
    }

    private static EndingNote? LastNote(RunStore store, RunRecord record) =>
        RunEvents.Read(store.DirectoryOf(record.Id), RunEvents.Ending) is [.., var note] ? EndingNote.TryParse(note) : null;

    /// <summary>The engine; only what is over has none that could be at work.</summary>
    private static ProcessIdentity? RootOf(RunRecord record) =>
        !record.State.IsFinal() && record.EngineProcess is { } engine ? new ProcessIdentity(engine.Pid, engine.StartTime) : null;

    private static TimeSpan GraceOf(RunRecord record) =>
        !record.State.IsFinal() && record.Engine.GraceMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : SupervisedCommand.DefaultGrace;

    /// <summary>Whether a process is found again without a note, whatever became of its parent: most of what an engine starts, and ends in a moment.</summary>
    private static bool IsMarked(ProcessIdentity process, RunRecord record) => ProcessEntry.Read(process.Pid) is not { } entry || entry.Identity != process
        || (RootOf(record) is { } root && (entry.Session == root.Pid || entry.Group == root.Pid))
        || entry.HasVariable(Encoding.UTF8.GetBytes($"{ProcessTree.RunIdVariable}={record.Id}"));

    /// <summary>
    /// What is said of processes that have time left. It stays the same while they do: what waits says each change, so children that an engine starts and ends
    /// all the time are not named.
    /// </summary>
    private static DeadRunRemains Remains(RunRecord record, List<NamedProcess> left, EndingNote? note)
    {
        var root = RootOf(record);
        var lasting = left.Where(process => note?.Known.Contains(process.Identity) == true).OrderBy(process => process.Identity.StartTime).ThenBy(process => process.Identity.Pid).ToList();
        string[] atWork = left.Exists(process => process.Identity == root) ? [Describe(left.Find(process => process.Identity == root)!, record, isRoot: true)]
            : lasting is [var first, .. var others] ? [Describe(first, record, isRoot: false), .. others.Count > 0 ? [string.Create(CultureInfo.InvariantCulture, $"and {others.Count} more")] : Array.Empty<string>()]
            : [Describe(left[0], record, isRoot: false)];
        return new DeadRunRemains(
            $"Still at work of it: {string.Join(" ", atWork)}. It was asked to end, and has {Duration.Format(GraceOf(record))} for that (grace) before it is told more sharply; whichever wt-run command comes next goes on with it.",
            atWork);
    }

    private static NamedProcess Named(ProcessIdentity process) => new(process, ProcessEntry.Read(process.Pid)?.Name ?? "?");

    private static string Describe(NamedProcess process, RunRecord record, bool isRoot) => string.Create(
        CultureInfo.InvariantCulture, $"{(isRoot ? $"engine {record.Engine.Name ?? process.Name}" : process.Name)} (pid {process.Identity.Pid})");

    /// <summary>Why processes of a dead run cannot be ended, or seen, from here; null if they can be, or there are none left.</summary>
    public static string? WhyOutOfReach(RunRecord record, IReadOnlyDictionary<string, string> environment)
    {
        var isOfThisBoot = record.Supervisor?.BootId == ProcessIdentity.BootId;
        if (record.Supervisor is not { } supervisor || (!isOfThisBoot && record.Worktree is null))
        {
            return null;
        }

        if (IsOfAnotherUser(supervisor))
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"It belongs to another user (uid {supervisor.Uid}): a wt-run command of that user here, or of root, brings it to its end.");
        }

        if (!isOfThisBoot)
        {
            return null;
        }

        if (RunEnvironment.Parents(environment).Contains(record.Id))
        {
            return "It is the run inside which this command was started, so its engine still works.";
        }

        return supervisor.PidNamespace == ProcessIdentity.PidNamespace
            ? null
            : "It belongs to another pid namespace (a container): whether its engine still runs cannot be seen from here.";
    }

    /// <summary>What to type for a run whose processes are out of reach from here.</summary>
    public static string HelpOutOfReach(RunRecord record) => record.Supervisor is { } supervisor && IsOfAnotherUser(supervisor)
        ? "wt-run list   # as that user, or as root"
        : "wt-run list   # there, where it was started; or here after the next boot";

    /// <summary>What is to be said of a run that died and is not over yet, as sentences, and what helps who wants it over.</summary>
    /// <param name="record">The run.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    public static (string Why, string Help) Explain(RunRecord record, IReadOnlyDictionary<string, string> environment)
    {
        if (WhyOutOfReach(record, environment) is { } outOfReach)
        {
            return ($"Its wt-run process died. {outOfReach}", HelpOutOfReach(record));
        }

        // Whatever looked at runs has begun to end it, and its message says how far that is.
        const string wait = "To wait until what it left is ended: wt-run prune";
        var why = record.Message ?? "Its wt-run process died.";
        var pid = record.EngineProcess?.Pid.ToString(CultureInfo.InvariantCulture);
        return (why, pid is not null && why.Contains($"(pid {pid})", StringComparison.Ordinal) ? $"{wait}; to end its engine at once: kill -KILL {pid}" : wait);
    }

    /// <summary>
    /// Why what a landing or dropping has left that died cannot be dealt with from here; null if it can be, or none died. For who holds the liveness of
    /// the run, which is over.
    /// </summary>
    public static string? WhyLandingIsOutOfReach(RunStore store, string id) => store.WhoActivated(id) switch
    {
        null => null,
        { Uid: var uid } other when IsOfAnotherUser(other) => string.Create(
            CultureInfo.InvariantCulture, $"A landing or dropping of it by another user (uid {uid}) broke off; a wt-run command of that user here, or of root, brings it to its end."),
        { } other when other.BootId == ProcessIdentity.BootId && other.PidNamespace != ProcessIdentity.PidNamespace =>
            "A landing or dropping of it in another pid namespace (a container) broke off: whether something of it still runs cannot be seen from here. A wt-run command there, or the first one after the next boot, brings it to its end.",
        _ => null,
    };

    private static bool IsOfAnotherUser(ProcessInfo process)
    {
        const uint Root = 0;
        return process.Uid != Libc.GetEuid() && Libc.GetEuid() != Root;
    }

    private static bool IsSeenToLive(ProcessInfo? supervisor) => supervisor is not null
        && supervisor.BootId == ProcessIdentity.BootId && supervisor.PidNamespace == ProcessIdentity.PidNamespace
        && new ProcessIdentity(supervisor.Pid, supervisor.StartTime).IsAlive;
}
