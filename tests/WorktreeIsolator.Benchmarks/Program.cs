using System.Globalization;
using WorktreeIsolator.Benchmarks;

// docs/benchmarks.md says what is measured and how to read it.
string[] all = ["cold", "list", "queue"];
var wanted = args.Length > 2 ? args[2..] : all;
if (args.Length == 0 || !File.Exists(args[0]) || wanted.Except(all).Any())
{
    Console.Error.WriteLine("usage: wt-run-benchmarks PATH-OF-PUBLISHED-wt-run [PAIRS [cold|list|queue …]]");
    return 2;
}

var program = Path.GetFullPath(args[0]);
var pairs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 15;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pairs} pairs for each case, on {Environment.ProcessorCount} cores; times in ms, medians; ratio: median of the pairs, and its quartiles"));
Console.WriteLine($"load: {File.ReadAllText("/proc/loadavg").TrimEnd()}");
if (wanted.Contains("cold"))
{
    Console.WriteLine($"{"case",-28}{"plain git",12}{"wt-run",12}{"ratio",10}{"quartiles",16}");
    foreach (var files in new[] { 1_000, 20_000 })
    {
        using var repository = new BenchmarkRepository(files);
        Pairwise.Measure($"cold, {files:N0} files", pairs, repository.PlainGit, () => repository.WtRun(program));
    }
}

if (wanted.Contains("list"))
{
    // Here the reference is not plain git, but the same command where there are no records.
    Console.WriteLine($"{"10,000 records",-28}{"none",12}{"10,000",12}{"ratio",10}{"quartiles",16}");
    using var empty = new BenchmarkRepository(files: 1);
    using var full = new BenchmarkRepository(files: 1);
    full.FillWithRecords(program, 10_000);
    Pairwise.Measure("list", pairs, () => empty.List(program), () => full.List(program));
    Pairwise.Measure("list --all", pairs, () => empty.List(program, "--all"), () => full.List(program, "--all"));
    Pairwise.Measure("list --json", pairs, () => empty.List(program, "--json"), () => full.List(program, "--json"));
}

if (wanted.Contains("queue"))
{
    Console.WriteLine(QueueBenchmark.Heading);
    foreach (var isGit in new[] { true, false })
    {
        foreach (var count in new[] { 1, 200 })
        {
            using var queue = new QueueBenchmark(program, isGit);
            queue.Measure(count);
        }
    }
}

Console.WriteLine($"load: {File.ReadAllText("/proc/loadavg").TrimEnd()}");
return 0;
