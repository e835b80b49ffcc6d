using System.Reflection;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.Samples;

/// <summary>
/// The home of someone who uses the samples as they stand: <c>wt-run</c> and an engine <c>claude</c> in <c>~/.local/bin</c>, the samples'
/// configuration, and the repository <c>~/code/scout</c> that it names. The engine leaves its prompt in a file <c>prompt</c>.
/// </summary>
internal sealed class SampleHome : IDisposable
{
    public SampleHome()
    {
        Scratch = new Scratch();
        Scratch.Set("ONLY_IN_A_SHELL", "1");
        File.Copy(Scratch.Path("gitconfig"), Scratch.Path("home/.gitconfig"));
        Scratch.Write("home/.config/wt-run/wt-run.toml", Sample("wt-run.toml"));
        Scratch.Script("home/.local/bin/wt-run", $"DOTNET_ROOT='{Scratch.Variables["DOTNET_ROOT"]}' exec '{WtRun.Program}' \"$@\"\n");
        Engine("echo The engine was here.");
        Repository = new TestRepository(Scratch, "home/code/scout");
    }

    public Scratch Scratch { get; }

    public TestRepository Repository { get; }

    /// <summary>The variables that the engine saw, one <c>NAME=VALUE</c> per line.</summary>
    public string EngineEnvironment => File.ReadAllText(Scratch.Path("home/engine-environment"));

    /// <summary>The text of a sample, with this home for the one it is written for.</summary>
    public string Sample(string path) =>
        File.ReadAllText(Path.Combine(Metadata("sources"), "samples", path)).Replace("/home/you", Scratch.Home, StringComparison.Ordinal);

    /// <summary>Absolute path of the built sample of that name.</summary>
    public static string Program(string name) => Path.GetFullPath(Metadata(name));

    /// <summary>Makes the engine do more than to keep its prompt.</summary>
    public void Engine(string script) =>
        Scratch.Script("home/.local/bin/claude", $"cat > prompt\nenv > '{Scratch.Path("home/engine-environment")}'\n{script}\n");

    /// <summary>Starts a program in this home and returns at once.</summary>
    public BackgroundRun Start(params IReadOnlyList<string> argv) => new(argv, CapturedCommand.Start(Scratch.StartOf(Scratch.Home, argv)));

    /// <summary>Waits until one run has begun and is over.</summary>
    /// <param name="daemon">What starts it; what it printed is told if nothing comes of it.</param>
    public RunRecord AwaitRun(BackgroundRun daemon)
    {
        RunRecord? run = null;
        try
        {
            Eventually.True(() => daemon.HasEnded || (run = Repository.Runs().SingleOrDefault())?.State.IsFinal() == true, "a run is over");
        }
        catch (TimeoutException)
        {
            daemon.Signal(Libc.SIGKILL);
        }

        return run ?? throw new InvalidOperationException($"There was no run.\n{daemon.Wait()}");
    }

    public void Dispose() => Scratch.Dispose();

    private static string Metadata(string key) =>
        typeof(SampleHome).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == key).Value!;
}
