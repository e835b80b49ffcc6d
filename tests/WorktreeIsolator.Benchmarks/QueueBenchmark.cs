using System.Globalization;
using System.Text;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Benchmarks;

/// <summary>
/// Runs in place of a project with <c>concurrent = false</c>, each a process of its own, that wait behind one whose engine does not end: what each of them
/// takes meanwhile of processor and memory; and then, when it ends, how long it takes from the end of one engine to the start of the next.
/// </summary>
internal sealed class QueueBenchmark : IDisposable
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Stretch = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly BenchmarkDirectory _project = new();
    private readonly string _program;
    private readonly bool _isGit;

    /// <summary>Prepares a project.</summary>
    public QueueBenchmark(string program, bool isGit)
    {
        _program = program;
        _isGit = isGit;
        File.WriteAllText(Path.Combine(_project.Path, "wt-run.toml"), "[projects.benchmark]\npath = \".\"\nconcurrent = false\n");
        if (isGit)
        {
            _project.Run("git", "init", "--quiet", "-b", "main");
            _project.Run("git", "commit", "--quiet", "--allow-empty", "-m", "Begin");
        }
    }

    /// <summary>The heading of what <see cref="Measure"/> prints.</summary>
    public static string Heading =>
        $"{"queue",-28}{"cpu % next",12}{"cpu % median",14}{"cpu % most",12}{"MiB median",12}{"MiB most",10}{"hand-over ms",14}{"quartiles",14}{"90th",8}";

    /// <summary>Measures, and prints one line.</summary>
    /// <param name="count">How many wait.</param>
    public void Measure(int count)
    {
        var (go, times) = (_project.Beside("go"), _project.Beside("times"));
        using var first = Start($"until test -e '{go}'; do sleep 0.1; done");
        AwaitTickets(1);
        var waiting = new List<CapturedCommand>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                waiting.Add(Start($"date +%s%N >> '{times}'; date +%s%N >> '{times}'"));
            }

            AwaitTickets(count + 1);
            Waiting.Pause(Settling, CancellationToken.None);
            var before = waiting.ConvertAll(run => CpuSeconds(run.Pid));
            var clock = System.Diagnostics.Stopwatch.StartNew();
            Waiting.Pause(Stretch, CancellationToken.None);
            var cpu = waiting.Select((run, i) => 100 * (CpuSeconds(run.Pid) - before[i]) / clock.Elapsed.TotalSeconds).ToList();
            var memory = waiting.ConvertAll(run => PrivateMebibytes(run.Pid));
            var next = cpu[waiting.FindIndex(run => run.Pid == NextInLine())];
            File.WriteAllText(go, "");
            BenchmarkDirectory.AwaitSuccess(first, "the run ahead");
            waiting.ForEach(run => BenchmarkDirectory.AwaitSuccess(run, "a run that waited"));
            Print(count, next, cpu, memory, HandOvers(times));
        }
        finally
        {
            waiting.ForEach(run => run.Dispose());
        }
    }

    public void Dispose() => _project.Dispose();

    private void Print(int count, double next, List<double> cpu, List<double> memory, List<double> handOvers)
    {
        var among = handOvers.Count == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{Pairwise.Quantile(handOvers, 0.5),14:0.0}{$"{Pairwise.Quantile(handOvers, 0.25):0.0}–{Pairwise.Quantile(handOvers, 0.75):0.0}",14}{Pairwise.Quantile(handOvers, 0.9),8:0.0}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{$"{count} waiting, {(_isGit ? "git" : "without git")}",-28}{next,12:0.00}{Pairwise.Quantile(cpu, 0.5),14:0.00}{cpu.Max(),12:0.00}{Pairwise.Quantile(memory, 0.5),12:0.00}{memory.Max(),10:0.00}{among}"));
    }

    private CapturedCommand Start(string script) => _project.Start(_program, "run", "--quiet", "--wait-timeout", "1h", "--", "sh", "-c", script);

    private string[] Tickets()
    {
        var queue = Path.Combine(_project.Path, _isGit ? ".git/wt-run" : ".wt-run", "queue/main");
        return Directory.Exists(queue) ? [.. Directory.GetFiles(queue).Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Order(StringComparer.Ordinal)] : [];
    }

    private void AwaitTickets(int count)
    {
        while (Tickets().Length < count)
        {
            Waiting.Pause(Look, CancellationToken.None);
        }
    }

    /// <summary>The supervisor of the run whose ticket is the second.</summary>
    private int NextInLine()
    {
        var store = new Records.RunStore(Path.Combine(_project.Path, _isGit ? ".git/wt-run" : ".wt-run"));
        return store.TryRead(Tickets()[1].Split('-')[^1])!.Supervisor!.Pid;
    }

    /// <summary>User and system time; fields 14 and 15 of /proc/PID/stat, in hundredths of a second.</summary>
    private static double CpuSeconds(int pid)
    {
        var stat = Encoding.ASCII.GetString(ProcFile.ReadWhole($"/proc/{pid}/stat"));
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) / 100.0;
    }

    private static double PrivateMebibytes(int pid) =>
        Encoding.ASCII.GetString(ProcFile.ReadWhole($"/proc/{pid}/smaps_rollup")).Split('\n')
            .Where(line => line.StartsWith("Private_Clean:", StringComparison.Ordinal) || line.StartsWith("Private_Dirty:", StringComparison.Ordinal))
            .Sum(line => Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])) / 1024.0;

    /// <summary>From each engine's second date to the next one's first.</summary>
    private static List<double> HandOvers(string times)
    {
        var at = File.ReadAllLines(times).Select(line => Number(line) / 1e6).ToList();
        return [.. Enumerable.Range(0, (at.Count / 2) - 1).Select(i => at[(2 * i) + 2] - at[(2 * i) + 1])];
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
