using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class What_an_engine_leaves
{
    public static TheoryData<string, string> Work { get; } = new()
    {
        { "a commit", "echo work > work; git add work; git commit -qm Work" },
        { "a staged change", "echo work > work; git add work" },
        { "an untracked file", "echo work > work" },
        { "a detached HEAD ahead of the branch", "git checkout -q --detach; echo work > work; git add work; git commit -qm Work" },
        { "another branch", "git checkout -qb mine; echo work > work; git add work; git commit -qm Work" },
        { "a renamed branch", "git branch -m mine; echo work > work; git add work; git commit -qm Work" },
        { "a commit and its branch deleted", "git checkout -q --detach; git branch -qD \"$WT_RUN_BRANCH\"; echo work > work; git add work; git commit -qm Work" },
    };

    [Theory]
    [MemberData(nameof(Work))]
    public void Lands_when_it_ended_well(string what, string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(engine).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("", repository.Status);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(what is "another branch" or "a renamed branch" ? ["main", "mine"] : ["main"], repository.Branches);
        Assert.DoesNotContain(repository.Refs, name => name.StartsWith("refs/wt-run", StringComparison.Ordinal) && name != record.RescueRef);
    }

    [Theory]
    [MemberData(nameof(Work))]
    public void Is_kept_and_survives_gc_when_it_failed(string what, string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree($"{engine}; exit 3").Expect(3).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.False(File.Exists(repository["work"]), what);
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.Git("reflog", "expire", "--all", "--expire=now");
        repository.Git("gc", "--quiet", "--prune=now");
        Assert.Equal("work", repository.Git("show", $"{record.MergeBack!.Commit}:work"));
        Assert.Contains(
            Holders(repository, record.MergeBack.Commit!), name => name == record.RescueRef || name == "refs/heads/" + record.Branch || name == "refs/heads/mine");
    }

    [Fact]
    public void Goes_under_the_rescue_ref_and_not_into_the_target_where_the_project_says_so()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("uncommitted = \"rescue\"");

        var record = repository.RunInWorktree("echo done > done; git add done; git commit -qm Done; echo half > half").Expect(0).Record;

        Assert.Equal("done\n", repository.Read("done"));
        Assert.False(File.Exists(repository["half"]));
        Assert.Equal($"refs/wt-run/{record.Id}", record.RescueRef);
        repository.Git("reflog", "expire", "--all", "--expire=now");
        repository.Git("gc", "--quiet", "--prune=now");
        Assert.Equal("half", repository.Git("show", $"{record.RescueRef}:half"));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("touch README")]
    [InlineData("echo x > x; rm x")]
    public void Is_nothing_if_it_did_nothing(string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.RunInWorktree("true").Expect(0);
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree(engine).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Nothing), (record.State, record.MergeBack?.Result));
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    private static string[] Holders(TestRepository repository, string commit) =>
        repository.Git("for-each-ref", "--contains", commit, "--format=%(refname)").Split('\n');
}
