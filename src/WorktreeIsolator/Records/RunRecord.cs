using System.Globalization;
using System.Text.Json.Serialization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Records;

/// <summary>Where a run ran, and why there.</summary>
/// <param name="Kind"><c>worktree</c> or <c>in_place</c>.</param>
/// <param name="Reason">The rule that decided, in words.</param>
public sealed record IsolationInfo(string Kind, string Reason);

/// <summary>What a run's worktree was made from.</summary>
/// <param name="Ref">The branch, tag or commit as it was asked for or found.</param>
/// <param name="Commit">The full object id.</param>
public sealed record BaseInfo(string Ref, string Commit);

/// <summary>The command that ran.</summary>
/// <param name="Name">The configured engine; null for a command given on the command line.</param>
/// <param name="Command">Program and arguments; the prompt stands in it as <c>{prompt}</c>.</param>
/// <param name="ExitCode">128 + signal if a signal ended it; null if it has not ended or never started.</param>
/// <param name="GraceMs">Milliseconds that it has to end by itself after an interrupt, and again after a terminate; null in records of older versions.</param>
public sealed record EngineInfo(string? Name, IReadOnlyList<string> Command, int? ExitCode = null, long? GraceMs = null);

/// <summary>What became of the run's commits.</summary>
/// <param name="Policy"><c>merge</c>, <c>push</c>, <c>branch</c> or <c>none</c>.</param>
/// <param name="Result">Null until it is known.</param>
/// <param name="Target">Short name of the branch to land on, or <c>remote/branch</c>; null if there is none.</param>
/// <param name="Commit">The commit that landed, was pushed or is kept.</param>
/// <param name="Conflicts">Paths that conflict, relative to the top of the repository.</param>
public sealed record MergeBackInfo(
    string Policy, MergeBackResult? Result = null, string? Target = null, string? Commit = null, IReadOnlyList<string>? Conflicts = null);

/// <summary>Something that wt-run left on purpose.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record KeptInfo(string Path, string Reason);

/// <summary>Ignored files of a run's worktree that were kept because <c>artifacts</c> asks for them.</summary>
/// <param name="Path">Absolute path of the directory that holds them, at the paths that they had in the worktree.</param>
/// <param name="Files">How many there are, links included.</param>
/// <param name="Bytes">How much they hold in all.</param>
public sealed record ArtifactsInfo(string Path, int Files, long Bytes);

/// <summary>The wait for a turn, or for whatever else a run waits for.</summary>
/// <param name="Position">Place in the queue, 1 for the next; null when it no longer waits.</param>
/// <param name="WaitedMs">Milliseconds waited, when the place or who is ahead changed last.</param>
/// <param name="Behind">Id of the run that has what it waits for; null if that is not a run.</param>
/// <param name="HeldBy">Who has it, if that is no run, or a run whose wt-run died; else null.</param>
/// <param name="WaitsFor">What for, as the end of <c>waiting for …</c>; null when it no longer waits, and in records of older versions.</param>
public sealed record QueueInfo(int? Position, long WaitedMs, string? Behind = null, string? HeldBy = null, string? WaitsFor = null)
{
    /// <summary>Its place, as people who wait are told: <c>position 2, behind 3f9c12ab cron:nightly, 4 min</c>; null when it no longer waits.</summary>
    /// <param name="ahead">The record of <see cref="Behind"/>; null if it is not known.</param>
    /// <param name="now">The time.</param>
    public string? Place(RunRecord? ahead, DateTimeOffset now)
    {
        var who = HeldBy ?? ahead?.InShort(now) ?? Behind?[..8];
        return Position is { } place ? string.Create(CultureInfo.InvariantCulture, $"position {place}{(who is null ? "" : $", behind {who}")}") : null;
    }
}

/// <summary>A process, named so that a reused pid cannot be taken for it.</summary>
/// <param name="Pid">Process id in its pid namespace.</param>
/// <param name="StartTime">Clock ticks since boot at which it started (field 22 of /proc/PID/stat).</param>
/// <param name="BootId">The boot during which that is true.</param>
/// <param name="PidNamespace">Inode of the pid namespace.</param>
/// <param name="Uid">The user it runs as.</param>
public sealed record ProcessInfo(int Pid, long StartTime, string BootId, long PidNamespace, uint Uid)
{
    /// <summary>Whether it is gone as far as can be seen from here. Another user's process may be hidden from us.</summary>
    internal bool IsSeenToBeGone => Uid == Libc.GetEuid() && IsOfThisBoot && IsOfThisNamespace && !Identity.IsAlive;

    /// <summary>Which process that is, if it is of this boot and of our pid namespace; otherwise the pid and the time may be a stranger's.</summary>
    internal ProcessIdentity Identity => new(Pid, StartTime);

    /// <summary>Whether it was started since the machine was; if not, it is gone.</summary>
    internal bool IsOfThisBoot => BootId == ProcessIdentity.BootId;

    /// <summary>Whether its pid means the same to us.</summary>
    internal bool IsOfThisNamespace => PidNamespace == ProcessIdentity.PidNamespace;

    /// <summary>A process of this machine, this user and our pid namespace.</summary>
    internal static ProcessInfo Of(ProcessIdentity process) =>
        new(process.Pid, process.StartTime, ProcessIdentity.BootId, ProcessIdentity.PidNamespace, Libc.GetEuid());

    /// <summary>Reads a line as <see cref="ToLine"/> makes it; null if it is none.</summary>
    internal static ProcessInfo? TryParse(string line) =>
        line.Trim().Split(' ') is [var pid, var start, var boot, var space, var uid]
        && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && long.TryParse(space, NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
        && uint.TryParse(uid, NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            ? new ProcessInfo(id, ticks, boot, inode, user)
            : null;

    /// <summary>All of it on one line.</summary>
    internal string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Pid} {StartTime} {BootId} {PidNamespace} {Uid}\n");
}

/// <summary>What is just being done with a run that is over.</summary>
/// <param name="Doing"><c>landing</c> or <c>dropping</c>.</param>
/// <param name="Process">Who does it.</param>
public sealed record InHandInfo(string Doing, ProcessInfo Process);

/// <summary>
/// Everything there is to know about one run; what <c>--json</c> prints and <c>run.json</c> holds, with names in snake_case. Times are UTC.
/// </summary>
public sealed record RunRecord
{
    /// <summary>The version of this format that this program writes.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Format version; a record with a newer one is left alone.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Twelve hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the project.</summary>
    public required string Project { get; init; }

    /// <summary>How far it has come.</summary>
    public RunState State { get; init; }

    /// <summary>What started it.</summary>
    public required Trigger Trigger { get; init; }

    /// <summary>The session it belongs to, if any.</summary>
    public string? Session { get; init; }

    /// <summary>Where it ran and why there.</summary>
    public required IsolationInfo Isolation { get; init; }

    /// <summary>What its worktree was made from; null for a run in place.</summary>
    public BaseInfo? Base { get; init; }

    /// <summary>Short name of the run branch; null for a run in place.</summary>
    public string? Branch { get; init; }

    /// <summary>Absolute path of its worktree; null for a run in place.</summary>
    public string? Worktree { get; init; }

    /// <summary>Absolute path of the directory in which the engine started.</summary>
    public string? Directory { get; init; }

    /// <summary>Whether the worktree was a warm slot.</summary>
    public bool Warm { get; init; }

    /// <summary>The command that ran.</summary>
    public required EngineInfo Engine { get; init; }

    /// <summary>What became of its work; null for a run in place.</summary>
    public MergeBackInfo? MergeBack { get; init; }

    /// <summary>Full name of the ref that keeps what no branch holds; null if none was needed.</summary>
    public string? RescueRef { get; init; }

    /// <summary>What was left on purpose; null if nothing was.</summary>
    public KeptInfo? Kept { get; init; }

    /// <summary>Ignored files that were kept; null if there were none, or none were asked for.</summary>
    public ArtifactsInfo? Artifacts { get; init; }

    /// <summary>The wait for a turn; null if there was none.</summary>
    public QueueInfo? Queue { get; init; }

    /// <summary>Milliseconds from the request to the start of the engine.</summary>
    public long? PrepareMs { get; init; }

    /// <summary>Milliseconds for which the run held the repository lock, in all.</summary>
    public long? LockHeldMs { get; init; }

    /// <summary>Absolute path of the engine's output.</summary>
    public string? Log { get; init; }

    /// <summary>The wt-run process that owns the run.</summary>
    public ProcessInfo? Supervisor { get; init; }

    /// <summary>The engine's root process, once it was started; its pid is also its session.</summary>
    public ProcessInfo? EngineProcess { get; init; }

    /// <summary>When the run was asked for.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the engine was started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the run was over; what is done with its work later does not change it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When what it left was last landed, dropped or pruned by hand; null if that never was.</summary>
    public DateTimeOffset? SettledAt { get; init; }

    /// <summary>What happened, as a sentence, if there is something to say.</summary>
    public string? Message { get; init; }

    /// <summary>What to do next, if something is to be done.</summary>
    public string? Hint { get; init; }

    /// <summary>
    /// Who lands or drops it at this moment, although it is over; null if nobody does, or nobody looked (<see cref="RunStore.ReadInHand"/>). It stands in
    /// no file: who dies would leave it there.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public InHandInfo? InHand { get; init; }

    /// <summary>
    /// Whether its work is complete and only waits until nobody is in the way where it has to land. That of a session is complete when a person says so.
    /// </summary>
    public bool WaitsForItsTarget() => Session is null && State == RunState.NeedsMerge && MergeBack?.Result == MergeBackResult.TargetBusy;

    /// <summary>What those who wait behind it are told: <c>3f9c12ab cron:nightly, 4 min</c>.</summary>
    /// <param name="now">The time; it has been at work since its engine was started, or else since it was asked for.</param>
    public string InShort(DateTimeOffset now)
    {
        // One that is over is waited for only while someone works with what it left.
        if (State.IsFinal() && (Session is not null || Isolation.Kind == "in_place"))
        {
            return $"{Id[..8]} {Trigger}, which is over; {(Session is null ? "work that waited for it is being landed" : "its session is being landed or dropped")}";
        }

        var age = now - (StartedAt ?? CreatedAt);
        return age.TotalMinutes >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{Id[..8]} {Trigger}, {(int)age.TotalMinutes} min")
            : string.Create(CultureInfo.InvariantCulture, $"{Id[..8]} {Trigger}, {Math.Max(0, (int)age.TotalSeconds)} s");
    }

    /// <summary>What of the wait is left to say once the run waits no more, whether it was its turn or not; null if it never waited.</summary>
    /// <param name="end">When the wait ended, if that is known.</param>
    internal QueueInfo? QueueWhenOver(DateTimeOffset? end) => Queue is not { } queue ? null
        : new QueueInfo(null, queue.Position is not null && end is { } time ? Math.Max(queue.WaitedMs, (long)(time - CreatedAt).TotalMilliseconds) : queue.WaitedMs);

    /// <summary>The order in which records are listed, and in which work that waits is landed.</summary>
    public static int OldestFirst(RunRecord one, RunRecord other)
    {
        var byAge = one.CreatedAt.CompareTo(other.CreatedAt);
        return byAge != 0 ? byAge : string.CompareOrdinal(one.Id, other.Id);
    }

    /// <summary>From when on its age counts for retention; null if it is not over.</summary>
    public DateTimeOffset? RestsSince() => SettledAt ?? FinishedAt;

    /// <summary>
    /// What holds its work for as long as its target does not: the run branch, or the rescue ref; null if its work is elsewhere, was given up,
    /// or there is none.
    /// </summary>
    public string? WorkRef() => MergeBack switch
    {
        null or { Result: null or MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Nothing or MergeBackResult.Dropped } => null,

        // merge_back = "none" leaves no branch of a run that succeeded.
        { Policy: "none", Result: MergeBackResult.Kept } when State == RunState.Succeeded && Kept is null && RescueRef is not null => RescueRef,
        _ => Branch,
    };
}
