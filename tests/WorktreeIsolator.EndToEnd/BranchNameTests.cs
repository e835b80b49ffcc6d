using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_branch_name_that_is_asked_for
{
    [Theory]
    [InlineData("feat", "feat")]
    [InlineData("feat", "feat/x")]
    [InlineData("feat/x/y", "feat/x")]
    [InlineData("feat/x", "feat/x/y/z")]
    public void Is_refused_before_anything_is_made_if_another_branch_is_in_its_way(string existing, string wanted)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("branch", existing);
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree($"touch '{scratch.Path("ran")}'", "--branch", wanted).Expect(125);

        Assert.Contains($"'{existing}'", run.Error, StringComparison.Ordinal);
        Assert.Contains($"'{wanted}'", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")));
        Assert.False(Directory.Exists(repository[".worktrees"]));
        Assert.Empty(RepositoryState.Names(repository[".git/wt-run/runs"]));
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("a..b")]
    [InlineData("HEAD")]
    [InlineData("a b")]
    public void Is_refused_if_git_would_not_accept_it(string wanted)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true", $"--branch={wanted}").Expect(125);

        Assert.Contains(wanted, run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Is_what_the_engine_works_on_and_what_is_kept()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            "test \"$(git branch --show-current)\" = feat/x && test \"$WT_RUN_BRANCH\" = feat/x && echo x > x",
            "--branch", "feat/x", "--merge-back", "branch").Expect(0).Record;

        Assert.Equal("feat/x", record.Branch);
        Assert.Equal(MergeBackResult.Kept, record.MergeBack?.Result);
        Assert.Equal(["feat/x", "main"], repository.Branches);
        Assert.Equal("x", repository.Git("show", "feat/x:x"));
        Assert.False(File.Exists(repository["x"]));
    }
}
