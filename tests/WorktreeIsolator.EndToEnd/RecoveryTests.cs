using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_whose_supervisor_was_killed
{
    [Fact]
    public void While_its_engine_ran_is_brought_to_an_end_by_prune()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;
        var gate = new Gate(scratch);
        using var run = Start(repository, $"echo $$ > '{scratch.Path("pid")}'; {EngineScript.Commit("one")}; echo two > two; {gate.Step}");
        gate.AwaitReached();
        run.Kill();
        var id = OnlyRun(repository);
        var engine = int.Parse(File.ReadAllText(scratch.Path("pid")), CultureInfo.InvariantCulture);
        var state = RepositoryState.Of(repository);

        Assert.Contains($"took run {id}: ", Assert.Single(repository.Prune("--dry-run")), StringComparison.Ordinal);
        Assert.Equal(state, RepositoryState.Of(repository));
        Assert.True(ProcessEntry.Read(engine) is { IsRunning: true });
        Assert.True(File.Exists(repository[$".git/wt-run/active/{id}"]));

        Assert.Contains($"took run {id}: ", repository.Prune()[0], StringComparison.Ordinal);

        Assert.False(ProcessEntry.Read(engine) is { IsRunning: true });
        var record = repository.Show(id);
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal(("work", "two"), (repository.Git("show", $"{record.Branch}:one"), repository.Git("show", $"{record.Branch}:two")));
        Assert.Equal($"Work of run {id} (user)\n\nUncommitted when the engine was interrupted.", repository.Git("log", "-1", "--format=%B", record.Branch!));
        AssertNothingHalfMade(repository, record, before);
        Assert.All(
            repository.Prune(), item => Assert.True(item.StartsWith("took trash ", StringComparison.Ordinal) || item.StartsWith($"left branch {record.Branch}: ", StringComparison.Ordinal), item));

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (repository.Land(record).Expect(0).Record.State, repository.Show(id).MergeBack?.Result));
        Assert.Equal("two\n", repository.Read("two"));
    }

    [Fact]
    public void While_its_engine_ran_is_brought_to_an_end_by_any_next_command()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var run = Start(repository, $"{EngineScript.Commit("one")}; {gate.Step}");
        gate.AwaitReached();
        run.Kill();

        var next = repository.RunInWorktree(EngineScript.Commit("next")).Expect(0).Record;

        var dead = Assert.Single(repository.Runs(), record => record.Id != next.Id);
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (dead.State, dead.MergeBack?.Result));
        Assert.Equal("work", repository.Git("show", $"{dead.Branch}:one"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal("work\n", repository.Read("next"));
    }

    [Fact]
    public void Before_its_engine_made_anything_leaves_nothing()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.RunInWorktree("true").Expect(0);
        var before = RepositoryState.Of(repository);
        var gate = new Gate(scratch);
        using var run = Start(repository, gate.Step);
        gate.AwaitReached();
        run.Kill();

        repository.Prune();

        var record = Assert.Single(repository.Runs(), record => record.State == RunState.Interrupted);
        Assert.Equal(MergeBackResult.Nothing, record.MergeBack?.Result);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void While_its_work_was_being_committed_has_it_committed_once()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;
        var gate = new Gate(scratch);
        var filter = scratch.Script("filter", $"cat; test -e '{scratch.Path("once")}' || {{ touch '{scratch.Path("once")}'; {gate.Step}; }}\n");
        repository.Git("config", "filter.slow.clean", filter);
        using var run = Start(repository, "echo '*.slow filter=slow' > .gitattributes; echo work > a.slow; echo work > work");
        gate.AwaitReached();
        run.Kill();

        repository.Prune();

        var record = Assert.Single(repository.Runs());
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal([".gitattributes", "README", "a.slow", "work"], repository.Git("ls-tree", "--name-only", record.Branch!).Split('\n'));
        AssertNothingHalfMade(repository, record, before);
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("squash")]
    [InlineData("rebase")]
    public void While_its_work_was_verified_keeps_the_work_and_not_what_the_verification_made(string style)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Configure($"merge_style = \"{style}\"", $"verify = [\"{scratch.Script("verify", $"echo junk > junk; echo junk > README; {gate.Step}\n")}\"]");
        using var run = Start(
            repository, $"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; {EngineScript.CommitInCheckout(repository, "theirs")}");
        gate.AwaitReached();
        run.Kill();
        var before = repository.Head;

        repository.Prune();

        var record = Assert.Single(repository.Runs());
        var tip = File.ReadAllText(scratch.Path("commits")).Trim();
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept, tip), (record.State, record.MergeBack?.Result, record.MergeBack?.Commit));
        Assert.Equal(tip, repository.Git("rev-parse", record.Branch!));
        AssertNothingHalfMade(repository, record, before);
    }

    [Fact]
    public void While_it_waited_to_land_lands_by_hand()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;
        var gate = new Gate(scratch);
        using var user = repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var run = Start(repository, EngineScript.Commit("work"));
        repository.AwaitStep("waiting to land");
        run.Kill();

        repository.Prune();

        var record = Assert.Single(repository.Runs(), record => record.Isolation.Kind == "worktree");
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        AssertNothingHalfMade(repository, record, before);
        gate.Open();
        user.Wait().Expect(0);
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void While_its_work_landed_is_found_to_have_landed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        scratch.Script("repo/.git/hooks/post-merge", gate.Step + "\n");
        using var run = Start(repository, EngineScript.Commit("work"));
        gate.AwaitReached();
        run.Kill();

        repository.Prune();

        var record = Assert.Single(repository.Runs());
        Assert.Equal((RunState.Interrupted, MergeBackResult.Landed, repository.Head), (record.State, record.MergeBack?.Result, record.MergeBack?.Commit));
        Assert.Equal(("work\n", ""), (repository.Read("work"), repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
        gate.Open();
    }

    private static BackgroundRun Start(TestRepository repository, string script) =>
        repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", script);

    /// <summary>Without a command of wt-run, which would bring it to its end.</summary>
    private static string OnlyRun(TestRepository repository) => Assert.Single(RepositoryState.Names(repository[".git/wt-run/active"]));

    private static void AssertNothingHalfMade(TestRepository repository, RunRecord record, string head)
    {
        Assert.Equal((head, ""), (repository.Head, repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.DoesNotContain(record.Id, RepositoryState.Names(repository[".git/wt-run/active"]));
        Assert.False(Directory.Exists(record.Worktree));
        Assert.Equal(["refs/heads/main", $"refs/heads/{record.Branch}"], repository.Refs);
        Assert.Null(record.Kept);
    }
}
