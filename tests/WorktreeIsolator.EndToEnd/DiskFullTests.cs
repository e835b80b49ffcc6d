using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_full_disk
{
    private static readonly string Big = new('x', 2 << 20);

    [Fact]
    public void During_the_checkout_fails_the_run_and_leaves_nothing() => On("16m", (scratch, repository, disk) =>
    {
        repository.Commit("big", Big);
        Prepare(repository);
        var state = RepositoryState.Of(repository);
        disk.LeaveFree(kibibytes: 1024);

        var run = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125);

        Assert.True(run.Error.Contains("No space left on device", StringComparison.Ordinal), run.ToString());
        Assert.False(File.Exists(scratch.Path("ran")));
        disk.Free();
        AssertWorks(repository);
        AssertNoneIsActive(repository);
        Assert.All(repository.Runs(), record => Assert.Null(record.Kept));
        repository.Git("reset", "--quiet", "--hard", "HEAD~1");
        Assert.Equal(state, RepositoryState.Of(repository));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void During_the_run_keeps_what_the_engine_made(int engineExitCode) => On("16m", (_, repository, disk) =>
    {
        Prepare(repository);

        var run = repository.RunInWorktree(
            $"{EngineScript.Commit("one")}; echo two > two; {disk.FillBut(0)}; exit {engineExitCode}");

        var (id, worktree) = Assert.Single(RepositoryState.Names(repository[".git/wt-run/active"])) is var name ? (name, repository[$".worktrees/{name}"]) : default;
        Assert.Contains(
            $"wt-run: Run {id} ended, but that could not be written down: No space left on device, where '{repository[$".git/wt-run/runs/{id}"]}' is. Its work is in the worktree '{worktree}', what it committed on the branch 'wt/{id}'.\n",
            run.Error,
            StringComparison.Ordinal);
        Assert.Contains($"hint: When there is room again ('wt-run prune' deletes what no run needs): wt-run land {id}\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("run.json", run.Error, StringComparison.Ordinal);
        Assert.Equal(125, run.ExitCode);
        disk.Free();
        Assert.Equal("", repository.Status);
        AssertWorks(repository);
        AssertNoneIsActive(repository);
        var record = Assert.Single(repository.Runs(), run => run.State is RunState.Interrupted or RunState.Failed);
        Assert.Equal((MergeBackResult.Kept, null), (record.MergeBack?.Result, record.Kept));
        Assert.Equal(("work", "two"), (repository.Git("show", $"{record.Branch}:one"), repository.Git("show", $"{record.Branch}:two")));
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("two\n", repository.Read("two"));
    });

    [Fact]
    public void During_the_run_leaves_work_that_lands_as_the_message_says() => On("16m", (_, repository, disk) =>
    {
        Prepare(repository);
        var run = repository.WtRun.Run("run", "--session", "chat", "--", "sh", "-c", $"{EngineScript.Commit("one")}; {disk.FillBut(0)}").Expect(125);
        Assert.Contains($"Its work is in the worktree '{repository[".worktrees/session-chat"]}', what it committed on the branch 'wt/session/chat'.", run.Error, StringComparison.Ordinal);
        Assert.Contains("no run needs): wt-run land chat\n", run.Error, StringComparison.Ordinal);

        disk.Free();
        repository.WtRun.Run("land", "chat").Expect(0);
        Assert.Equal("work\n", repository.Read("one"));
    });

    [Fact]
    public void When_the_work_lands_takes_the_checkout_back_to_what_it_was() => On("16m", (_, repository, disk) =>
    {
        repository.Commit("README", Big);
        repository.Commit("gone", "to be deleted\n");
        repository.Write("mine", "the user's own file\n");
        Prepare(repository);
        var (head, status) = (repository.Head, repository.Status);

        var run = repository.RunInWorktree(
            $"mkdir -p a z; echo 1 > a/new; yes | head -c 3000000 > README; git rm -q gone; yes | head -c 3000000 > z/new; git add .; git commit -qm Big; {disk.FillBut(2000)}");

        var record = run.Expect(120).Record;
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Rejected), (record.State, record.MergeBack?.Result));
        Assert.Contains("No space left on device", record.Message, StringComparison.Ordinal);
        Assert.Equal((head, status), (repository.Head, repository.Status));
        Assert.Equal((Big, "to be deleted\n", "the user's own file\n"), (repository.Read("README"), repository.Read("gone"), repository.Read("mine")));
        Assert.False(Directory.Exists(repository["a"]) || Directory.Exists(repository["z"]));

        disk.Free();
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal((3000000, status), (repository.Read("z/new").Length, repository.Status));
    });

    [Fact]
    public void When_the_record_is_written_starts_nothing() => On("8m", (scratch, repository, disk) =>
    {
        Prepare(repository);
        var state = RepositoryState.Of(repository);
        disk.LeaveFree(kibibytes: 0);

        var inPlace = repository.WtRun.Run("run", "--json", "--", "touch", scratch.Path("ran")).Expect(125);
        var inWorktree = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125);

        Assert.All([inPlace, inWorktree], run => Assert.Contains("No space left on device", run.Error, StringComparison.Ordinal));
        Assert.False(File.Exists(scratch.Path("ran")));
        AssertNoneIsActive(repository);
        Assert.DoesNotContain(RepositoryState.Names(repository[".git/wt-run/runs"]), name => name.StartsWith('.'));
        disk.Free();
        Assert.Equal(state, RepositoryState.Of(repository));
        AssertWorks(repository);
    });

    private static void On(string size, Action<Scratch, TestRepository, SmallDisk> test)
    {
        using var scratch = new Scratch();
        SmallDisk.Use(scratch, "repo", size, disk => test(scratch, new TestRepository(scratch), disk));
    }

    /// <summary>What a first run makes is there, and what it deletes behind everyone's back takes no room any more.</summary>
    private static void Prepare(TestRepository repository)
    {
        repository.RunInWorktree("true").Expect(0);
        Eventually.True(() => RepositoryState.Names(repository[".worktrees/.trash"]).Count == 0, "the first run's files are deleted");
    }

    private static void AssertWorks(TestRepository repository)
    {
        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree(EngineScript.Commit("next")).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("next"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    private static void AssertNoneIsActive(TestRepository repository) => Assert.Empty(RepositoryState.Names(repository[".git/wt-run/active"]));
}
