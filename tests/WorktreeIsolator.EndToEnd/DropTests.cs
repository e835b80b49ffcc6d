using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Dropping_a_run : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Dropping_a_run() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void That_failed_moves_its_work_from_the_branch_to_the_rescue_ref()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; echo two > two; exit 3").Expect(3).Record;
        var tip = _repository.Git("rev-parse", failed.Branch!);

        var dropped = Drop(failed);

        Assert.Equal((RunState.Failed, MergeBackResult.Dropped, tip), (dropped.State, dropped.MergeBack?.Result, dropped.MergeBack?.Commit));
        Assert.Equal($"refs/wt-run/{failed.Id}", dropped.RescueRef);
        Assert.Equal(["refs/heads/main", dropped.RescueRef!], _repository.Refs);
        Assert.Equal(tip, _repository.Git("rev-parse", dropped.RescueRef!));
        Assert.Contains("was dropped already", _repository.WtRun.Run("drop", failed.Id).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_how_to_get_the_work_back_and_that_works()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;

        var said = _repository.WtRun.Run("drop", failed.Id[..6]).Expect(0).Error;

        Assert.Contains($"git branch NAME refs/wt-run/{failed.Id}\n", said, StringComparison.Ordinal);
        Assert.Contains($"git update-ref -d refs/wt-run/{failed.Id}   ('wt-run prune' does after 90d)", said, StringComparison.Ordinal);
        Assert.Equal(MergeBackResult.Landed, _repository.Land(failed).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("one"));
    }

    [Fact]
    public void That_needed_a_person_needs_none_any_more()
    {
        var conflict = _repository.RunInWorktree(
            $"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(_repository, "README")}").Expect(120).Record;

        var dropped = Drop(conflict);

        Assert.Equal((RunState.Cancelled, MergeBackResult.Dropped), (dropped.State, dropped.MergeBack?.Result));
        Assert.Equal("mine", _repository.Git("show", $"{dropped.RescueRef}:README"));
        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void That_is_killed_on_the_way_leaves_a_record_that_says_what_is_left()
    {
        _repository.Configure("keep_on_failure = true");
        var kept = _repository.RunInWorktree($"{EngineScript.Commit("one")}; echo two > two; exit 3").Expect(3).Record;
        Assert.NotNull(kept.Kept);
        var gate = new Gate(_scratch);
        _scratch.Script(
            "repo/.git/hooks/reference-transaction",
            $"if test $1 = prepared && grep -q ' 0000000000000000000000000000000000000000 refs/heads/wt/' && mkdir '{_scratch.Path("once")}'; then {gate.Step}; fi 2> /dev/null\n");
        using var killed = _repository.WtRun.Start("drop", kept.Id);
        gate.AwaitReached();
        killed.Kill();

        var shown = _repository.Show(kept.Id);

        Assert.Equal((null, $"refs/wt-run/{kept.Id}"), (shown.Kept, shown.RescueRef));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal([], RepositoryState.Names(_repository[".git/wt-run/active"]));
        Assert.Equal("two", _repository.Git("show", $"{shown.RescueRef}:two"));
        Assert.Equal(MergeBackResult.Dropped, Drop(kept).MergeBack?.Result);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void Rescues_what_a_person_did_in_the_kept_worktree_and_takes_it_away()
    {
        _repository.Configure("keep_on_failure = true");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        File.WriteAllText(Path.Combine(failed.Kept!.Path, "by-hand"), "mine");

        var dropped = Drop(failed);

        Assert.Equal(("work", "mine"), (_repository.Git("show", $"{dropped.RescueRef}:one"), _repository.Git("show", $"{dropped.RescueRef}:by-hand")));
        Assert.Equal((null, false), (dropped.Kept, Directory.Exists(failed.Kept.Path)));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
        Assert.DoesNotContain(_repository.Prune(), item => item.Contains("worktree", StringComparison.Ordinal));
    }

    [Fact]
    public void Whose_worktree_was_deleted_by_hand_keeps_its_commits()
    {
        _repository.Configure("keep_on_failure = true");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; {EngineScript.NoteCommit(_scratch)}; exit 3").Expect(3).Record;
        _scratch.Run(failed.Worktree!, "sh", "-c", $"git checkout -q --detach; {EngineScript.Commit("two")}; {EngineScript.NoteCommit(_scratch)}").Expect(0);
        _scratch.Run(_scratch.Root, "rm", "-rf", failed.Worktree!).Expect(0);

        var dropped = Drop(failed);

        Assert.Equal([_repository.Path], _repository.Worktrees);
        _repository.AssertNothingIsLost(_scratch, dropped);
    }

    [Fact]
    public void Whose_work_is_on_another_branch_needs_no_rescue_ref()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        _repository.Git("merge", "--quiet", failed.Branch!);

        var dropped = Drop(failed);

        Assert.Null(dropped.RescueRef);
        Assert.Contains("refs/heads/main", dropped.Message, StringComparison.Ordinal);
        Assert.Equal(["refs/heads/main"], _repository.Refs);
    }

    [Fact]
    public void That_was_left_in_the_middle_of_a_merge_keeps_both_sides_and_the_conflict()
    {
        var blocked = _repository.RunInWorktree(
            $"{EngineScript.Commit("README", "mine")}; {EngineScript.NoteCommit(_scratch)}; git checkout -q --detach HEAD~1; {EngineScript.Commit("README", "other")}; "
            + $"{EngineScript.NoteCommit(_scratch)}; git merge -q $WT_RUN_BRANCH; echo half > half; true").Expect(120).Record;
        Assert.Contains("a merge is under way", blocked.Kept?.Reason, StringComparison.Ordinal);

        var dropped = Drop(blocked);

        Assert.Equal((RunState.Cancelled, MergeBackResult.Dropped, null), (dropped.State, dropped.MergeBack?.Result, dropped.Kept));
        Assert.Equal("half", _repository.Git("show", $"{dropped.RescueRef}:half"));
        Assert.Equal(3, _repository.Parents(dropped.RescueRef!).Length);
        Assert.Contains("   # branch: Change README\n", _repository.WtRun.Run("show", blocked.Id).Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains($" {dropped.RescueRef} ", _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("<<<<<<<", _repository.Git("show", $"{dropped.RescueRef}:README"), StringComparison.Ordinal);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        _repository.AssertNothingIsLost(_scratch, dropped);
    }

    [Fact]
    public void Is_refused_while_it_is_under_way()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var id = Assert.Single(_repository.Runs()).Id;

        Assert.Contains($"wt-run cancel {id[..8]}", _repository.WtRun.Run("drop", id).Expect(1).Error, StringComparison.Ordinal);

        gate.Open();
        run.Wait().Expect(0);
        Assert.Contains("it kept nothing", _repository.WtRun.Run("drop", id).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_refused_while_someone_is_at_work_there()
    {
        _repository.Configure("keep_on_failure = true");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; mkdir sub; exit 3").Expect(3).Record;
        var before = RepositoryState.Of(_repository);
        var gate = new Gate(_scratch);
        using (var person = new BackgroundRun(["sh"], Processes.CapturedCommand.Start(
            _scratch.StartOf(Path.Combine(failed.Worktree!, "sub"), ["sh", "-c", gate.Step]))))
        {
            gate.AwaitReached();
            Assert.Contains($"sh ({person.Pid})", Refused(failed), StringComparison.Ordinal);
        }

        var index = File.Create(_repository[$".git/worktrees/{failed.Id}/index.lock"]);
        index.Dispose();
        Assert.Contains("index.lock' exists", Refused(failed), StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(_repository));
    }

    [Fact]
    public void Is_refused_while_its_branch_is_checked_out_elsewhere()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        _repository.Git("checkout", "--quiet", failed.Branch!);
        var before = RepositoryState.Of(_repository);

        Assert.Contains($"is checked out in '{_repository.Path}'", Refused(failed), StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(_repository));
    }

    [Theory]
    [InlineData("git init -q inner; echo a > inner/a", "inner/")]
    [InlineData("rm .git; git init -q .", "its .git was removed or replaced")]
    public void Is_refused_where_no_ref_can_hold_what_is_there_until_a_person_has_removed_it(string engine, string why)
    {
        var kept = _repository.RunInWorktree($"{EngineScript.Commit("one")}; {EngineScript.NoteCommit(_scratch)}; {engine}; exit 3").Record;

        var refused = Refused(kept);

        Assert.Contains(why, refused, StringComparison.Ordinal);
        Assert.Contains($"rm -rf {kept.Worktree}\n", refused, StringComparison.Ordinal);
        Assert.True(Directory.Exists(kept.Worktree));
        _scratch.Run(_scratch.Root, "rm", "-rf", kept.Worktree!).Expect(0);
        var dropped = Drop(kept);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        _repository.AssertNothingIsLost(_scratch, dropped);
    }

    [Fact]
    public void Leaves_a_branch_alone_whose_name_someone_has_used_again()
    {
        var landed = _repository.RunInWorktree(EngineScript.Commit("one"), "--branch", "feat").Expect(0).Record;
        _repository.Git("branch", "feat");

        Assert.Contains("it kept nothing", Refused(landed), StringComparison.Ordinal);
        Assert.Equal(["feat", "main"], _repository.Branches);
    }

    [Fact]
    public void That_ran_in_place_is_refused()
    {
        var record = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record;

        Assert.Contains("it ran in place", Refused(record), StringComparison.Ordinal);
    }

    private RunRecord Drop(RunRecord record)
    {
        var dropped = _repository.WtRun.Run("drop", record.Id, "--json").Expect(0).Record;
        Assert.Equal(_repository.Show(record.Id).ToString(), dropped.ToString());
        return dropped;
    }

    private string Refused(RunRecord record) => _repository.WtRun.Run("drop", record.Id).Expect(1).Error;
}

public sealed class A_worktree_that_is_kept_on_failure : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_worktree_that_is_kept_on_failure()
    {
        _repository = new TestRepository(_scratch);
        _repository.Configure("keep_on_failure = true");
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("failed")]
    [InlineData("timed_out")]
    [InlineData("cancelled")]
    [InlineData("interrupted")]
    [InlineData("needs_merge")]
    public void Stays_says_so_and_lands_or_drops(string state)
    {
        var record = End(state);

        Assert.Equal(state, RecordWriter.NameOf(record.State));
        Assert.Equal(new KeptInfo(record.Worktree!, "keep_on_failure = true"), record.Kept);
        Assert.Equal("ignored\n", File.ReadAllText(Path.Combine(record.Worktree!, "build.log")));
        var show = _repository.WtRun.Run("show", record.Id).Expect(0).Output;
        Assert.Contains($"{record.Worktree} (keep_on_failure = true)", show, StringComparison.Ordinal);
        Assert.Contains($"wt-run drop {record.Id[..8]}", show, StringComparison.Ordinal);
        Assert.Contains($"wt-run land {record.Id[..8]}", show, StringComparison.Ordinal);
        Assert.Contains(
            $"left worktree {record.Worktree}: kept on purpose: keep_on_failure = true; land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}",
            _repository.Prune());
        if (state == "needs_merge")
        {
            _scratch.Run(record.Worktree!, "sh", "-c", "git merge -q main; echo both > README; git commit -qam Both").Expect(0);
        }

        var landed = _repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (landed.State, landed.MergeBack?.Result, landed.Kept));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal("work\n", _repository.Read("one"));
    }

    private RunRecord End(string state)
    {
        var work = $"echo '*.log' > .gitignore; echo ignored > build.log; {EngineScript.Commit("one")}";
        var gate = new Gate(_scratch);
        switch (state)
        {
            case "failed":
                return _repository.RunInWorktree($"{work}; exit 7").Expect(7).Record;
            case "timed_out":
                return _repository.RunInWorktree($"{EngineScript.InOneGo(work)}; sleep 60", "--timeout", "2s").Expect(124).Record;
            case "needs_merge":
                return _repository.RunInWorktree(
                    $"{work}; {EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(_repository, "README")}").Expect(120).Record;
            default:
                using (var run = _repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"{work}; {gate.Step}"))
                {
                    gate.AwaitReached();
                    if (state == "interrupted")
                    {
                        run.Kill();
                        return Assert.Single(_repository.Runs());
                    }

                    run.Terminate();
                    return run.Wait().Expect(122).Record;
                }
        }
    }
}
