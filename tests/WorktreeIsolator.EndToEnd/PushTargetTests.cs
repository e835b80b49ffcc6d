using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_whose_target_is_pushed
{
    private static readonly string Work = EngineScript.Commit("work");

    [Fact]
    public void Moves_the_branch_of_the_remote_and_nothing_of_the_users()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        repository.Write("README", "the user's own change\n");
        var before = repository.Head;

        var record = repository.RunInWorktree($"{Work}; {EngineScript.NoteCommit(scratch)}").Expect(0).Record;

        var pushed = File.ReadAllText(scratch.Path("commits")).Trim();
        Assert.Equal(RunState.Succeeded, record.State);
        Assert.Equal(new MergeBackInfo("push", MergeBackResult.Pushed, "origin/main", pushed), record.MergeBack);
        Assert.Equal(pushed, Remote(scratch, bare, "main"));
        Assert.Equal(pushed, repository.Git("rev-parse", "refs/remotes/origin/main"));
        Assert.Equal((before, "the user's own change\n", " M README"), (repository.Head, repository.Read("README"), repository.Git("status", "--porcelain")));
        Assert.Equal(["refs/heads/main", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"], repository.Refs);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("merge", 2)]
    [InlineData("squash", 1)]
    [InlineData("rebase", 1)]
    public void Is_merged_with_what_others_have_pushed_meanwhile(string style, int parents)
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, $"merge_style = \"{style}\"");
        var other = new OtherClone(scratch, bare);
        var before = repository.Head;

        var record = repository.RunInWorktree($"{Work}; {EngineScript.NoteCommit(scratch)}; {other.Push("theirs")}").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (record.State, record.MergeBack?.Result));
        Assert.Equal(record.MergeBack?.Commit, Remote(scratch, bare, "main"));
        Assert.Equal(["README", "theirs", "work", "wt-run.toml"], repository.Git("ls-tree", "--name-only", "origin/main").Split('\n'));
        Assert.Equal(parents, repository.Parents("origin/main").Length);
        Assert.Equal("Push theirs", repository.Git("log", "-1", "--format=%s", "origin/main^1"));
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal(["main"], repository.Branches);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Fact]
    public void Is_merged_and_verified_again_if_the_remote_moves_in_between()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, $"verify = [\"{scratch.Path("verify")}\"]");
        var other = new OtherClone(scratch, bare);
        scratch.Script("verify", $"ls | tr '\\n' ' ' >> '{scratch.Path("seen")}'; echo >> '{scratch.Path("seen")}'\ntest -e '{scratch.Path("once")}' || {{ touch '{scratch.Path("once")}'; {other.Push("theirs")}; }}\n");

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal(MergeBackResult.Pushed, record.MergeBack?.Result);
        Assert.Equal(["README work wt-run.toml ", "README theirs work wt-run.toml "], File.ReadAllLines(scratch.Path("seen")));
        Assert.Equal(record.MergeBack?.Commit, Remote(scratch, bare, "main"));
    }

    [Fact]
    public void Is_rejected_after_three_tries_with_a_remote_that_moves_every_time_and_lands_when_it_is_quiet()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, $"verify = [\"{scratch.Path("verify")}\"]");
        var other = new OtherClone(scratch, bare);
        scratch.Script("verify", $"echo x >> '{scratch.Path("verified")}'; test -e '{scratch.Path("quiet")}' || {{ {other.Push("theirs$(wc -l < '" + scratch.Path("verified") + "')")}; }}\n");

        var record = repository.RunInWorktree(Work, "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, "fetch first");
        Assert.Equal(3, File.ReadAllLines(scratch.Path("verified")).Length);
        Assert.DoesNotContain("work", repository.Git("ls-tree", "--name-only", Remote(scratch, bare, "main")), StringComparison.Ordinal);

        File.WriteAllText(scratch.Path("quiet"), "");
        AssertPushedByHand(scratch, repository, bare, record);
    }

    [Fact]
    public void Is_merged_again_if_the_branch_moves_while_the_remote_takes_the_push()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        var other = new OtherClone(scratch, bare);
        scratch.Script(
            $"{Path.GetFileName(bare)}/hooks/update",
            $"test -e '{scratch.Path("once")}' && exit 0; touch '{scratch.Path("once")}'; unset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES; {other.Push("theirs")}\n");

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal(MergeBackResult.Pushed, record.MergeBack?.Result);
        Assert.Equal(record.MergeBack?.Commit, Remote(scratch, bare, "main"));
        Assert.Equal("Push theirs", repository.Git("log", "-1", "--format=%s", "origin/main^1"));
    }

    [Fact]
    public void Is_rejected_with_the_words_of_the_hook_there()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        scratch.Script($"{Path.GetFileName(bare)}/hooks/update", $"echo x >> '{scratch.Path("asked")}'; echo 'main is protected' >&2; exit 1\n");

        var record = repository.RunInWorktree(Work, "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, "main is protected");
        Assert.Single(File.ReadAllLines(scratch.Path("asked")));

        File.Delete(Path.Combine(bare, "hooks/update"));
        AssertPushedByHand(scratch, repository, bare, record);
    }

    [Fact]
    public void Is_rejected_if_the_remote_cannot_be_reached()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, "fetch = \"never\"");

        var record = repository.RunInWorktree($"{Work}; mv '{bare}' '{bare}.gone'", "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, bare);

        Directory.Move(bare + ".gone", bare);
        AssertPushedByHand(scratch, repository, bare, record);
    }

    [Fact]
    public void Is_rejected_and_does_not_wait_if_the_remote_asks_for_a_password()
    {
        using var scratch = new Scratch();
        using var server = new LockedServer();
        var (repository, bare) = WithRemote(scratch, "fetch = \"never\"");
        repository.Git("remote", "set-url", "origin", server.Url);

        var record = repository.RunInWorktree(Work, "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, server.Url);
        Assert.True(server.WasAsked);
        repository.Git("remote", "set-url", "origin", bare);
        AssertPushedByHand(scratch, repository, bare, record);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Needs_a_person_after_a_conflict_and_the_commands_of_its_hint_lead_to_the_push(bool isKept)
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, isKept ? ["keep_on_failure = true"] : []);
        var other = new OtherClone(scratch, bare);
        var before = repository.Head;

        var record = repository.RunInWorktree($"{EngineScript.Commit("README", "mine")}; {other.Push("README")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict, "origin/main"), (record.State, record.MergeBack?.Result, record.MergeBack?.Target));
        Assert.Equal(["README"], record.MergeBack?.Conflicts);
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal(isKept ? [repository.Path, record.Worktree!] : [repository.Path], repository.Worktrees);

        var commands = record.Hint!.Split('\n')[1];
        Assert.Contains("CONFLICT", scratch.Run(repository.Path, "sh", "-c", commands).Expect(1).Output, StringComparison.Ordinal);
        var at = isKept ? record.Worktree! : repository.Path;
        File.WriteAllText(Path.Combine(at, "README"), "both\n");
        scratch.Run(at, "git", "commit", "--quiet", "--all", "--no-edit").Expect(0);
        repository.Git("checkout", "--quiet", "main");

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed, "origin/main"), (landed.State, landed.MergeBack?.Result, landed.MergeBack?.Target));
        Assert.Equal("both", scratch.Run(bare, "git", "show", "main:README").Expect(0).Output.Trim());
        Assert.Equal((before, "first\n"), (repository.Head, repository.Read("README")));
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Pushes_nothing_that_fails_only_when_it_is_merged()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, "verify = [\"sh\", \"-c\", \"! { test -e work && test -e theirs; }\"]");
        var other = new OtherClone(scratch, bare);

        var record = repository.RunInWorktree($"{Work}; {other.Push("theirs")}").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.VerifyFailed), (record.State, record.MergeBack?.Result));
        Assert.Equal("Push theirs", scratch.Run(bare, "git", "log", "-1", "--format=%s", "main").Expect(0).Output.Trim());
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:work"));
    }

    [Fact]
    public void Finds_that_the_user_has_merged_and_pushed_it_by_hand()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        scratch.Script($"{Path.GetFileName(bare)}/hooks/update", "exit 1\n");
        var record = repository.RunInWorktree(Work).Expect(120).Record;
        File.Delete(Path.Combine(bare, "hooks/update"));
        repository.Git("merge", "--quiet", "--no-ff", "-m", "By hand", record.Branch!);
        repository.Git("push", "--quiet");

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (landed.State, landed.MergeBack?.Result));
        Assert.Equal(repository.Head, Remote(scratch, bare, "main"));
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Pushes_nothing_if_it_made_nothing()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, $"after_push = [\"touch\", \"{scratch.Path("after")}\"]");
        scratch.Script($"{Path.GetFileName(bare)}/hooks/update", "exit 1\n");

        Assert.Equal((RunState.Succeeded, MergeBackResult.Nothing), (repository.RunInWorktree("true").Expect(0).Record.State, repository.Runs()[0].MergeBack?.Result));
        Assert.False(File.Exists(scratch.Path("after")));
    }

    [Theory]
    [InlineData("merge_target = \"mian\"", "there is no such branch", "Did you mean 'main'?")]
    [InlineData("push_remote = \"orgin\"", "there is no remote 'orgin'", "Did you mean 'origin'?")]
    public void Is_not_begun_if_there_is_no_such_target(string key, string message, string hint)
    {
        using var scratch = new Scratch();
        var (repository, _) = WithRemote(scratch, key);
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree($"touch '{scratch.Path("started")}'").Expect(125);

        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Contains(hint, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(scratch.Path("started")));
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Goes_to_a_branch_that_this_clone_has_never_fetched()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch, "merge_target = \"release\"");
        new OtherClone(scratch, bare).Run("git push -q origin HEAD:release");
        repository.Git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main");

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal((MergeBackResult.Pushed, "origin/release"), (record.MergeBack?.Result, record.MergeBack?.Target));
        Assert.Equal(record.MergeBack?.Commit, Remote(scratch, bare, "release"));
        Assert.NotEqual(record.MergeBack?.Commit, Remote(scratch, bare, "main"));
        Assert.Equal("work", scratch.Run(bare, "git", "show", "release:work").Expect(0).Output.Trim());
    }

    [Fact]
    public void Is_confirmed_where_it_was_pushed_to_if_that_is_not_where_it_is_fetched_from()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        var copy = scratch.Path("copy.git");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", "--bare", bare, copy).Expect(0);
        repository.Git("config", "remote.origin.pushurl", copy);

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal(MergeBackResult.Pushed, record.MergeBack?.Result);
        Assert.Equal(record.MergeBack?.Commit, Remote(scratch, copy, "main"));
        Assert.NotEqual(record.MergeBack?.Commit, Remote(scratch, bare, "main"));
    }

    [Fact]
    public void Tells_a_person_what_was_pushed()
    {
        using var scratch = new Scratch();
        var (repository, _) = WithRemote(scratch);

        Assert.Contains(
            "pushed origin/main: 1 file, 1 insertion, 0 deletions", repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", Work).Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lands_beside_others_from_this_clone_and_another()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        scratch.Run(scratch.Root, "git", "clone", "--quiet", bare, scratch.Path("second")).Expect(0);
        var second = new WtRun(scratch, scratch.Path("second"));
        var count = HeavyTests.Count(4, 20);

        using var runs = new ManyRuns(
            count + 1, number => (number == count ? second : repository.WtRun).Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit($"work{number}")));
        var records = runs.Wait().ConvertAll(run => run.Record);

        // The lock of the target holds in one clone; against another one three tries may be too few, and then the work is kept.
        Assert.All(records, record => Assert.True(record.MergeBack?.Result is MergeBackResult.Pushed or MergeBackResult.Rejected, record.Message));
        var pushed = records.FindAll(record => record.MergeBack?.Result == MergeBackResult.Pushed);
        Assert.True(pushed.Count >= count, string.Join('\n', records.Select(record => record.Message)));
        Assert.All(pushed, record => scratch.Run(bare, "git", "merge-base", "--is-ancestor", record.MergeBack!.Commit!, "main").Expect(0));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main", .. records.Except(pushed).Where(record => record.Worktree!.StartsWith(repository.Path + "/", StringComparison.Ordinal)).Select(record => record.Branch!)], repository.Branches);
    }

    private static (TestRepository Repository, string Bare) WithRemote(Scratch scratch, params string[] keys)
    {
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure(["merge_back = \"push\"", "push_target = true", .. keys]);
        return (repository, bare);
    }

    private static string Remote(Scratch scratch, string bare, string branch) =>
        scratch.Run(bare, "git", "rev-parse", $"refs/heads/{branch}").Expect(0).Output.Trim();

    private static void AssertRejectedAndKept(TestRepository repository, RunRecord record, string reason)
    {
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Rejected, "origin/main"), (record.State, record.MergeBack?.Result, record.MergeBack?.Target));
        Assert.Contains(reason, record.Message, StringComparison.Ordinal);
        Assert.Contains($"wt-run land {record.Id}", record.Hint, StringComparison.Ordinal);
        Assert.Equal(repository.Git("rev-parse", "feature"), record.MergeBack?.Commit);
        Assert.Equal("work", repository.Git("show", "feature:work"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["feature", "main"], repository.Branches);
        Assert.Empty(repository.Git("for-each-ref", "refs/wt-run-merge"));
    }

    private static void AssertPushedByHand(Scratch scratch, TestRepository repository, string bare, RunRecord record)
    {
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (landed.State, landed.MergeBack?.Result));
        Assert.Equal(landed.MergeBack?.Commit, Remote(scratch, bare, "main"));
        Assert.Equal("work", scratch.Run(bare, "git", "show", "main:work").Expect(0).Output.Trim());
        Assert.Equal(["main"], repository.Branches);
        Assert.Contains("been pushed already", repository.Land(record).Expect(1).Error, StringComparison.Ordinal);
    }
}

public sealed class A_run_whose_supervisor_was_killed_after_a_push
{
    [Theory]
    [InlineData("push_target = true", "merge_style = \"merge\"", "origin/main")]
    [InlineData("push_target = true", "merge_style = \"squash\"", "origin/main")]
    [InlineData("push_target = false", "merge_style = \"merge\"", null)]
    public void Is_found_to_have_pushed(string what, string style, string? target)
    {
        using var scratch = new Scratch();
        var gate = new Gate(scratch);
        var (repository, bare) = WithRemote(scratch, what, style, $"after_push = [\"{scratch.Script("after", $"echo junk > junk; {gate.Step}\n")}\"]");
        using var run = repository.WtRun.Start("run", "--worktree", "--branch", "feature", "--json", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}");
        gate.AwaitReached();
        run.Kill();

        repository.Prune();

        var record = Assert.Single(repository.Runs());
        var there = scratch.Run(bare, "git", "rev-parse", target is null ? "feature" : "main").Expect(0).Output.Trim();
        Assert.Equal(RunState.Interrupted, record.State);
        Assert.Equal((MergeBackResult.Pushed, there, target), (record.MergeBack?.Result, record.MergeBack?.Commit, record.MergeBack?.Target));
        Assert.Equal("README\nwork\nwt-run.toml", repository.Git("ls-tree", "--name-only", there));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
        Assert.Contains("been pushed already", repository.Land(record).Expect(1).Error, StringComparison.Ordinal);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("squash")]
    public void Is_found_to_have_pushed_by_land_if_the_remote_could_not_be_asked_before(string style)
    {
        using var scratch = new Scratch();
        var gate = new Gate(scratch);
        var (repository, bare) = WithRemote(scratch, "push_target = true", $"merge_style = \"{style}\"");
        var other = new OtherClone(scratch, bare);

        // The remote has taken it, and git is killed before it can tell: nothing here knows.
        scratch.Script($"{Path.GetFileName(bare)}/hooks/post-receive", gate.Step + "\n");
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit("work"));
        gate.AwaitReached();
        run.Kill();
        File.Delete(Path.Combine(bare, "hooks/post-receive"));
        Directory.Move(bare, bare + ".gone");
        repository.Prune();
        var record = Assert.Single(repository.Runs());
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));

        Directory.Move(bare + ".gone", bare);
        var pushed = scratch.Run(bare, "git", "rev-parse", "main").Expect(0).Output.Trim();
        other.Run(other.Push("work", "more"));
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed, pushed), (landed.State, landed.MergeBack?.Result, landed.MergeBack?.Commit));
        Assert.Equal("Push work", scratch.Run(bare, "git", "log", "-1", "--format=%s", "main").Expect(0).Output.Trim());
        Assert.Equal(["main"], repository.Branches);
    }

    private static (TestRepository Repository, string Bare) WithRemote(Scratch scratch, params string[] keys)
    {
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure(["merge_back = \"push\"", .. keys]);
        return (repository, bare);
    }
}
