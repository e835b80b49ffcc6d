using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_whose_engine_did_not_end_well
{
    private const string Work = "echo one > one; git add one; git commit -qm One; echo two > two";

    [Fact]
    public void Keeps_its_work_on_the_run_branch_if_it_failed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;

        var record = repository.RunInWorktree($"{Work}; exit 7").Expect(7).Record;

        Assert.Equal((RunState.Failed, 7), (record.State, record.Engine.ExitCode));
        AssertKeptAndNotLanded(repository, record, before);
        Assert.Equal($"Work of run {record.Id} (user)\n\nUncommitted when the engine failed with exit code 7.", repository.Git("log", "-1", "--format=%B", record.Branch!));
    }

    [Fact]
    public void Keeps_its_work_on_the_run_branch_if_it_ran_too_long()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;

        var record = repository.RunInWorktree($"{EngineScript.InOneGo(Work)}; exec sleep 60", "--timeout", "2s").Expect(124).Record;

        Assert.Equal(RunState.TimedOut, record.State);
        AssertKeptAndNotLanded(repository, record, before);
    }

    [Fact]
    public void Has_both_graces_if_it_ignores_signals_and_is_killed_then_and_its_record_says_so()
    {
        // A limit that leaves a shell the time to set its trap, on a busy machine too.
        using var scratch = new Scratch();
        var pid = scratch.Path("pid");
        var engine = scratch.Script("engine", $"trap '' INT TERM; echo $$ > '{pid}'; exec sleep 600\n");
        var repository = new TestRepository(scratch).Configure("[engines.stubborn]", $"command = [\"{engine}\"]", "timeout = \"3s\"", "grace = \"300ms\"");

        var record = repository.WtRun.Run("run", "--worktree", "--engine", "stubborn", "--json").Expect(124).Record;

        Assert.Equal(RunState.TimedOut, record.State);
        Assert.Equal("The engine ran longer than 3s (timeout) and was stopped. It did not react to signals and was killed.", record.Message);
        Assert.InRange((record.FinishedAt - record.StartedAt)!.Value.TotalSeconds, 3.6, 20);
        Assert.Null(ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Is_over_with_its_own_exit_code_as_soon_as_the_daemon_that_it_left_is_gone()
    {
        using var scratch = new Scratch();
        var pid = scratch.Path("pid");
        var engine = scratch.Script(
            "engine", $"env -i setsid sh -c 'trap \"\" INT TERM; echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600' &\nuntil test -e {pid}; do sleep 0.05; done; exit 3\n");
        var repository = new TestRepository(scratch).Configure("[engines.leaver]", $"command = [\"{engine}\"]", "grace = \"500ms\"");

        var record = repository.WtRun.Run("run", "--no-worktree", "--engine", "leaver", "--json").Expect(3).Record;

        // It holds the engine's output open, has cleared its environment and has a session of its own.
        Assert.Null(ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture)));
        Assert.InRange((record.FinishedAt!.Value.UtcDateTime - File.GetLastWriteTimeUtc(pid)).TotalSeconds, 0, 5.5);
        Assert.Contains("sleep", record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeps_its_work_on_the_run_branch_if_it_was_cancelled()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"{Work}; {gate.Step}");
        gate.AwaitReached();

        run.Interrupt();
        var record = run.Wait().Expect(122).Record;

        Assert.Equal(RunState.Cancelled, record.State);
        AssertKeptAndNotLanded(repository, record, before);
    }

    [Fact]
    public void Leaves_nothing_if_it_made_nothing()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.RunInWorktree("true").Expect(0);
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree("exit 7").Expect(7).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Nothing), (record.State, record.MergeBack?.Result));
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.Contains("left no work", repository.Land(record).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeps_its_worktree_too_with_keep_on_failure_until_it_is_landed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("keep_on_failure = true");

        var record = repository.RunInWorktree($"{Work}; exit 7").Expect(7).Record;

        Assert.Equal(new KeptInfo(record.Worktree!, "keep_on_failure = true"), record.Kept);
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(record.Worktree!, "two")));
        Assert.Equal("two", repository.Git("show", $"{record.Branch}:two"));
        Assert.Equal([repository.Path, record.Worktree!], repository.Worktrees);
        Assert.Equal([$"left worktree {record.Worktree}: kept on purpose: keep_on_failure = true; land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}"], repository.Prune());

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (landed.State, landed.MergeBack?.Result, landed.Kept));
        Assert.Equal("two\n", repository.Read("two"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
        Assert.All(repository.Prune(), item => Assert.StartsWith("took trash ", item, StringComparison.Ordinal));
    }

    [Fact]
    public void Lands_when_a_person_says_so()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = repository.RunInWorktree($"{Work}; exit 7").Expect(7).Record;

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (landed.State, landed.MergeBack?.Result));
        Assert.Equal(("one\n", "two\n"), (repository.Read("one"), repository.Read("two")));
        Assert.Equal(["main"], repository.Branches);
    }

    private static void AssertKeptAndNotLanded(TestRepository repository, RunRecord record, string before)
    {
        Assert.Equal(MergeBackResult.Kept, record.MergeBack?.Result);
        Assert.Equal(repository.Git("rev-parse", record.Branch!), record.MergeBack?.Commit);
        Assert.Equal("one", repository.Git("show", $"{record.Branch}:one"));
        Assert.Equal("two", repository.Git("show", $"{record.Branch}:two"));
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.False(Directory.Exists(record.Worktree));
        Assert.Null(record.Kept);
        Assert.Equal(["main", record.Branch!], repository.Branches);
    }
}
