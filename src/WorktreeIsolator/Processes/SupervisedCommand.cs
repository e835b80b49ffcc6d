namespace WorktreeIsolator.Processes;

/// <summary>Which of a command's two outputs.</summary>
internal enum OutputStream
{
    Standard,
    Error,
}

/// <summary>Gets each piece of output as it comes; the bytes are valid during the call only.</summary>
internal delegate void OutputEcho(OutputStream stream, ReadOnlySpan<byte> bytes);

/// <summary>
/// A command that may run for long and start whatever it wants: an engine, setup, verify, a hook. When <see cref="Run"/> returns, none of
/// its processes runs any more but those to keep.
/// </summary>
internal sealed record SupervisedCommand
{
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The run it belongs to. If <see cref="Environment"/> holds it as WT_RUN_ID, processes are also recognised by that variable.
    /// </summary>
    public required string RunId { get; init; }

    public required IReadOnlyList<string> Argv { get; init; }

    /// <summary>Absolute path.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The whole environment; nothing is inherited.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Bytes for standard input, null for <c>/dev/null</c>. Ignored if <see cref="Interactive"/>.</summary>
    public ReadOnlyMemory<byte>? Input { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>How long the command may be silent. Ignored if <see cref="Interactive"/>, where we do not see its output.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long each gentle signal may take before the next, harder one.</summary>
    public TimeSpan Grace { get; init; } = DefaultGrace;

    /// <summary>Names of processes that the command may leave behind.</summary>
    public IReadOnlyCollection<string> KeepProcesses { get; init; } = [];

    /// <summary>Whether the command gets our terminal instead of pipes.</summary>
    public bool Interactive { get; init; }

    public required OutputLog Log { get; init; }

    /// <summary>
    /// Null if nobody watches. It is called on the supervising thread, which does nothing else until it returns. An
    /// <see cref="IOException"/> from it ends the watching, not the run.
    /// </summary>
    public OutputEcho? Echo { get; init; }

    /// <summary>Called once, right after the start, with the root process. If it throws, the command is killed.</summary>
    public Action<ProcessIdentity>? Started { get; init; }

    /// <summary>Runs the command to its end, on this thread.</summary>
    /// <param name="cancel">Stops it: interrupt, grace, terminate, grace, kill. Without effect once the root process has ended.</param>
    /// <param name="kill">Kills whatever still runs at once.</param>
    /// <exception cref="OperationCanceledException">Cancelled before it was started.</exception>
    /// <exception cref="WorktreeIsolatorException">It could not be started.</exception>
    public CommandResult Run(CancellationToken cancel, CancellationToken kill)
    {
        cancel.ThrowIfCancellationRequested();
        kill.ThrowIfCancellationRequested();
        using var supervision = new CommandSupervision(this, cancel, kill);
        return supervision.Run();
    }
}

/// <summary>Why a command's root process ended.</summary>
internal enum CommandEnd
{
    /// <summary>By itself.</summary>
    Ended,

    /// <summary>It was stopped at <see cref="SupervisedCommand.Timeout"/>.</summary>
    TimedOut,

    /// <summary>It was stopped at <see cref="SupervisedCommand.IdleTimeout"/>.</summary>
    IdleTimedOut,

    /// <summary>It was stopped because somebody cancelled.</summary>
    Cancelled,
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">
/// The root process's exit code, or 128 + the signal that ended it; 137 if it could not be ended and is in
/// <see cref="TreeEnd.NotEnded"/>.
/// </param>
/// <param name="End">Why it ended.</param>
/// <param name="Processes">What became of the other processes.</param>
/// <param name="Duration">From the start until nothing was left, without the time in which a terminal's user had suspended it.</param>
internal sealed record CommandResult(int ExitCode, CommandEnd End, TreeEnd Processes, TimeSpan Duration)
{
    /// <summary>Whether SIGKILL was needed.</summary>
    public bool Killed => Processes.Killed;
}
