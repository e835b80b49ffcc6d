using System.Globalization;
using System.Reflection;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Many_runs_at_once
{
    private static readonly string[] Cron = ["run", "--trigger", "cron", "--trigger-id", "nightly", "--json"];

    [Fact]
    public void All_land_from_a_remote_base_while_a_stranger_prunes_all_the_time()
    {
        var count = HeavyTests.Count(few: 8, many: 50);
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Configure("trigger_worktree = true", "worktree_base = \"origin/main\"", AllAtOnce(count));
        var config = repository.ConfigBytes;

        // It counts as a failure of git's only if git says so: a prune beside a removal may find a directory gone.
        var stop = scratch.Path("stop");
        using var pruning = Begin(scratch, repository, $"while [ ! -e '{stop}' ]; do git worktree prune --expire=now 2>/dev/null; done");
        using var runs = StartAll(repository, count);
        var records = runs.Wait().ConvertAll(run => run.Expect(0).Record);
        scratch.Write("stop", "");
        pruning.Wait().Expect(0);

        AssertAllLanded(repository, records);
        Assert.Equal(config, repository.ConfigBytes);
    }

    [Fact]
    public void All_land_in_a_clone_of_the_repository_that_this_program_is_built_from()
    {
        var count = 10;
        using var scratch = new Scratch();
        var repository = CloneOfOurOwn(scratch);
        repository.Configure("trigger_worktree = true");
        var config = repository.ConfigBytes;

        using var runs = StartAll(repository, count);
        var records = runs.Wait().ConvertAll(run => run.Expect(0).Record);

        AssertAllLanded(repository, records);
        Assert.Equal(config, repository.ConfigBytes);
        repository.Git("fsck", "--strict");
    }

    [Fact]
    public void Fetch_once_for_all_that_asked_before_it_began()
    {
        var count = HeavyTests.Count(few: 8, many: 30);
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Configure(AllAtOnce(count));

        // The remote's side of a fetch: counts, and lets the first one wait until all runs have asked.
        var gate = new Gate(scratch);
        var uploadPack = scratch.Script(
            "upload-pack", $"echo x >> '{scratch.Path("fetches")}'; if mkdir '{scratch.Path("first")}' 2>/dev/null; then {gate.Step}; fi; exec git-upload-pack \"$@\"\n");
        repository.Git("config", "remote.origin.uploadpack", uploadPack);
        using var runs = StartAll(repository, count, "--worktree");
        gate.AwaitReached();
        Eventually.True(
            () => Occurrences(repository, "fetching 'refs/heads/main' from 'origin'") == count, "all runs have asked for a fetch", TimeSpan.FromMinutes(2));
        gate.Open();

        var records = runs.Wait().ConvertAll(run => run.Expect(0).Record);
        AssertAllLanded(repository, records);

        // Two, and those that git has to begin again because it met a worktree that a run was just adding or removing.
        Assert.InRange(File.ReadAllLines(scratch.Path("fetches")).Length, 2, 5);
    }

    /// <summary>Otherwise more than eight wait before they do anything.</summary>
    private static string AllAtOnce(int count) => string.Create(CultureInfo.InvariantCulture, $"max_worktrees = {count}");

    private static ManyRuns StartAll(TestRepository repository, int count, params IReadOnlyList<string> options) => new(count, i =>
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"work-{i:d2}");
        return repository.WtRun.Start([.. Cron, .. options, "--", "sh", "-c", $"echo {name} > {name}; git add {name}; git commit -qm 'Add {name}'"]);
    });

    private static void AssertAllLanded(TestRepository repository, List<RunRecord> records)
    {
        Assert.All(records, record => Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result)));
        Assert.All(Enumerable.Range(0, records.Count), i =>
            Assert.Equal($"work-{i:d2}\n", repository.Read($"work-{i:d2}")));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.Equal("", repository.Status);
    }

    private static int Occurrences(TestRepository repository, string what) =>
        Directory.EnumerateFiles(repository[".git/wt-run/runs"], "events.jsonl", SearchOption.AllDirectories)
            .Count(file => File.ReadAllText(file).Contains(what.Replace("'", "\\u0027", StringComparison.Ordinal), StringComparison.Ordinal));

    private static BackgroundRun Begin(Scratch scratch, TestRepository repository, string script)
    {
        string[] argv = ["sh", "-c", script];
        return new BackgroundRun(argv, Processes.CapturedCommand.Start(scratch.StartOf(repository.Path, argv)));
    }

    /// <summary>Where the sources are no git checkout, because they were exported, a repository of many small files stands in.</summary>
    private static TestRepository CloneOfOurOwn(Scratch scratch)
    {
        var sources = Path.GetFullPath(typeof(Many_runs_at_once).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(a => a.Key == "sources").Value!);
        var top = scratch.Run(sources, "git", "-c", "safe.directory=*", "rev-parse", "--show-toplevel");
        var repository = new TestRepository(scratch);
        if (top.ExitCode != 0)
        {
            for (var i = 0; i < 200; i++)
            {
                repository.Write($"src/{i % 10}/{i}.txt", $"{i}\n");
            }

            repository.Git("add", "-A");
            repository.Git("commit", "--quiet", "-m", "Many files");
            repository.AddBareRemote();
            return repository;
        }

        repository.Git("remote", "add", "origin", top.Output.TrimEnd('\n'));
        repository.Git("-c", "safe.directory=*", "fetch", "--quiet", "origin", "+HEAD:refs/heads/ours");
        repository.Git("reset", "--quiet", "--hard", "ours");
        repository.Git("branch", "--quiet", "-D", "ours");
        repository.Git("remote", "remove", "origin");
        repository.AddBareRemote();
        return repository;
    }
}
