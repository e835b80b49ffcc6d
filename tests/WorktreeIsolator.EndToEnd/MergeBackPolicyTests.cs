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

    [Theory]
    [InlineData("merge")]
    [InlineData("squash")]
    [InlineData("rebase")]
    public void Is_merged_by_the_merge_drivers_of_the_repository(string style)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure($"merge_style = \"{style}\"");
        repository.Git("config", "merge.both.driver", "cat %B >> %A");
        repository.Commit(".gitattributes", "list merge=both\nlog merge=union\n");
        repository.Commit("list", "first\n");
        repository.Commit("log", "first\n");

        var record = repository.RunInWorktree(
            $"echo mine > list; echo mine > log; git commit -qam Mine; {EngineScript.CommitInCheckout(repository, "list")}; {EngineScript.CommitInCheckout(repository, "log")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(("theirs\nmine\n", "theirs\nmine\n"), (repository.Read("list"), repository.Read("log")));
        Assert.Equal("", repository.Status);
    }

    [Theory]
    [InlineData("squash")]
    [InlineData("rebase")]
    public void Is_verified_as_it_lands(string style)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var verify = scratch.Script(
            "verify", $"{{ git log --format=%s -2; ls; git status --porcelain; }} | tr '\\n' ' ' > '{scratch.Path("seen")}'; git rev-parse HEAD > '{scratch.Path("head")}'; test ! -e theirs\n");
        repository.Configure($"merge_style = \"{style}\"", $"verify = [\"{verify}\"]");

        var landed = repository.RunInWorktree($"{EngineScript.Commit("one")}; {EngineScript.Commit("two")}").Expect(0).Record;

        Assert.Equal(landed.MergeBack?.Commit, File.ReadAllText(scratch.Path("head")).Trim());
        Assert.Equal(repository.Head, landed.MergeBack?.Commit);

        var record = repository.RunInWorktree($"{EngineScript.Commit("three")}; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.VerifyFailed), (record.State, record.MergeBack?.Result));
        Assert.Equal(
            style == "squash" ? $"Merge run {record.Id} (user) into main Move on with theirs README one theirs three two wt-run.toml " : "Change three Move on with theirs README one theirs three two wt-run.toml ",
            File.ReadAllText(scratch.Path("seen")));
        Assert.Equal("Move on with theirs", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:three"));
        Assert.Equal(["refs/heads/main", $"refs/heads/{record.Branch}"], repository.Refs.Where(name => !name.StartsWith("refs/wt-run/", StringComparison.Ordinal)));
    }

    [Fact]
    public void Is_nothing_with_squash_if_its_commits_undo_each_other()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"squash\"");
        var before = repository.Head;

        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; git rm -q work; git commit -qm Back").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Nothing), (record.State, record.MergeBack?.Result));
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        repository.AssertNothingIsLost(scratch, record);
    }

    [Theory]
    [InlineData("merge", false)]
    [InlineData("squash", false)]
    [InlineData("rebase", false)]
    [InlineData("merge", true)]
    [InlineData("rebase", true)]
    public void Conflicts_without_a_trace_of_the_attempt_and_lands_after_the_commands_of_the_hint(string style, bool isKept)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure($"merge_style = \"{style}\"", $"keep_on_failure = {(isKept ? "true" : "false")}");

        var record = repository.RunInWorktree($"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(repository, "README")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (record.State, record.MergeBack?.Result));
        Assert.Equal(("theirs\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal(isKept ? [repository.Path, record.Worktree!] : [repository.Path], repository.Worktrees);
        var at = isKept ? record.Worktree! : repository.Path;
        if (isKept)
        {
            Assert.Equal("mine\n", File.ReadAllText(Path.Combine(at, "README")));
            Assert.DoesNotContain("rebase", scratch.Run(at, "git", "status").Expect(0).Output, StringComparison.Ordinal);
            Assert.Equal("", scratch.Run(at, "git", "status", "--porcelain").Expect(0).Output);
        }

        scratch.Run(repository.Path, "sh", "-c", record.Hint!.Split('\n')[1]).Expect(1);
        File.WriteAllText(Path.Combine(at, "README"), "both\n");
        scratch.Run(at, "sh", "-c", style == "rebase" ? "git add README && GIT_EDITOR=true git rebase --continue" : "git commit --quiet --all --no-edit").Expect(0);
        repository.Git("checkout", "--quiet", "main");

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (repository.Land(record).Expect(0).Record.State, repository.Show(record.Id).MergeBack?.Result));
        Assert.Equal(("both\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Is_rebased_without_its_merges_if_nothing_is_lost_by_that()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"rebase\"");

        var record = repository.RunInWorktree($"{Merge("")}; {EngineScript.NoteCommit(scratch)}; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["side", "theirs", "work"], repository.Git("ls-tree", "--name-only", "HEAD").Split('\n').Except(["README", "wt-run.toml"]));
        Assert.Empty(repository.Git("log", "--merges", "--format=%H"));
        repository.AssertNothingIsLost(scratch, record);
    }

    [Fact]
    public void Needs_a_person_with_rebase_if_a_merge_of_its_own_holds_a_change_that_would_be_lost()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"rebase\"");

        var record = repository.RunInWorktree($"{Merge("echo only here > README; git add README;")}; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (record.State, record.MergeBack?.Result));
        Assert.Equal(["README"], record.MergeBack?.Conflicts);
        Assert.Contains("holds merges of its own", record.Message, StringComparison.Ordinal);

        scratch.Run(repository.Path, "sh", "-c", record.Hint!.Split('\n')[1]).Expect(0);
        repository.Git("checkout", "--quiet", "main");
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("only here\n", repository.Read("README"));
    }

    [Theory]
    [InlineData("main")]
    [InlineData("elsewhere")]
    public void Is_merged_again_if_the_target_moves_in_the_very_moment_of_the_landing(string checkedOut)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var other = repository.Git("commit-tree", "-m", "Theirs", "-p", "HEAD", "HEAD^{tree}");
        repository.Git("checkout", "--quiet", checkedOut == "main" ? "main" : "-b", checkedOut == "main" ? "--" : checkedOut);
        var git = scratch.Run(scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.Trim();
        scratch.Script(
            "bin/git",
            $"case \" $* \" in *' merge --ff-only '*|*' update-ref -m wt-run '*) test -e '{scratch.Path("once")}' || {{ touch '{scratch.Path("once")}'; "
            + $"{git} -C '{repository.Path}' update-ref refs/heads/main {other}; }};; esac\nexec {git} \"$@\"\n");
        scratch.PutFirstInPath(scratch.Path("bin"));

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--base", "main").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(record.MergeBack?.Commit, repository.Git("rev-parse", "main"));
        Assert.Equal(other, repository.Parents("main")[0]);
        Assert.Equal("", repository.Status);
        Assert.Equal([.. new[] { "elsewhere", "main" }.Where(name => name == "main" || checkedOut == name)], repository.Branches);
    }

    /// <summary>Two commits on two branches, merged, with another change in the merge commit.</summary>
    private static string Merge(string change) =>
        $"{EngineScript.Commit("work")}; git checkout -q -b side HEAD~1; {EngineScript.Commit("side")}; git checkout -q -; git merge -q --no-commit side; {change} git commit -qm Merge; git branch -q -D side";
}
