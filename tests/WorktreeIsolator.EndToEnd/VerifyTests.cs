using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_project_that_verifies_what_lands
{
    /// <summary>Two names that must not stand beside each other: each side passes alone.</summary>
    private const string NotBoth = "verify = [\"sh\", \"-c\", \"echo verifying; ! { test -e mine && test -e theirs; }\"]";

    [Fact]
    public void Lands_nothing_that_fails_only_when_it_is_merged()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure(NotBoth);

        var record = repository.RunInWorktree($"{EngineScript.Commit("mine")}; sh -c '! {{ test -e mine && test -e theirs; }}' && {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.VerifyFailed), (record.State, record.MergeBack?.Result));
        Assert.Contains("verifying\n", record.LogText(), StringComparison.Ordinal);
        Assert.Equal("Move on with theirs", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal(("", false), (repository.Status, File.Exists(repository["mine"])));
        Assert.Equal(repository.Git("rev-parse", record.Branch!), record.MergeBack?.Commit);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["refs/heads/main", $"refs/heads/{record.Branch}"], repository.Refs);
    }

    [Fact]
    public void Lands_what_passes_and_nothing_that_the_verification_left()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("verify = [\"sh\", \"-c\", \"echo x > left; echo x >> README; test -e mine\"]");

        var record = repository.RunInWorktree(EngineScript.Commit("mine")).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["README", "mine", "wt-run.toml"], repository.Git("ls-tree", "--name-only", "HEAD").Split('\n'));
        Assert.Equal(("first\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Verifies_again_what_it_merged_again_because_the_target_moved_meanwhile()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var once = scratch.Script(
            "verify",
            $"echo x >> README; ls >> '{scratch.Path("seen")}'; echo -- >> '{scratch.Path("seen")}'\ntest -e '{scratch.Path("moved")}' || {{ touch '{scratch.Path("moved")}'; {EngineScript.CommitInCheckout(repository, "README")}; }}\n");
        repository.Configure($"verify = [\"{once}\"]");

        var record = repository.RunInWorktree(EngineScript.Commit("mine")).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(2, File.ReadAllText(scratch.Path("seen")).Split("--\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(2, repository.Parents("HEAD").Length);
        Assert.Equal(("work\n", "theirs\n", ""), (repository.Read("mine"), repository.Read("README"), repository.Status));
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Does_not_count_a_file_that_will_not_land()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("uncommitted = \"rescue\"", "verify = [\"test\", \"-e\", \"needed\"]");

        var record = repository.RunInWorktree($"{EngineScript.Commit("mine")}; echo x > needed; echo x >> README").Expect(120).Record;

        Assert.Equal(MergeBackResult.VerifyFailed, record.MergeBack?.Result);
        Assert.Equal("x", repository.Git("show", $"{record.RescueRef}:needed"));
        Assert.False(File.Exists(repository["mine"]));
    }

    [Fact]
    public void Rebases_beside_dirt_that_is_rescued()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("uncommitted = \"rescue\"", "merge_style = \"rebase\"");

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("mine")}; echo half >> README; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["Change mine", "Move on with theirs"], repository.Git("log", "-2", "--format=%s").Split('\n'));
        Assert.Equal("first\nhalf", repository.Git("show", $"{record.RescueRef}:README"));
    }

    [Fact]
    public void Keeps_the_work_and_leaves_no_worktree_if_it_is_cancelled_while_it_verifies()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Configure($"verify = [\"{scratch.Script("verify", gate.Step + "\n")}\"]");
        var before = repository.Head;
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit("mine"));
        gate.AwaitReached();

        run.Interrupt();
        var record = run.Wait().Expect(122).Record;

        AssertCancelledAndKept(repository, record, before);
        File.Delete(scratch.Path("gate.reached"));
        using var landing = repository.WtRun.Start("land", record.Id, "--json");
        gate.AwaitReached();
        Assert.DoesNotContain(repository.Prune(), item => !item.Contains(" trash ", StringComparison.Ordinal));
        gate.Open();
        Assert.Equal(MergeBackResult.Landed, landing.Wait().Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("mine"));
    }

    [Fact]
    public void Keeps_the_record_and_leaves_no_worktree_if_landing_by_hand_is_cancelled()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Configure($"verify = [\"{scratch.Script("verify", gate.Step + "\n")}\"]");
        var record = repository.RunInWorktree($"{EngineScript.Commit("mine")}; exit 3").Expect(3).Record;
        using var landing = repository.WtRun.Start("land", record.Id, "--json");
        gate.AwaitReached();

        landing.Interrupt();
        landing.Wait().Expect(1);

        var after = repository.Show(record.Id);
        Assert.Equal((RunState.Failed, MergeBackResult.Kept), (after.State, after.MergeBack?.Result));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["refs/heads/main", $"refs/heads/{record.Branch}"], repository.Refs.Where(name => !name.StartsWith("refs/wt-run-merge", StringComparison.Ordinal)));
    }

    [Fact]
    public void Is_not_stuck_if_the_run_is_cancelled_while_it_waits_to_land()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;
        var gate = new Gate(scratch);
        using var user = repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit("mine"));
        repository.AwaitStep("waiting to land");

        run.Interrupt();
        var record = run.Wait().Expect(122).Record;

        AssertCancelledAndKept(repository, record, before);
        gate.Open();
        user.Wait().Expect(0);
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
    }

    private static void AssertCancelledAndKept(TestRepository repository, RunRecord record, string before)
    {
        Assert.Equal((RunState.Cancelled, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal(repository.Git("rev-parse", record.Branch!), record.MergeBack?.Commit);
        Assert.Contains("before its work had landed", record.Message, StringComparison.Ordinal);
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
    }
}
