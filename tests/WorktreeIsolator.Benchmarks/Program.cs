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

return 0;
