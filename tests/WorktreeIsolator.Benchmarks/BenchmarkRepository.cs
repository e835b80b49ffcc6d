using System.Globalization;

namespace WorktreeIsolator.Benchmarks;

/// <summary>A repository of a given size in a temporary directory, and the job both sides do in it: one worktree, one commit, landed on main.</summary>
internal sealed class BenchmarkRepository : BenchmarkDirectory
{
    private const int FilesPerDirectory = 100;

    // What a careful person would write by hand; it has no lock, no record and no recovery.
    private const string PlainScript = """
        set -e
        id=run-$$
        git worktree add --quiet -b "$id" ".worktrees/$id" main
        cd ".worktrees/$id"
        echo "$id" > result
        git add result
        git commit --quiet -m "$id"
        cd ../..
        git merge --quiet --ff-only "$id"
        git worktree remove ".worktrees/$id"
        git branch --quiet -d "$id"
        """;

    private const string EngineScript = """
        set -e
        echo "$$" > result
        git add result
        git commit --quiet -m "$$"
        """;

    public BenchmarkRepository(int files) => Fill(files);

    /// <summary>The job by plain git.</summary>
    public void PlainGit() => Run("sh", "-c", PlainScript);

    /// <summary>The job by wt-run.</summary>
    public void WtRun(string program) => Run(program, "run", "--worktree", "--quiet", "--", "sh", "-c", EngineScript);

    /// <summary>What a look at the runs costs.</summary>
    public void List(string program, params IReadOnlyList<string> options) => Run([program, "list", .. options]);

    /// <summary>Copies the record of a run so often, each under an id of its own.</summary>
    public void FillWithRecords(string program, int count)
    {
        WtRun(program);
        var runs = System.IO.Path.Combine(Path, ".git/wt-run/runs");
        var first = System.IO.Path.GetFileName(Directory.GetDirectories(runs)[0]);
        var record = File.ReadAllText(System.IO.Path.Combine(runs, first, "run.json"));
        for (var i = 0; i < count; i++)
        {
            var id = i.ToString("x12", CultureInfo.InvariantCulture);
            Directory.CreateDirectory(System.IO.Path.Combine(runs, id));
            File.WriteAllText(System.IO.Path.Combine(runs, id, "run.json"), record.Replace(first, id, StringComparison.Ordinal));
            File.WriteAllText(System.IO.Path.Combine(runs, id, "alive"), "");
        }
    }

    private void Fill(int files)
    {
        Run("git", "init", "--quiet", "-b", "main");
        for (var i = 0; i < files; i++)
        {
            var directory = System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"d{i / FilesPerDirectory}"));
            Directory.CreateDirectory(directory);
            File.WriteAllText(
                System.IO.Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"f{i}")),
                string.Concat(Enumerable.Repeat(string.Create(CultureInfo.InvariantCulture, $"This is a line of file {i}.\n"), 40)));
        }

        Run("git", "add", "--all");
        Run("git", "commit", "--quiet", "-m", "Begin");
        Run("git", "repack", "-adq");
        File.AppendAllText(System.IO.Path.Combine(Path, ".git/info/exclude"), "/.worktrees/\n");
    }
}
