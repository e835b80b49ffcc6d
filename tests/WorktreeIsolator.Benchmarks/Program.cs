using System.Globalization;
using WorktreeIsolator.Benchmarks;

// docs/benchmarks.md says what is measured and how to read it.
if (args.Length == 0 || !File.Exists(args[0]))
{
    Console.Error.WriteLine("usage: wt-run-benchmarks PATH-OF-PUBLISHED-wt-run [PAIRS]");
    return 2;
}

var program = Path.GetFullPath(args[0]);
var pairs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 15;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pairs} pairs for each case, on {Environment.ProcessorCount} cores; times in ms, medians; ratio: median of the pairs, and its quartiles"));
Console.WriteLine($"{"case",-28}{"plain git",12}{"wt-run",12}{"ratio",10}{"quartiles",16}");
foreach (var files in new[] { 1_000, 20_000 })
{
    using var repository = new BenchmarkRepository(files);
    Pairwise.Measure($"cold, {files:N0} files", pairs, repository.PlainGit, () => repository.WtRun(program));
}

// Here the reference is not plain git, but the same command where there are no records.
using var empty = new BenchmarkRepository(files: 1);
using var full = new BenchmarkRepository(files: 1);
full.FillWithRecords(program, 10_000);
Pairwise.Measure("list, 10,000 records", pairs, () => empty.List(program), () => full.List(program));
Pairwise.Measure("list --all, the same", pairs, () => empty.List(program, "--all"), () => full.List(program, "--all"));
Pairwise.Measure("list --json, the same", pairs, () => empty.List(program, "--json"), () => full.List(program, "--json"));

return 0;
