using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>A run whose supervisor is gone: its locks are free, but it is over only when its processes have ended, too.</summary>
internal static class DeadRun
{
    /// <summary>The runs that are not final and whose supervisor is gone; also those that someone is just bringing to their end, and so holds the liveness of.</summary>
    public static IReadOnlyList<RunRecord> Find(RunStore store) =>
    [
        // In this order: who ends in this moment is final before he lets go.
        .. store.ActiveIds().Where(id => !store.IsAlive(id) || IsSeenToBeGone(store.TryRead(id)?.Supervisor)).Select(store.TryRead).OfType<RunRecord>().Where(run => !run.State.IsFinal()),
    ];

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

    /// <summary>Ends what dead runs in place have left at work in a working tree, for who holds its turn alone.</summary>
    /// <returns>Which one is not over, and why; null if none is left.</returns>
    public static string? EndThoseInPlace(
        RunStore store, string tree, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> keepProcesses) => FindInPlace(store, tree)
        .Select(run => WhyNotOver(run, environment, keepProcesses) is { } why ? $"run {run.Id}, whose wt-run process died. {why}" : null)
        .FirstOrDefault(left => left is not null);

    /// <summary>Ends the run's processes.</summary>
    /// <param name="record">The run.</param>
    /// <param name="environment">The caller's variables: they say inside which runs it was started.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <returns>Why it is not over, as a sentence; null if its processes are seen to be gone.</returns>
    public static string? WhyNotOver(RunRecord record, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> keepProcesses)
    {
        if (WhyOutOfReach(record, environment) is { } why)
        {
            return why;
        }

        if (record.Supervisor is not { } supervisor || supervisor.BootId != ProcessIdentity.BootId)
        {
            return null;
        }

        var root = record.EngineProcess is { } engine ? new ProcessIdentity(engine.Pid, engine.StartTime) : (ProcessIdentity?)null;
        var grace = record.Engine.GraceMs is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : SupervisedCommand.DefaultGrace;
        var end = ProcessTree.EndRun(record.Id, root, [], grace, keepProcesses, alsoFetches: true);
        return end.AllGone ? null : $"Processes of it could not be ended: {string.Join(", ", end.NotEnded)}.";
    }

    /// <summary>Ends what a landing or dropping of a run that is over has left at work whose wt-run was killed: its verify command, its git.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    /// <exception cref="WorktreeIsolatorException">They could not all be ended.</exception>
    public static void EndKilledLanding(string runId, IReadOnlyList<string> keepProcesses)
    {
        var end = ProcessTree.EndRun(runId, null, [], SupervisedCommand.DefaultGrace, keepProcesses);
        if (!end.AllGone)
        {
            throw new WorktreeIsolatorException(
                FailureKind.System, $"Processes of a landing of run {runId} that was killed could not be ended: {string.Join(", ", end.NotEnded)}.");
        }
    }

    /// <summary>Why processes of a dead run cannot be ended, or seen, from here; null if they can be, or there are none left.</summary>
    public static string? WhyOutOfReach(RunRecord record, IReadOnlyDictionary<string, string> environment)
    {
        const uint Root = 0;
        var isOfThisBoot = record.Supervisor?.BootId == ProcessIdentity.BootId;
        if (record.Supervisor is not { } supervisor || (!isOfThisBoot && record.Worktree is null))
        {
            return null;
        }

        if (supervisor.Uid != Libc.GetEuid() && Libc.GetEuid() != Root)
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

    private static bool IsSeenToLive(ProcessInfo? supervisor) => supervisor is not null
        && supervisor.BootId == ProcessIdentity.BootId && supervisor.PidNamespace == ProcessIdentity.PidNamespace
        && new ProcessIdentity(supervisor.Pid, supervisor.StartTime).IsAlive;

    /// <summary>Another user's process may be hidden from us.</summary>
    private static bool IsSeenToBeGone(ProcessInfo? supervisor) => supervisor is not null && supervisor.Uid == Libc.GetEuid()
        && supervisor.BootId == ProcessIdentity.BootId && supervisor.PidNamespace == ProcessIdentity.PidNamespace
        && !new ProcessIdentity(supervisor.Pid, supervisor.StartTime).IsAlive;
}
