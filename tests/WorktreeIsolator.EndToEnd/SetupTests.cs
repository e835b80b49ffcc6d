using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_setup_of_a_project
{
    [Fact]
    public void Runs_in_the_new_worktree_before_the_engine_with_the_runs_environment()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "deps/\n");
        repository.Configure("setup = [\"sh\", \"-c\", \"mkdir deps; echo $WT_RUN_ID > deps/id; pwd > deps/pwd; echo set up\"]");

        var record = repository.RunInWorktree("test \"$(cat deps/id)\" = \"$WT_RUN_ID\" && test \"$(cat deps/pwd)\" = \"$WT_RUN_WORKTREE\"; echo ran").Expect(0).Record;

        Assert.Matches("(?s)set up\n.*ran\n", record.LogText());
        Assert.False(Directory.Exists(repository["deps"]));
    }

    [Fact]
    public void Fails_the_run_if_it_fails_and_leaves_nothing()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("setup = [\"sh\", \"-c\", \"echo no network >&2; echo half > half; exit 9\"]");
        repository.WtRun.Run("run", "--", "true").Expect(0);
        repository.RunInWorktree("true").Expect(125);
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125).Record;

        Assert.Equal((RunState.Failed, null), (record.State, record.Engine.ExitCode));
        Assert.Contains("exit code 9", record.Message, StringComparison.Ordinal);
        Assert.Contains("no network", record.LogText(), StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.Equal(["main"], repository.Branches);
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void Is_ended_with_all_its_processes_when_its_time_is_over()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var setup = scratch.Script("setup", "sleep 600 & sleep 600\n");
        repository.Configure($"setup = [\"{setup}\"]", "setup_timeout = \"1s\"");

        var record = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125).Record;

        Assert.Contains("setup_timeout", record.Message, StringComparison.Ordinal);
        Assert.Empty(Victims.OfRuns(scratch.Root));
        Assert.False(File.Exists(scratch.Path("ran")));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void Is_named_if_its_program_does_not_exist()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("setup = [\"no-such-program\", \"install\"]");

        var record = repository.RunInWorktree("true").Expect(125).Record;

        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains("no-such-program", record.Message, StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Runs_for_no_run_in_place()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("setup = [\"false\"]");

        repository.WtRun.Run("run", "--", "true").Expect(0);
    }
}
