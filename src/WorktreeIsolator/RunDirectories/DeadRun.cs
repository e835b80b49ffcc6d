using System.Globalization;
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

    private const int MostNamed = 5;

    /// <summary>The runs that are not final and whose supervisor is gone; also those that someone is just bringing to their end, and so holds the liveness of.</summary>
    public static IReadOnlyList<RunRecord> Find(RunStore store) =>
    [
        // In this order: who ends in this moment is final before he lets go.
        .. store.ActiveIds().Where(id => IsDead(store, id)).Select(store.TryRead).OfType<RunRecord>().Where(run => !run.State.IsFinal()),
    ];

    /// <summary>Whether a run's supervisor is gone, also if someone just brings the run to its end.</summary>
    public static bool IsDead(RunStore store, string id) => !store.IsAlive(id) || IsSeenToBeGone(store.TryRead(id)?.Supervisor);

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

    /// <summary>Ends the run's processes, or goes on with that where someone else stopped.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="patience">How long to wait for processes that were asked to end.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>What keeps it from being over; null if its processes are seen to be gone.</returns>
    public static DeadRunRemains? WhyNotOver(
        RunStore store, RunRecord record, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> keepProcesses, TimeSpan patience, CancellationToken cancel)
    {
        if (WhyOutOfReach(record, environment) is { } why)
        {
            return new DeadRunRemains(why);
        }

        if (record.Supervisor is not { } supervisor || supervisor.BootId != ProcessIdentity.BootId)
        {
            return null;
        }

        var root = record.EngineProcess is { } engine ? new ProcessIdentity(engine.Pid, engine.StartTime) : (ProcessIdentity?)null;
        var grace = record.Engine.GraceMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : SupervisedCommand.DefaultGrace;
        return End(store, record, root, grace, keepProcesses, alsoFetches: true, patience, cancel);
    }

    /// <summary>Ends what a landing or dropping of a run that is over has left at work whose wt-run was killed: its verify command, its git.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="patience">How long to wait for processes that were asked to end.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>What is left of it; null if nothing is.</returns>
    public static DeadRunRemains? WhyLandingIsNotOver(
        RunStore store, RunRecord record, IReadOnlyList<string> keepProcesses, TimeSpan patience, CancellationToken cancel) =>
        WhyLandingIsOutOfReach(store, record.Id) is { } why ? new DeadRunRemains(why) : End(store, record, null, SupervisedCommand.DefaultGrace, keepProcesses, alsoFetches: false, patience, cancel);

    /// <summary>The same for who cannot go on before it is over.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="WorktreeIsolatorException">They could not all be ended.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public static void EndKilledLanding(RunStore store, RunRecord record, IReadOnlyList<string> keepProcesses, CancellationToken cancel)
    {
        if (WhyLandingIsNotOver(store, record, keepProcesses, Timeout.InfiniteTimeSpan, cancel) is { } left)
        {
            cancel.ThrowIfCancellationRequested();
            throw new WorktreeIsolatorException(FailureKind.System, $"Run {record.Id}: {left.Why}");
        }
    }

    /// <summary>How far it came is noted in the run's events, so that no process is asked twice, and none is lost that only its parent led to.</summary>
    private static DeadRunRemains? End(
        RunStore store, RunRecord record, ProcessIdentity? root, TimeSpan grace, IReadOnlyList<string> keepProcesses, bool alsoFetches, TimeSpan patience, CancellationToken cancel)
    {
        var directory = store.DirectoryOf(record.Id);
        var before = RunEvents.Read(directory, RunEvents.Ending) is [.., var note] ? EndingNote.TryParse(note) : null;
        var terms = new EndingTerms { Patience = patience, Cancel = cancel, Last = before?.Sent };
        var end = ProcessTree.EndRun(record.Id, root, before?.Known ?? [], grace, keepProcesses, alsoFetches, terms);
        if (end.AllGone)
        {
            if (before is not null)
            {
                RunEvents.Append(directory, TimeProvider.System.GetUtcNow(), RunEvents.Ending, EndingNote.Done, sync: false);
            }

            return null;
        }

        if (!end.IsOngoing)
        {
            return new DeadRunRemains($"Processes of it could not be ended: {string.Join(", ", end.NotEnded)}.");
        }

        if (end.LastSent is { } sent && new EndingNote(sent, [.. end.NotEnded.Select(process => process.Identity)]).ToString() is var now && now != before?.ToString())
        {
            RunEvents.Append(directory, TimeProvider.System.GetUtcNow(), RunEvents.Ending, now, sync: false);
        }

        string[] atWork = [.. end.NotEnded.Take(MostNamed).Select(process => Describe(process, root, record)), .. end.NotEnded.Count > MostNamed ? ["…"] : Array.Empty<string>()];
        return new DeadRunRemains(
            $"Still at work of it: {string.Join(", ", atWork)}. It was asked to end, and has {Duration.Format(grace)} for that (grace) before it is told more sharply; whichever wt-run command comes next goes on with it.",
            atWork);
    }

    private static string Describe(NamedProcess process, ProcessIdentity? root, RunRecord record) => string.Create(
        CultureInfo.InvariantCulture, $"{(process.Identity == root ? $"engine {record.Engine.Name ?? process.Name}" : process.Name)} (pid {process.Identity.Pid})");

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
                CultureInfo.InvariantCulture, $"It belongs to another user (uid {supervisor.Uid}), whose next wt-run command here brings it to its end.");
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

    /// <summary>
    /// Why what a landing or dropping has left that died cannot be dealt with from here; null if it can be, or none died. For who holds the liveness of
    /// the run, which is over.
    /// </summary>
    public static string? WhyLandingIsOutOfReach(RunStore store, string id) => store.WhoActivated(id) switch
    {
        null => null,
        { Uid: var uid } other when IsOfAnotherUser(other) => string.Create(
            CultureInfo.InvariantCulture, $"A landing or dropping of it by another user (uid {uid}) broke off; that user's next wt-run command here brings it to its end."),
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

    /// <summary>Another user's process may be hidden from us.</summary>
    private static bool IsSeenToBeGone(ProcessInfo? supervisor) => supervisor is not null && supervisor.Uid == Libc.GetEuid()
        && supervisor.BootId == ProcessIdentity.BootId && supervisor.PidNamespace == ProcessIdentity.PidNamespace
        && !new ProcessIdentity(supervisor.Pid, supervisor.StartTime).IsAlive;
}
