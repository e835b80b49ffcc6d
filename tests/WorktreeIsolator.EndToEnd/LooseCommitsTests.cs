using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Commits_that_only_the_worktree_of_a_run_knows
{
    [Theory]
    [InlineData("echo 1 > a; git add a; git commit -qm One; git rev-parse HEAD >> \"$COMMITS\"; echo 2 > a; git commit -qa --amend -m Two")]
    [InlineData("git checkout -q --detach; echo 1 > a; git add a; git commit -qm One; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q \"$WT_RUN_BRANCH\"; echo 2 > b; git add b; git commit -qm Two")]
    [InlineData("echo 1 > a; git add a; git commit -qm One; git rev-parse HEAD >> \"$COMMITS\"; git reset -q --hard HEAD~1; echo 2 > b; git add b; git commit -qm Two")]
    [InlineData("echo 1 > a; git add a; git commit -qm One; git rev-parse HEAD >> \"$COMMITS\"; git update-ref refs/worktree/mine HEAD; git reset -q --hard HEAD~1; rm -r \"$(git rev-parse --git-dir)/logs\"; echo 2 > b")]
    public void Are_under_the_rescue_ref_when_the_run_has_landed(string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Set("COMMITS", scratch.Path("commits"));

        var record = repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", engine).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal($"refs/wt-run/{record.Id}", record.RescueRef);
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.Git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all");
        repository.Git("gc", "--quiet", "--prune=now");
        foreach (var commit in File.ReadLines(scratch.Path("commits")))
        {
            repository.Git("merge-base", "--is-ancestor", commit, record.RescueRef!);
        }
    }

    [Fact]
    public void Are_none_where_the_engine_only_commits()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.WtRun
            .Run("run", "--worktree", "--json", "--", "sh", "-c", "for i in 1 2 3; do echo $i > a; git add a; git commit -qm $i; done").Expect(0).Record;

        Assert.Null(record.RescueRef);
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }
}
