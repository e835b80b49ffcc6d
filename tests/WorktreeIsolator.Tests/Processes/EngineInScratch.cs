using System.Globalization;
using System.Text;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;

namespace WorktreeIsolator.Tests.Processes;

/// <summary>A scratch directory, and the test engine as a supervised command in it.</summary>
public abstract class EngineInScratch : IDisposable
{
    internal ScratchDirectory Scratch { get; } = new();

    internal string RunId { get; } = Guid.NewGuid().ToString("N")[..12];

    internal string LogFile => Scratch["output.log"];

    /// <summary>Cancelled, then killed: what the first and the second Ctrl-C do.</summary>
    internal CancellationTokenSource Cancel { get; } = new();

    internal CancellationTokenSource Kill { get; } = new();

    public void Dispose()
    {
        Scratch.Dispose();
        Cancel.Dispose();
        Kill.Dispose();
        GC.SuppressFinalize(this);
    }

    internal SupervisedCommand Engine(OutputLog log, params string[] steps) => new()
    {
        RunId = RunId,
        Argv = [TestPrograms.Engine, .. steps],
        WorkingDirectory = Scratch.Path,
        Environment = TestPrograms.Environment((ProcessTree.RunIdVariable, RunId)),
        Grace = TimeSpan.FromSeconds(10),
        Log = log,
    };

    /// <summary>Runs the engine to its end; the log is complete afterwards.</summary>
    internal CommandResult Run(string[] steps, Func<SupervisedCommand, SupervisedCommand>? change = null)
    {
        using var log = new OutputLog(LogFile);
        var command = Engine(log, steps);
        return (change?.Invoke(command) ?? command).Run(Cancel.Token, Kill.Token);
    }

    internal string LogText() => File.ReadAllText(LogFile, Encoding.UTF8);

    internal int PidIn(string file) => int.Parse(Eventually.Text(Scratch[file]), CultureInfo.InvariantCulture);

    /// <summary>Does something as soon as the engine has made a file, on a thread of its own.</summary>
    internal Thread When(string file, Action act)
    {
        var thread = new Thread(() =>
        {
            _ = Eventually.Text(Scratch[file]);
            act();
        });
        thread.Start();
        return thread;
    }
}
