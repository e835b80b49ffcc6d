using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Work_that_an_engine_left_uncommitted
{
    [Fact]
    public void Is_committed_with_a_message_that_names_the_run_and_its_trigger()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree("echo work > work", "--trigger", "cron", "--trigger-id", "nightly").Expect(0).Record;

        Assert.Equal(
            $"Work of run {record.Id} (cron:nightly)\n\nUncommitted when the engine ended.", repository.Git("log", "-1", "--format=%B"));
        Assert.Equal("Test Person <test@example.org>", repository.Git("log", "-1", "--format=%an <%ae>"));
    }

    [Fact]
    public void Is_committed_under_a_name_of_ours_with_a_warning_where_git_knows_none()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Write("gitconfig", "[user]\n\tuseConfigOnly = true\n");

        var run = repository.RunInWorktree($"{EngineScript.Commit("one")} && {EngineScript.CommitInCheckout(repository, "theirs")} && echo two > two").Expect(0);

        Assert.Contains("wt-run <wt-run@localhost.invalid>", Assert.Single(run.Record.Warnings()), StringComparison.Ordinal);
        Assert.Contains("wt-run <wt-run@localhost.invalid>", run.Error, StringComparison.Ordinal);
        Assert.Equal(
            Enumerable.Repeat("wt-run <wt-run@localhost.invalid> wt-run <wt-run@localhost.invalid>", 4),
            repository.Git("log", "--format=%an <%ae> %cn <%ce>", $"{run.Record.Base!.Commit}..HEAD").Split('\n'));
        Assert.Equal(("one two theirs"), string.Join(' ', new[] { "one", "two", "theirs" }.Where(file => File.Exists(repository[file]))));
    }

    [Fact]
    public void Is_committed_without_hooks_and_signatures()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        foreach (var hook in new[] { "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-merge-commit" })
        {
            scratch.Script($"repo/.git/hooks/{hook}", $"echo {hook} >> '{scratch.Path("hooks")}'; exit 1\n");
        }

        repository.Git("config", "commit.gpgSign", "true");
        repository.Git("config", "gpg.program", "/bin/false");

        var record = repository.RunInWorktree($"{EngineScript.CommitInCheckout(repository, "theirs")} && echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal($"Merge run {record.Id} (user) into main", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.False(File.Exists(scratch.Path("hooks")));
    }

    [Fact]
    public void Is_committed_although_a_git_that_was_killed_left_its_locks()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            "echo work > work; touch \"$(git rev-parse --git-dir)/index.lock\" \"$(git rev-parse --git-dir)/HEAD.lock\" "
            + "\"$(git rev-parse --git-common-dir)/refs/heads/$WT_RUN_BRANCH.lock\"; exit 3").Expect(3).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:work"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("kill -9 $$", false)]
    [InlineData("touch -d @1 \"$lock\"", true)]
    public void Is_not_followed_by_a_repository_that_git_never_tidies_up_again(string end, bool isOlder)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        _ = repository.RunInWorktree($"echo work > work; lock=$(git rev-parse --git-common-dir)/objects/maintenance.lock; touch \"$lock\"; {end}");

        Assert.Equal(isOlder, File.Exists(repository[".git/objects/maintenance.lock"]));
    }

    [Fact]
    public void Leaves_the_lock_of_a_maintenance_that_may_be_under_way_and_does_not_wait_for_it()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var git = scratch.Start(repository.Path, "git", "-c", $"alias.hold=!{gate.Step}", "hold");
        gate.AwaitReached();

        repository.RunInWorktree("echo work > work; touch \"$(git rev-parse --git-common-dir)/objects/maintenance.lock\"").Expect(0);

        Assert.True(File.Exists(repository[".git/objects/maintenance.lock"]));
        gate.Open();
        git.Wait().Expect(0);
    }

    [Fact]
    public void Keeps_the_worktree_with_the_reason_if_git_cannot_commit_it()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("config", "filter.broken.clean", "false");
        repository.Git("config", "filter.broken.required", "true");

        var record = repository.RunInWorktree("echo '*.x filter=broken' > .gitattributes; echo work > work.x").Expect(125).Record;

        Assert.Equal(RunState.Failed, record.State);
        Assert.Equal(record.Worktree, record.Kept?.Path);
        Assert.Contains("work.x", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.Equal("work\n", File.ReadAllText(Path.Combine(record.Worktree!, "work.x")));
        Assert.Equal([repository.Path, record.Worktree!], repository.Worktrees);

        Assert.Contains("left worktree " + record.Worktree, Assert.Single(repository.Prune()), StringComparison.Ordinal);
        repository.Git("config", "filter.broken.clean", "cat");
        repository.Git("config", "filter.broken.smudge", "cat");
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work.x"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("git checkout -q --detach HEAD~1")]
    [InlineData("git checkout -q --detach \"$(git commit-tree -m Elsewhere -p HEAD~1 HEAD^{tree})\"; git rev-parse HEAD >> \"$COMMITS\"")]
    public void Goes_under_the_rescue_ref_beside_a_HEAD_that_the_run_branch_does_not_hold(string away)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("uncommitted = \"rescue\"");
        scratch.Set("COMMITS", scratch.Path("commits"));

        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; {away}; echo half > half; exit 3").Expect(3).Record;

        Assert.Equal($"refs/wt-run/{record.Id}", record.RescueRef);
        Assert.Equal("half", repository.Git("show", $"{record.RescueRef}:half"));
        Assert.Equal("work", repository.Git("show", $"refs/heads/{record.Branch}:work"));
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.AssertNothingIsLost(scratch, record);
    }
}
