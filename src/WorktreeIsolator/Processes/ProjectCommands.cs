namespace WorktreeIsolator.Processes;

/// <summary>Runs what a project or its repository wants run around the engine: setup, verify, hooks, notifications. Their output goes where the engine's goes.</summary>
internal sealed class ProjectCommands(
    string runId, OutputLog log, OutputEcho? echo, IReadOnlyCollection<string> keepProcesses, Action<string> began, CancellationToken cancel, CancellationToken kill)
{
    /// <summary>Runs one command to its end.</summary>
    /// <param name="name">What it is, for messages: <c>setup</c>.</param>
    /// <param name="argv">Program and arguments.</param>
    /// <param name="directory">Where it starts.</param>
    /// <param name="environment">Its whole environment.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="input">Bytes for its standard input; null for <c>/dev/null</c>.</param>
    /// <returns>Its exit code; null if it was ended because its time was over.</returns>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public int? Run(
        string name,
        IReadOnlyList<string> argv,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan timeout,
        ReadOnlyMemory<byte>? input = null)
    {
        began($"running {name}: {string.Join(' ', argv)}");
        log.Note($"{name}: {string.Join(' ', argv)}");
        var result = new SupervisedCommand
        {
            RunId = runId,
            Argv = argv,
            WorkingDirectory = directory,
            Environment = environment,
            Input = input,
            Timeout = timeout,
            KeepProcesses = keepProcesses,
            Log = log,
            Echo = echo,
        }.Run(cancel, kill);
        if (result.End == CommandEnd.Cancelled)
        {
            throw new OperationCanceledException($"Cancelled during {name}.", cancel);
        }

        log.Note(result.End == CommandEnd.TimedOut ? $"{name} was ended after {timeout}" : $"{name} ended with exit code {result.ExitCode}");
        return result.End == CommandEnd.Ended ? result.ExitCode : null;
    }
}
