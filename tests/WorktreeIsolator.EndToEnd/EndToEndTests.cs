using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_from_end_to_end
{
    [Fact]
    public void Lands_in_main_and_leaves_nothing_behind()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var config = repository.ConfigBytes;

        var run = repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", "echo hello > new; git add new; git commit -qm 'Add new'").Expect(0);

        Assert.Equal(RunState.Succeeded, run.Record.State);
        Assert.Equal(MergeBackResult.Landed, run.Record.MergeBack?.Result);
        Assert.Equal("hello\n", repository.Read("new"));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(config, repository.ConfigBytes);
        Assert.Equal("", repository.Status);
    }
}
