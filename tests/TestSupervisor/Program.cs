// Runs one supervised command in a process of its own, so that a test can kill the supervisor, measure it, or give it a terminal:
//   test-supervisor [--interactive] [--grace SECONDS] [--timeout SECONDS] [--idle SECONDS] [--keep NAME] [--log FILE]
//                   [--log-limit BYTES] [--run-id ID] --result FILE -- COMMAND ARG…
//   test-supervisor --end-run ID ROOT-PID ROOT-START --result FILE
// Writes what came of it to the result file, one `name value` a line. The first SIGINT, SIGTERM or SIGHUP cancels, the second kills.
using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using WorktreeIsolator.Processes;

var options = new Dictionary<string, string>(StringComparer.Ordinal);
var rest = new Queue<string>(args);
while (rest.TryDequeue(out var option) && option != "--")
{
    options[option] = option switch
    {
        "--interactive" => "",
        "--end-run" => $"{rest.Dequeue()} {rest.Dequeue()} {rest.Dequeue()}",
        _ => rest.Dequeue(),
    };
}

var outcome = options.TryGetValue("--end-run", out var dead) ? EndRun(dead.Split(' ')) : Supervise();
File.WriteAllText(options["--result"] + ".new", outcome);
File.Move(options["--result"] + ".new", options["--result"]);
return 0;

string Supervise()
{
    using var cancel = new CancellationTokenSource();
    using var kill = new CancellationTokenSource();
    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        (cancel.IsCancellationRequested ? kill : cancel).Cancel();
    }

    using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var onHangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
    var runId = options.GetValueOrDefault("--run-id", Guid.NewGuid().ToString("N")[..12]);
    var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
    environment[ProcessTree.RunIdVariable] = runId;
    using var log = new OutputLog(
        options.GetValueOrDefault("--log", "/dev/null"),
        long.Parse(options.GetValueOrDefault("--log-limit", "67108864"), CultureInfo.InvariantCulture));
    var result = new SupervisedCommand
    {
        RunId = runId,
        Argv = [.. rest],
        WorkingDirectory = Path.GetFullPath("."),
        Environment = environment,
        Timeout = Seconds("--timeout"),
        IdleTimeout = Seconds("--idle"),
        Grace = Seconds("--grace") ?? TimeSpan.FromSeconds(10),
        KeepProcesses = options.TryGetValue("--keep", out var keep) ? [keep] : [],
        Interactive = options.ContainsKey("--interactive"),
        Log = log,
        Started = root => WriteAside(options["--result"] + ".root", $"{root.Pid} {root.StartTime}"),
    }.Run(cancel.Token, kill.Token);
    return Describe(result.Processes) + string.Create(CultureInfo.InvariantCulture, $"""
        exit {result.ExitCode}
        end {result.End}
        duration-ms {result.Duration.TotalMilliseconds:0}
        peak-kib {PeakKib()}
        children {ChildCount()}

        """);
}

static string EndRun(string[] run)
{
    var root = new ProcessIdentity(
        int.Parse(run[1], CultureInfo.InvariantCulture), long.Parse(run[2], CultureInfo.InvariantCulture));
    return Describe(ProcessTree.EndRun(run[0], root, [], TimeSpan.FromSeconds(0.2), []));
}

static string Describe(TreeEnd end) => $"""
    killed {end.Killed}
    ended {string.Join(' ', end.Ended.Select(p => p.Identity.Pid))}
    kept {string.Join(' ', end.Kept.Select(p => p.Identity.Pid))}
    not-ended {string.Join(' ', end.NotEnded.Select(p => p.Identity.Pid))}

    """;

static void WriteAside(string file, string content)
{
    File.WriteAllText(file + ".new", content);
    File.Move(file + ".new", file);
}

TimeSpan? Seconds(string name) =>
    options.TryGetValue(name, out var value) ? TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture)) : null;

static string PeakKib() => File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal))
    .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];

// Zombies count: none may stay.
static int ChildCount() => ProcessEntry.ReadAll().Values.Count(p => p.Parent == Environment.ProcessId);
