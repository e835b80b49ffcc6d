using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Engines;

/// <summary>How an engine ended.</summary>
/// <param name="End">Why.</param>
/// <param name="ExitCode">128 + signal if a signal ended it; 126 or 127 if it could not be started; null if it was cancelled before.</param>
/// <param name="Message">What a person should know beyond that; null if nothing.</param>
/// <param name="Hint">What to do next; null if nothing.</param>
internal sealed record EngineResult(CommandEnd End, int? ExitCode, string? Message, string? Hint = null)
{
    /// <summary>Whether processes of it could not be ended: they may still write into its directory.</summary>
    public bool LeftProcesses { get; init; }

    /// <summary>Whether it ended by itself with 0, and all of it has ended.</summary>
    public bool Succeeded => End == CommandEnd.Ended && ExitCode == 0 && !LeftProcesses;

    /// <summary>A clause: <c>failed with exit code 3</c>.</summary>
    public string Description => End switch
    {
        CommandEnd.Cancelled => "was cancelled",
        CommandEnd.TimedOut => "ran too long",
        CommandEnd.IdleTimedOut => "was silent too long",
        _ when ExitCode == 0 => LeftProcesses ? "left processes that could not be ended" : "ended",
        _ => string.Create(CultureInfo.InvariantCulture, $"failed with exit code {ExitCode}"),
    };
}

/// <summary>Runs the engine in its directory and says how it ended; no process of it is alive afterwards but those to keep.</summary>
internal static class EngineRun
{
    private const int NotExecutable = 126;
    private const int NotFound = 127;

    /// <summary>
    /// Runs it. A program that cannot be started is a result, as in a shell: 126 or 127. So is a run that is cancelled at the last moment: its directory
    /// is there, and has to be given back.
    /// </summary>
    public static EngineResult Run(SupervisedCommand command, CancellationToken cancel, CancellationToken kill)
    {
        try
        {
            var result = command.Run(cancel, kill);
            return new EngineResult(result.End, result.ExitCode, Describe(command, result)) { LeftProcesses = !result.Processes.AllGone };
        }
        catch (OperationCanceledException)
        {
            return new EngineResult(CommandEnd.Cancelled, null, "Cancelled before the engine was started.");
        }
        catch (WorktreeIsolatorException e) when (e.Kind is FailureKind.EngineNotFound or FailureKind.EngineNotExecutable)
        {
            return new EngineResult(CommandEnd.Ended, e.Kind == FailureKind.EngineNotFound ? NotFound : NotExecutable, e.Message, e.Hint);
        }
    }

    private static string? Describe(SupervisedCommand command, CommandResult result)
    {
        var sentences = new List<string>();
        switch (result.End)
        {
            case CommandEnd.TimedOut:
                sentences.Add($"The engine ran longer than {Duration.Format(command.Timeout!.Value)} (timeout) and was stopped.");
                break;
            case CommandEnd.IdleTimedOut:
                sentences.Add($"The engine was silent for {Duration.Format(command.IdleTimeout!.Value)} (idle_timeout) and was stopped.");
                break;
            case CommandEnd.Ended when result.ExitCode > 128:
                sentences.Add(string.Create(CultureInfo.InvariantCulture, $"The engine was ended by signal {result.ExitCode - 128}."));
                break;
            case CommandEnd.Ended when result.ExitCode != 0:
                sentences.Add(string.Create(CultureInfo.InvariantCulture, $"The engine failed with exit code {result.ExitCode}."));
                break;
            default:
                break;
        }

        if (result.Killed)
        {
            sentences.Add("It did not react to signals and was killed.");
        }

        if (result.Processes.Ended.Count > 0 && result.End == CommandEnd.Ended)
        {
            sentences.Add($"Processes that it left behind were ended: {string.Join(", ", result.Processes.Ended)}.");
        }

        if (result.Processes.NotEnded.Count > 0)
        {
            sentences.Add($"These of its processes could not be ended: {string.Join(", ", result.Processes.NotEnded)}.");
        }

        return sentences.Count == 0 ? null : string.Join(' ', sentences);
    }
}
