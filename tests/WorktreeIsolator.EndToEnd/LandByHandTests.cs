using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Landing_by_hand
{
    [Fact]
    public void Lands_a_conflict_that_was_resolved_on_the_run_branch()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = RunWithConflict(repository);

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (record.State, record.MergeBack?.Result));
        Assert.Equal(["README"], record.MergeBack?.Conflicts);
        Assert.Equal(repository.Git("rev-parse", record.Branch!), record.MergeBack?.Commit);
        Assert.Equal(("theirs\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);

        var tooEarly = repository.Land(record).Expect(1).Record;
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (tooEarly.State, tooEarly.MergeBack?.Result));
        Assert.Equal([repository.Path], repository.Worktrees);

        repository.Git("checkout", "--quiet", record.Branch!);
        _ = repository.TryGit("merge", "--quiet", "main");
        repository.Resolve("README", "both\n");
        repository.Git("checkout", "--quiet", "main");
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (landed.State, landed.MergeBack?.Result));
        Assert.Null(landed.MergeBack?.Conflicts);
        Assert.Null(landed.Hint);
        Assert.Equal(("both\n", ""), (repository.Read("README"), repository.Status));
        Assert.Equal(["refs/heads/main"], repository.Refs);
        Assert.Equal(landed.MergeBack, repository.Show(record.Id).MergeBack);
    }

    [Fact]
    public void Is_refused_while_someone_is_at_work_in_the_worktree_that_was_kept()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("keep_on_failure = true");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; exit 3").Expect(3).Record;
        using (var person = new Peer(scratch, record.Worktree!, "editor"))
        {
            foreach (var (command, done) in new[] { ("land", "landed"), ("drop", "dropped") })
            {
                var refused = repository.WtRun.Run(command, record.Id).Expect(1).Error;

                Assert.Contains($"Run {record.Id} cannot be {done}: someone is at work in its worktree '{record.Worktree}': editor ({person.Pid}).", refused, StringComparison.Ordinal);
                Assert.Contains("Let them leave that directory first", refused, StringComparison.Ordinal);
            }

            Assert.True(Directory.Exists(record.Worktree));
        }

        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Finds_that_the_user_has_merged_it_already()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = RunWithConflict(repository);
        _ = repository.TryGit("merge", "--quiet", record.Branch!);
        repository.Resolve("README", "both\n");
        var head = repository.Head;

        var ended = repository.Land(record).Expect(0);
        var landed = ended.Record;

        Assert.Contains($"run {record.Id} landed on main.\nAll of it was on 'main' already.\n", ended.Error, StringComparison.Ordinal);
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, record.MergeBack?.Commit), (landed.State, landed.MergeBack?.Result, landed.MergeBack?.Commit));
        Assert.Equal((record.FinishedAt, true), (landed.FinishedAt, landed.SettledAt > record.FinishedAt));
        Assert.Equal(head, repository.Head);
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("merge", MergeBackResult.Landed)]
    [InlineData("squash", MergeBackResult.Nothing)]
    [InlineData("rebase", MergeBackResult.Nothing)]
    public void Cannot_see_that_the_user_has_squashed_it_by_hand_and_changes_no_file_then(string style, MergeBackResult result)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure($"merge_style = \"{style}\"");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; exit 3").Expect(3).Record;
        repository.Commit("before", "before\n");
        repository.Git("merge", "--quiet", "--squash", record.Branch!);
        repository.Git("commit", "--quiet", "-m", "By hand");
        var tree = repository.Git("rev-parse", "HEAD^{tree}");

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, result), (landed.State, landed.MergeBack?.Result));
        Assert.Equal((tree, ""), (repository.Git("rev-parse", "HEAD^{tree}"), repository.Status));
        Assert.Equal(result == MergeBackResult.Landed ? 2 : 1, repository.Parents("HEAD").Length);
    }

    [Fact]
    public void Finds_that_the_user_has_pushed_the_run_branch_already()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure("merge_back = \"push\"");
        scratch.Script($"{Path.GetFileName(bare)}/hooks/update", "exit 1\n");
        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;
        File.Delete(Path.Combine(bare, "hooks/update"));
        repository.Git("push", "--quiet", "origin", "feature");

        var pushed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed, record.MergeBack?.Commit), (pushed.State, pushed.MergeBack?.Result, pushed.MergeBack?.Commit));
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Finds_that_the_user_has_pushed_it_to_the_target_already()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Configure("merge_back = \"push\"", "push_target = true");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; exit 3").Expect(3).Record;
        repository.Git("push", "--quiet", "origin", $"{record.Branch}:main");

        var pushed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed, record.MergeBack?.Commit), (pushed.State, pushed.MergeBack?.Result, pushed.MergeBack?.Commit));
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Says_to_rebase_where_that_is_the_style()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("merge_style = \"rebase\"");
        var record = RunWithConflict(repository);

        Assert.Contains($"\ngit rebase main {record.Branch}\n", record.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Goes_on_where_the_kept_worktree_was_deleted_and_keeps_what_git_knew_of_it()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("keep_on_failure = true");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; exit 3").Expect(3).Record;
        scratch.Run(record.Worktree!, "sh", "-c", $"git checkout -q --detach; {EngineScript.Commit("two")}; {EngineScript.NoteCommit(scratch)}").Expect(0);
        scratch.Run(scratch.Root, "rm", "-rf", record.Worktree!).Expect(0);

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, null), (landed.MergeBack?.Result, landed.Kept));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.AssertNothingIsLost(scratch, landed);
    }

    [Fact]
    public void Refuses_what_has_landed_or_left_nothing_or_ran_in_place()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var landed = repository.RunInWorktree(EngineScript.Commit("work")).Expect(0).Record;
        var nothing = repository.RunInWorktree("true").Expect(0).Record;
        var inPlace = repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record;
        var before = RepositoryState.Of(repository);

        Assert.Contains("landed already", repository.Land(landed).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("left no work", repository.Land(nothing).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("in place", repository.Land(inPlace).Expect(1).Error, StringComparison.Ordinal);

        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (repository.Show(landed.Id).State, repository.Show(landed.Id).MergeBack?.Result));
    }

    [Fact]
    public void Refuses_a_run_that_is_under_way()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {gate.Step}");
        gate.AwaitReached();

        Assert.Contains("still under way", repository.Land(Assert.Single(repository.Runs())).Expect(1).Error, StringComparison.Ordinal);

        gate.Open();
        Assert.Equal(MergeBackResult.Landed, run.Wait().Expect(0).Record.MergeBack?.Result);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("{commit}")]
    public void Makes_no_branch_that_is_called_like_the_tag_or_commit_the_run_began_from(string from)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("tag", "v1");
        var record = repository.RunInWorktree(
            EngineScript.Commit("work"), "--base", from.Replace("{commit}", repository.Head, StringComparison.Ordinal), "--merge-back", "branch").Expect(0).Record;
        var before = RepositoryState.Of(repository);

        Assert.Contains("is no branch", repository.Land(record).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));

        repository.Configure("merge_target = \"main\"");
        Assert.Equal((MergeBackResult.Landed, "main"), (repository.Land(record).Expect(0).Record.MergeBack?.Result, repository.Show(record.Id).MergeBack?.Target));
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void Lands_work_that_waited_for_the_target_while_others_landed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var first = repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        repository.RunInWorktree(EngineScript.Commit("two")).Expect(0);

        Assert.Equal(MergeBackResult.Landed, repository.Land(first).Expect(0).Record.MergeBack?.Result);

        Assert.Equal(("work\n", "work\n"), (repository.Read("one"), repository.Read("two")));
        Assert.Equal($"Merge run {first.Id} (user) into main", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Begins_anew_after_a_landing_that_was_killed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Configure($"verify = [\"{scratch.Script("verify", $"test -e '{scratch.Path("killed")}' || {{ echo junk > junk; echo $$ > '{scratch.Path("pid")}'; {gate.Step}; }}\n")}\"]");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; exit 3").Expect(3).Record;
        using var killed = repository.WtRun.Start("land", record.Id);
        gate.AwaitReached();
        killed.Kill();
        File.WriteAllText(scratch.Path("killed"), "");

        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);

        Assert.False(ProcessEntry.Read(int.Parse(File.ReadAllText(scratch.Path("pid")), CultureInfo.InvariantCulture)) is { IsRunning: true });
        Assert.Equal(["README", "work", "wt-run.toml"], repository.Git("ls-tree", "--name-only", "HEAD").Split('\n'));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void That_was_killed_leaves_nothing_after_the_next_command()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Configure($"verify = [\"{scratch.Script("verify", $"echo $$ > '{scratch.Path("pid")}'; {gate.Step}\n")}\"]");
        var record = repository.RunInWorktree($"{EngineScript.Commit("work")}; exit 3").Expect(3).Record;
        var refs = repository.Refs;
        using var killed = repository.WtRun.Start("land", record.Id);
        gate.AwaitReached();
        killed.Kill();

        repository.WtRun.Run("list").Expect(0);

        Assert.False(ProcessEntry.Read(int.Parse(File.ReadAllText(scratch.Path("pid")), CultureInfo.InvariantCulture)) is { IsRunning: true }, "verify works on");
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal([], RepositoryState.Names(repository[".git/worktrees"]));
        Assert.Equal([], RepositoryState.Names(repository[".git/wt-run/active"]));
        Assert.Equal(refs, repository.Refs);
    }

    private static RunRecord RunWithConflict(TestRepository repository) => repository.RunInWorktree(
        $"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(repository, "README")}").Expect(120).Record;
}

public sealed class Many_runs_that_land_on_one_target
{
    [Fact]
    public void All_land_one_after_another()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("README", "the user's own change\n");
        var count = HeavyTests.Count(10, 40);

        using var runs = new ManyRuns(
            count, number => repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit($"work{number}")));
        var records = runs.Wait().ConvertAll(run => run.Expect(0).Record);

        Assert.All(records, record => Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result)));
        Assert.All(Enumerable.Range(0, count), number => Assert.Equal("work\n", repository.Read($"work{number}")));
        Assert.All(records, record => repository.Git("merge-base", "--is-ancestor", record.MergeBack!.Commit!, "main"));

        // Each landing moved main from where the one before had left it.
        var moves = repository.Git("reflog", "--format=%H", "main").Split('\n').Take(count).ToHashSet();
        Assert.Equal(records.Select(record => record.MergeBack!.Commit!).ToHashSet(), moves);
        Assert.Equal(" M README", repository.Git("status", "--porcelain"));
        Assert.Equal(["refs/heads/main"], repository.Refs);
        Assert.Equal([repository.Path], repository.Worktrees);
    }
}
