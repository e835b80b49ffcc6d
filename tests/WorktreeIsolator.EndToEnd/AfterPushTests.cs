using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_command_after_a_push
{
    [Theory]
    [InlineData(false, "feature;touch$IFS'x")]
    [InlineData(true, "main")]
    public void Gets_the_branch_as_one_argument_and_works_where_the_run_did_on_what_was_pushed(bool isTarget, string branch)
    {
        using var scratch = new Scratch();
        var after = scratch.Script("after", $$"""
            { printf '%s\n' "$#" "$1" "$2" "$PWD" "$WT_RUN_ID" "$WT_RUN_BRANCH" "$WT_RUN_WORKTREE"; git rev-parse HEAD; git status --porcelain; } > '{{scratch.Path("seen")}}'
            echo made a pull request
            """);
        var repository = WithRemote(scratch, $"push_target = {(isTarget ? "true" : "false")}", $"after_push = [\"{after}\", \"--head\", \"{{branch}}\"]");
        var runBranch = isTarget ? "feature" : branch;

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", runBranch).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (record.State, record.MergeBack?.Result));
        Assert.Equal(
            ["2", "--head", branch, record.Worktree!, record.Id, runBranch, record.Worktree!, record.MergeBack!.Commit!], File.ReadAllLines(scratch.Path("seen")));
        Assert.Contains("made a pull request\n", record.LogText(), StringComparison.Ordinal);
        Assert.Null(record.Hint);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("exit 7", "10m", "failed with exit code 7")]
    [InlineData("sleep 1000", "200ms", "took longer than 200ms (after_push_timeout)")]
    public void Changes_nothing_of_what_was_pushed_if_it_fails_and_can_be_tried_again(string script, string timeout, string why)
    {
        using var scratch = new Scratch();
        var after = scratch.Script("after", $"test -e '{scratch.Path("again")}' && {{ echo \"$1\" >> '{scratch.Path("again")}'; exit 0; }}\n{script}\n");
        var repository = WithRemote(scratch, $"after_push = [\"{after}\", \"{{branch}} now\"]", $"after_push_timeout = \"{timeout}\"");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (record.State, record.MergeBack?.Result));
        Assert.Contains(why, record.Message, StringComparison.Ordinal);
        Assert.Contains(why, Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Equal(record.MergeBack?.Commit, repository.Git("rev-parse", "origin/feature"));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);

        File.WriteAllText(scratch.Path("again"), "");
        scratch.Run(scratch.Root, "sh", "-c", record.Hint!["To try the command again: ".Length..]).Expect(0);
        Assert.Equal("feature now\n", File.ReadAllText(scratch.Path("again")));
    }

    [Fact]
    public void Is_told_of_if_it_cannot_be_started()
    {
        using var scratch = new Scratch();
        var repository = WithRemote(scratch, "after_push = [\"no-such-program\"]");

        var run = repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", EngineScript.Commit("work")).Expect(0);

        Assert.Contains("could not be run", run.Error, StringComparison.Ordinal);
        Assert.Contains("hint: To try the command again: cd ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Leaves_no_process_behind()
    {
        using var scratch = new Scratch();
        var after = scratch.Script("after", $"sh -c 'echo $$ > \"{scratch.Path("pid")}\"; exec sleep 1000' & until test -s '{scratch.Path("pid")}'; do :; done\n");
        var repository = WithRemote(scratch, $"after_push = [\"{after}\"]");

        repository.RunInWorktree(EngineScript.Commit("work")).Expect(0);

        Assert.False(ProcessEntry.Read(int.Parse(File.ReadAllText(scratch.Path("pid")), CultureInfo.InvariantCulture)) is { IsRunning: true });
    }

    [Fact]
    public void Is_ended_by_a_signal_and_the_run_has_pushed_all_the_same()
    {
        using var scratch = new Scratch();
        var gate = new Gate(scratch);
        var repository = WithRemote(scratch, $"after_push = [\"{scratch.Script("after", gate.Step + "\n")}\"]");
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit("work"));
        gate.AwaitReached();

        run.Interrupt();

        var record = run.Wait().Expect(0).Record;
        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (record.State, record.MergeBack?.Result));
        Assert.Contains("was cancelled", record.Message, StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Follows_a_push_that_is_asked_for_by_hand_and_no_push_that_was_rejected()
    {
        using var scratch = new Scratch();
        var repository = WithRemote(scratch, $"after_push = [\"touch\", \"{scratch.Path("after")}\"]");
        scratch.Script("repo.origin.git/hooks/update", "exit 1\n");
        var record = repository.RunInWorktree(EngineScript.Commit("work")).Expect(120).Record;
        Assert.False(File.Exists(scratch.Path("after")));

        File.Delete(scratch.Path("repo.origin.git/hooks/update"));
        Assert.Equal(MergeBackResult.Pushed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.True(File.Exists(scratch.Path("after")));
    }

    private static TestRepository WithRemote(Scratch scratch, params string[] keys)
    {
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        return repository.Configure(["merge_back = \"push\"", .. keys]);
    }
}
