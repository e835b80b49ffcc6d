using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_target_branch
{
    private static readonly string Work = EngineScript.Commit("work");

    [Fact]
    public void That_is_checked_out_nowhere_is_moved_alone()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("checkout", "--quiet", "-b", "mine");
        repository.Write("README", "the user's own change\n");
        var status = repository.Status;

        var record = repository.RunInWorktree(Work, "--base", "main").Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, "main"), (record.MergeBack?.Result, record.MergeBack?.Target));
        Assert.Equal("work", repository.Git("show", "main:work"));
        Assert.Equal(("refs/heads/mine", status), (repository.Git("symbolic-ref", "HEAD"), repository.Status));
        Assert.False(File.Exists(repository["work"]));
        Assert.Equal(["main", "mine"], repository.Branches);
    }

    [Fact]
    public void That_does_not_exist_here_is_made_from_the_remotes()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("checkout", "--quiet", "--detach");
        repository.Git("branch", "--quiet", "-D", "main");

        var record = repository.RunInWorktree(Work, "--base", "origin/main").Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, "main"), (record.MergeBack?.Result, record.MergeBack?.Target));
        Assert.Equal(record.MergeBack?.Commit, repository.Git("rev-parse", "refs/heads/main"));
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void That_is_checked_out_in_a_linked_worktree_of_the_users_is_moved_with_its_files()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("checkout", "--quiet", "-b", "mine");
        var linked = scratch.Path("linked");
        repository.Git("worktree", "add", "--quiet", linked, "main");
        File.WriteAllText(Path.Combine(linked, "notes"), "the user's own file\n");

        var record = repository.RunInWorktree(Work, "--base", "main").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", File.ReadAllText(Path.Combine(linked, "work")));
        Assert.Equal("?? notes", scratch.Run(linked, "git", "status", "--porcelain").Expect(0).Output.TrimEnd());
        Assert.False(File.Exists(repository["work"]));
        Assert.Equal([repository.Path, linked], repository.Worktrees);
    }

    [Fact]
    public void That_is_checked_out_twice_needs_a_person()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var linked = scratch.Path("linked");
        repository.Git("worktree", "add", "--quiet", "--force", linked, "main");
        var before = repository.Head;

        var record = repository.RunInWorktree(Work).Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
        Assert.Contains(linked, record.Message, StringComparison.Ordinal);
        Assert.Equal((before, ""), (repository.Head, repository.Status));

        repository.Git("worktree", "remove", linked);
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Theory]
    [InlineData("git checkout -q -b mine; git rebase -q --exec false HEAD~1 main", "rebase", "git rebase --abort")]
    [InlineData("git bisect start -q HEAD HEAD~2", "bisect", "git bisect reset")]
    [InlineData("git checkout -q -b other HEAD~2; echo other > README; git commit -qam Other; git checkout -q main; git merge -q other", "merge", "git merge --abort")]
    public void That_a_git_operation_of_the_users_will_write_is_left_to_it(string begin, string name, string end)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("a", "a\n");
        repository.Commit("README", "b\n");
        repository.Configure("land_wait = \"0s\"");
        _ = scratch.Run(repository.Path, "sh", "-c", begin);
        var before = repository.Git("rev-parse", "main");
        var status = repository.Status;

        var record = repository.RunInWorktree(Work, "--base", "main").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
        Assert.Contains($"a {name}", record.Message!.Replace("rebase or bisect", name, StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal((before, status), (repository.Git("rev-parse", "main"), repository.Status));

        scratch.Run(repository.Path, "sh", "-c", end).Expect(0);
        repository.Git("checkout", "--quiet", "main");
        Assert.Equal(before, repository.Head);
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void In_whose_checkout_a_run_works_is_left_alone_for_land_wait_and_reached_when_that_run_ends()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("land_wait = \"1s\"");
        var gate = new Gate(scratch);
        using var user = repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var before = repository.Head;

        var record = repository.RunInWorktree(Work).Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
        Assert.Contains("land_wait", record.Message, StringComparison.Ordinal);
        Assert.Contains($"wt-run land {record.Id}", record.Hint, StringComparison.Ordinal);
        Assert.Equal(before, repository.Head);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:work"));

        gate.Open();
        user.Wait().Expect(0);
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (repository.Show(record.Id).State, repository.Show(record.Id).MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void Whose_checkout_is_dirty_is_moved_and_everything_of_the_users_stays()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "*.ignored\n");
        repository.Commit("staged", "old\n");
        repository.Commit("stashed", "old\n");
        repository.Commit("untouched", "same\n");
        repository.Git("branch", "other", "HEAD~1");
        repository.Write("stashed", "in the stash\n");
        repository.Git("stash", "push", "--quiet", "--", "stashed");
        repository.Write("staged", "staged\n");
        repository.Write("new", "staged too\n");
        repository.Git("add", "staged", "new");
        repository.Write("README", "changed\n");
        repository.Write("untracked", "untracked\n");
        repository.Write("a.ignored", "ignored\n");
        File.SetLastWriteTimeUtc(repository["untouched"], new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        var status = repository.Status;
        var index = repository.Git("ls-files", "--stage", "--", "staged", "new", "README");
        var refs = repository.Git("for-each-ref", "--format=%(refname) %(objectname)", "refs/stash", "refs/heads/other");

        var record = repository.RunInWorktree($"{Work}; mkdir deep; {EngineScript.Commit("deep/er")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal(status, repository.Status);
        Assert.Equal(index, repository.Git("ls-files", "--stage", "--", "staged", "new", "README"));
        Assert.Equal(refs, repository.Git("for-each-ref", "--format=%(refname) %(objectname)", "refs/stash", "refs/heads/other"));
        Assert.Equal(
            ("staged\n", "staged too\n", "changed\n", "untracked\n", "ignored\n", "old\n"),
            (repository.Read("staged"), repository.Read("new"), repository.Read("README"), repository.Read("untracked"), repository.Read("a.ignored"), repository.Read("stashed")));
        Assert.Equal(new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc), File.GetLastWriteTimeUtc(repository["untouched"]));
        Assert.Equal("in the stash", repository.Git("show", "stash@{0}:stashed"));
    }

    [Theory]
    [InlineData("README", "a change of the user's in the same file")]
    [InlineData("untracked", "an untracked file in the way")]
    [InlineData("build.ignored", "an ignored file in the way")]
    public void Whose_checkout_holds_what_the_landing_would_overwrite_needs_a_person(string file, string what)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "*.ignored\n");
        repository.Write(file, what);
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree($"{Work}; echo mine > {file}; git add -f {file}; git commit -qm Mine").Expect(120);
        var record = run.Record;

        Assert.Contains("needs you: its work is not on main because someone or something is in the way there.\n", run.Error, StringComparison.Ordinal);
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
        Assert.Contains(file, record.Message, StringComparison.Ordinal);
        Assert.Equal(what, repository.Read(file));
        repository.Git("branch", "--quiet", "-D", record.Branch!);
        Assert.Equal(before.Replace("directories: ", "directories: ", StringComparison.Ordinal), RepositoryState.Of(repository));
    }

    [Theory]
    [InlineData("index.lock")]
    [InlineData("HEAD.lock")]
    [InlineData("refs/heads/main.lock")]
    public void That_another_git_process_has_locked_is_waited_for_and_the_lock_stays(string lockFile)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("land_wait = \"1s\"");
        var head = repository.Head;

        var record = repository.RunInWorktree($"{Work}; touch '{repository[".git/" + lockFile]}'").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
        Assert.Contains(lockFile, record.Message, StringComparison.Ordinal);
        Assert.True((record.FinishedAt - record.StartedAt)!.Value.TotalSeconds >= 1, "it did not wait");
        Assert.True(File.Exists(repository[".git/" + lockFile]));
        File.Delete(repository[".git/" + lockFile]);
        Assert.Equal((head, ""), (repository.Head, repository.Status));
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void Is_moved_alone_whatever_the_users_configuration_says_of_merges()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        foreach (var (key, value) in new[]
        {
            ("merge.autoStash", "true"), ("branch.main.mergeOptions", "--squash"), ("merge.ff", "false"), ("merge.verifySignatures", "true"),
            ("receive.denyCurrentBranch", "ignore"), ("push.gpgSign", "true"), ("pull.rebase", "true"), ("rebase.autoStash", "true"),
            ("commit.gpgSign", "true"), ("gpg.program", "/bin/false"),
        })
        {
            repository.Git("config", key, value);
        }

        repository.Write("README", "the user's own change\n");

        var record = repository.RunInWorktree($"echo work > work; {EngineScript.CommitInCheckout(repository, "theirs")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(repository.Head, record.MergeBack?.Commit);
        Assert.Equal(2, repository.Parents("HEAD").Length);
        Assert.Equal(("work\n", "the user's own change\n", " M README"), (repository.Read("work"), repository.Read("README"), repository.Git("status", "--porcelain")));
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Is_not_taken_for_the_branch_that_the_user_switched_to_while_it_was_verified()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Configure($"verify = [\"sh\", \"-c\", \"cd '{repository.Path}' && git checkout -q -b mine\"]");
        var before = repository.Head;

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(before, repository.Git("rev-parse", "mine"));
        Assert.Equal(record.MergeBack?.Commit, repository.Git("rev-parse", "main"));
        Assert.Equal(("refs/heads/mine", ""), (repository.Git("symbolic-ref", "HEAD"), repository.Status));
        Assert.False(File.Exists(repository["work"]));
    }

    [Fact]
    public void Is_not_taken_for_the_branch_that_the_user_switched_to_in_the_very_moment_of_the_merge()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("README", "the user's own change\n");
        var before = repository.Head;
        var git = scratch.Run(scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.Trim();
        scratch.Script("bin/git", $"case \" $* \" in *' merge --ff-only '*) {git} checkout -q -b mine 2>/dev/null;; esac\nexec {git} \"$@\"\n");
        scratch.PutFirstInPath(scratch.Path("bin"));

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(before, repository.Git("rev-parse", "mine"));
        Assert.Equal(record.MergeBack?.Commit, repository.Git("rev-parse", "main"));
        Assert.Equal(("refs/heads/mine", "the user's own change\n"), (repository.Git("symbolic-ref", "HEAD"), repository.Read("README")));
        Assert.Equal(" M README", repository.Git("status", "--porcelain"));
    }
}
