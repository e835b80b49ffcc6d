using System.Globalization;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;

namespace WorktreeIsolator.Tests.Processes;

/// <summary>The supervisor in a process of its own: nothing else starts children there, and a test can kill it.</summary>
internal sealed class SupervisorProcess : IDisposable
{
    private readonly ScratchDirectory _scratch;
    private readonly ChildProcess _process;

    private SupervisorProcess(ScratchDirectory scratch, ChildProcess process)
    {
        _scratch = scratch;
        _process = process;
    }

    public int Pid => _process.Pid;

    /// <summary>The engine's root process, as soon as it runs.</summary>
    public ProcessIdentity Root
    {
        get
        {
            var parts = Eventually.Text(_scratch["result.root"]).Split(' ');
            return new(int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
    }

    public static SupervisorProcess Start(ScratchDirectory scratch, string[] options, params string[] steps) => new(scratch, ChildProcess.Start(
        new ChildStart
        {
            Argv = [TestPrograms.Supervisor, .. options, "--result", "result", "--", TestPrograms.Engine, .. steps],
            WorkingDirectory = scratch.Path,
            Environment = TestPrograms.Environment(),
            Output = ChildOutput.Null,
            Error = ChildOutput.Inherit,
            Group = ChildGroup.OwnSession,
        }));

    /// <summary>Runs it to its end.</summary>
    /// <returns>What it says of the run, by name.</returns>
    public static Dictionary<string, string> Run(ScratchDirectory scratch, string[] options, params string[] steps)
    {
        using var supervisor = Start(scratch, options, steps);
        return supervisor.Finish();
    }

    public static Dictionary<string, string> ReadResult(string file) => Eventually.Text(file)
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split(' ', 2))
        .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);

    public void Signal(int signal) => _process.Signal(signal);

    public Dictionary<string, string> Finish()
    {
        var code = _process.Wait();
        return code == 0 ? ReadResult(_scratch["result"]) : throw new InvalidOperationException($"test-supervisor ended with {code}.");
    }

    public void Dispose()
    {
        _process.Signal(9);
        _ = _process.Wait();
        _process.Dispose();
    }
}
