using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A process that wt-run did not start and that works somewhere, as a person's agent does, until it is disposed.</summary>
internal sealed class Peer : IDisposable
{
    private readonly BackgroundRun _process;

    /// <summary>Starts it.</summary>
    /// <param name="scratch">The test's place.</param>
    /// <param name="directory">Where it works.</param>
    /// <param name="name">What it is called.</param>
    public Peer(Scratch scratch, string directory, string name = "agent")
    {
        var program = scratch.Path($"peers/{name}");
        if (!File.Exists(program))
        {
            scratch.Directory("peers");
            File.CreateSymbolicLink(program, Executable.Resolve("sleep", "/", scratch.Variables));
        }

        _process = Start(scratch, directory, program, "600");

        // The kernel gives a process its name first, then its arguments, and its environment last.
        Eventually.True(() => Has("cmdline", program + "\0") && Has("environ", "HOME="), $"{name} has started");
    }

    public int Pid => _process.Pid;

    /// <summary>Starts any program that works somewhere.</summary>
    public static BackgroundRun Start(Scratch scratch, string directory, params IReadOnlyList<string> argv) =>
        new(argv, CapturedCommand.Start(scratch.StartOf(directory, argv)));

    public void Dispose() => _process.Dispose();

    private bool Has(string file, string text) => File.ReadAllText($"/proc/{_process.Pid}/{file}").Contains(text, StringComparison.Ordinal);
}
