using System.Collections;
using System.Text;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Benchmarks;

/// <summary>A temporary directory with a home and a git configuration of its own.</summary>
internal class BenchmarkDirectory : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("wt-run-benchmark-").FullName;
    private readonly Dictionary<string, string> _environment;

    public BenchmarkDirectory()
    {
        Path = Directory.CreateDirectory(Beside("project")).FullName;
        _environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string)e.Value!, StringComparer.Ordinal);
        _environment["HOME"] = _root;
        _environment["XDG_STATE_HOME"] = Beside("state");
        _environment["GIT_CONFIG_NOSYSTEM"] = "1";
        _environment["GIT_CONFIG_GLOBAL"] = Beside("gitconfig");
        File.WriteAllText(Beside("gitconfig"), "[user]\n\tname = Benchmark\n\temail = benchmark@example.org\n[gc]\n\tauto = 0\n");
    }

    /// <summary>Where programs are started.</summary>
    public string Path { get; }

    /// <summary>A path outside of that.</summary>
    public string Beside(string name) => System.IO.Path.Combine(_root, name);

    /// <summary>Runs a program to its end.</summary>
    public void Run(params IReadOnlyList<string> argv)
    {
        using var command = Start(argv);
        AwaitSuccess(command, argv);
    }

    /// <summary>Starts a program that prints little.</summary>
    public CapturedCommand Start(params IReadOnlyList<string> argv) =>
        CapturedCommand.Start(new ChildStart { Argv = argv, WorkingDirectory = Path, Environment = _environment });

    /// <summary>Waits for a program.</summary>
    public static void AwaitSuccess(CapturedCommand command, params IReadOnlyList<string> argv)
    {
        var result = command.Finish(timeout: null);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', argv)} ended with {result.ExitCode}: {Encoding.UTF8.GetString(result.Error)}");
        }
    }

    public void Dispose() => Run("rm", "-rf", "--", _root);
}
