using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_work_of_a_run_that_ended_well
{
    [Fact]
    public void Fast_forwards_a_target_that_stood_still()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;

        var record = repository.RunInWorktree(
            "echo work > work; git add work; git -c user.name=Robot -c user.email=robot@example.org commit -qm Work; " + EngineScript.NoteCommit(scratch)).Expect(0).Record;

        Assert.Equal(new MergeBackInfo("merge", MergeBackResult.Landed, "main", repository.Head), record.MergeBack);
        Assert.Equal(File.ReadAllText(scratch.Path("commits")).Trim(), repository.Head);
        Assert.Equal([before], repository.Parents("HEAD"));
        Assert.Equal("Robot <robot@example.org> Robot <robot@example.org>", repository.Git("log", "-1", "--format=%an <%ae> %cn <%ce>"));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void Is_merged_with_a_target_that_moved_on()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(0).Record;

        var tip = File.ReadAllText(scratch.Path("commits")).Trim();
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(repository.Head, record.MergeBack?.Commit);
        Assert.Equal([repository.Git("rev-parse", "HEAD^1"), tip], repository.Parents("HEAD"));
        Assert.Equal("Move on with theirs", repository.Git("log", "-1", "--format=%s", "HEAD^1"));
        Assert.Equal($"Merge run {record.Id} (user) into main", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("theirs\n", repository.Read("theirs"));
        Assert.Equal("", repository.Status);
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Is_pushed_as_the_run_branch_and_confirmed_at_the_remote()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure("merge_back = \"push\"");
        var before = repository.Head;

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(0).Record;

        var there = scratch.Run(bare, "git", "rev-parse", "refs/heads/feature").Expect(0).Output.Trim();
        Assert.Equal(new MergeBackInfo("push", MergeBackResult.Pushed, null, there), record.MergeBack);
        Assert.Equal("work", repository.Git("show", $"{there}:work"));
        Assert.Equal(before, repository.Head);
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal(there, repository.Git("rev-parse", "refs/remotes/origin/feature"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Keeps_its_local_branch_after_a_push_that_no_remote_tracking_branch_shows()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure("merge_back = \"push\"");
        repository.Git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(0).Record;

        Assert.Equal(MergeBackResult.Pushed, record.MergeBack?.Result);
        Assert.Equal(repository.Git("rev-parse", "feature"), scratch.Run(bare, "git", "rev-parse", "refs/heads/feature").Expect(0).Output.Trim());
        Assert.Contains("'feature' is kept", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Stays_on_the_run_branch_with_branch_and_lands_by_hand_on_the_branch_it_began_from()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = repository.Head;

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--merge-back", "branch", "--branch", "try-it").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal(repository.Git("rev-parse", "try-it"), record.MergeBack?.Commit);
        Assert.Equal(["main", "try-it"], repository.Branches);
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Null(record.RescueRef);

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, "main"), (landed.State, landed.MergeBack?.Result, landed.MergeBack?.Target));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Is_kept_under_the_rescue_ref_alone_with_none_and_still_lands_by_hand()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--merge-back", "none").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Kept, $"refs/wt-run/{record.Id}"), (record.State, record.MergeBack?.Result, record.RescueRef));
        Assert.Equal(["refs/heads/main", record.RescueRef!], repository.Refs);
        Assert.Equal("work", repository.Git("show", $"{record.RescueRef}:work"));
        Assert.False(File.Exists(repository["work"]));
        Assert.Equal([repository.Path], repository.Worktrees);

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (landed.State, landed.MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal(record.RescueRef, landed.RescueRef);
    }

    [Fact]
    public void Leaves_no_ref_at_all_with_none_if_there_was_no_work()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree("true", "--merge-back", "none").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Nothing), (record.State, record.MergeBack?.Result));
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Becomes_one_commit_with_squash_and_its_own_commits_stay_under_the_rescue_ref()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"squash\"");
        var before = repository.Head;

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("one")}; {EngineScript.NoteCommit(scratch)}; {EngineScript.Commit("two")}; {EngineScript.NoteCommit(scratch)}").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal([before], repository.Parents("HEAD"));
        Assert.Equal(["one", "two"], repository.Git("diff", "--name-only", before, "HEAD").Split('\n'));
        Assert.Equal("Test Person <test@example.org>", repository.Git("log", "-1", "--format=%an <%ae>"));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal($"refs/wt-run/{record.Id}", record.RescueRef);
        Assert.Equal("", repository.Status);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Fact]
    public void Is_put_on_top_with_rebase_with_its_authors_and_its_own_commits_stay_under_the_rescue_ref()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"rebase\"");
        var robot = "git -c user.name=Robot -c user.email=robot@example.org commit -qm";

        var record = repository.RunInWorktree(
            $"echo 1 > one; git add one; {robot} One; echo 2 > two; git add two; {robot} Two; {EngineScript.NoteCommit(scratch)}; echo 3 > three; "
            + EngineScript.CommitInCheckout(repository, "theirs")).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal(
            ["Test Person", "Robot Two", "Robot One", "Test Person Move on with theirs"],
            repository.Git("log", "-4", "--format=%an %s").Split('\n').Select(line => line.Split(" Work of", 2)[0]));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal($"refs/wt-run/{record.Id}", record.RescueRef);
        Assert.Equal(("3\n", ""), (repository.Read("three"), repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Fact]
    public void Needs_a_person_with_ff_if_the_target_moved_on()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"ff\"");

        var landed = repository.RunInWorktree(EngineScript.Commit("first")).Expect(0).Record;
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(120).Record;

        Assert.Equal(MergeBackResult.Landed, landed.MergeBack?.Result);
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (record.State, record.MergeBack?.Result));
        Assert.Contains("merge_style = \"ff\"", record.Message, StringComparison.Ordinal);
        Assert.Equal("Move on with theirs", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal(["main", record.Branch!], repository.Branches);

        repository.Git("rebase", "--quiet", "main", record.Branch!);
        repository.Git("checkout", "--quiet", "main");
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void Conflicts_under_rebase_without_a_trace_of_the_attempt()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"rebase\"");

        var record = repository.RunInWorktree($"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(repository, "README")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (record.State, record.MergeBack?.Result));
        Assert.Equal(["README"], record.MergeBack?.Conflicts);
        Assert.Equal("mine", repository.Git("show", $"{record.Branch}:README"));
        Assert.Equal(("theirs\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("squash")]
    [InlineData("rebase")]
    public void Is_nothing_if_the_target_got_the_same_change_meanwhile(string style)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure($"merge_style = \"{style}\"");

        var record = repository.RunInWorktree($"{EngineScript.Commit("work", "same")}; {EngineScript.CommitInCheckout(repository, "work", "same")}").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Nothing), (record.State, record.MergeBack?.Result));
        Assert.Equal("Move on with work", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal("", repository.Status);
    }
}
