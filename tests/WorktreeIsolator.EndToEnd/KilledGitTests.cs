using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Each git is killed, by its pid, by something that it has just started itself: so it is in the step that is meant.</summary>
public sealed class A_git_that_is_killed : IDisposable
{
    private const string KillGit = "kill -9 $(ps -o ppid= -p $$)";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_git_that_is_killed() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("branch", "")]
    [InlineData("branch", "\"$real\" \"$@\"; ")]
    [InlineData("branch", "mkdir -p .git/refs/heads/wt; for a; do case $a in wt/*) touch .git/refs/heads/$a.lock;; esac; done; ")]
    [InlineData("symbolic-ref", "")]
    [InlineData("symbolic-ref", "\"$real\" \"$@\"; ")]
    public void While_it_registers_a_worktree_leaves_nothing_of_it(string part, string before)
    {
        _repository.RunInWorktree("true").Expect(0);
        var state = RepositoryState.Of(_repository);
        PutInFrontOfGitsParts($"if test \"$1\" = {part} && rm '{_scratch.Path("armed")}'; then {before}kill -9 $PPID; exit 1; fi");
        Arm();

        var record = _repository.RunInWorktree($"touch '{_scratch.Path("ran")}'").Expect(125).Record;

        AssertFailedBecauseOfTheKill(record);
        Assert.Equal(state, RepositoryState.Of(_repository));
        Assert.Empty(Directory.EnumerateFiles(_repository[".git/refs"], "*.lock", SearchOption.AllDirectories));
        AssertNextRunLands();
    }

    [Fact]
    public void While_it_registers_a_worktree_is_not_outlived_by_what_it_had_started()
    {
        _repository.RunInWorktree("true").Expect(0);
        var state = RepositoryState.Of(_repository);
        var gate = new Gate(_scratch);
        PutInFrontOfGitsParts(
            $"if test \"$1\" = branch && rm '{_scratch.Path("armed")}'; then echo $$ > '{_scratch.Path("pid")}'; kill -9 $PPID; {gate.Step}; fi");
        Arm();

        AssertFailedBecauseOfTheKill(_repository.RunInWorktree($"touch '{_scratch.Path("ran")}'").Expect(125).Record);

        var pid = int.Parse(File.ReadAllText(_scratch.Path("pid")), CultureInfo.InvariantCulture);
        Eventually.True(() => ProcessEntry.Read(pid) is not { IsRunning: true }, "the process that would make the branch is gone");
        Assert.Equal(state, RepositoryState.Of(_repository));
        AssertNextRunLands();
    }

    [Theory]
    [InlineData("$$")]
    [InlineData("$PPID $$")]
    public void Before_it_has_written_where_a_worktree_is_leaves_nothing_of_it(string killed)
    {
        _repository.RunInWorktree("true").Expect(0);
        var state = RepositoryState.Of(_repository);
        PutInFrontOfGit($"""
            case " $* " in *' worktree add '*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then
                for a; do case $a in */.worktrees/*) d='{_repository[".git/worktrees"]}'/${"{a##*/}"};; esac; done
                mkdir -p "$d"; : > "$d/gitdir"; kill -9 {killed}
            fi;; esac
            """);
        Arm();

        _ = _repository.RunInWorktree("true");
        _ = _repository.Prune();

        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.Equal(state, RepositoryState.Of(_repository));
        AssertNextRunLands();
    }

    [Fact]
    public void While_it_writes_the_files_of_a_worktree_leaves_nothing_of_it()
    {
        _repository.Git("config", "filter.deadly.clean", "cat");
        _repository.Git("config", "filter.deadly.smudge", $"if rm '{_scratch.Path("armed")}'; then {KillGit}; else cat; fi");
        _repository.Commit(".gitattributes", "*.deadly filter=deadly\n");
        _repository.Commit("a", "before\n");
        _repository.Commit("m.deadly", "in the middle\n");
        _repository.Commit("z", "after\n");
        _repository.RunInWorktree("true").Expect(0);
        var state = RepositoryState.Of(_repository);
        Arm();

        var record = _repository.RunInWorktree($"touch '{_scratch.Path("ran")}'").Expect(125).Record;

        AssertFailedBecauseOfTheKill(record);
        Assert.Equal(state, RepositoryState.Of(_repository));
        AssertNextRunLands();
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("squash")]
    [InlineData("rebase")]
    public void While_it_merges_leaves_the_work_to_be_landed(string style)
    {
        _repository.Git("config", "merge.deadly.driver", $"if rm '{_scratch.Path("armed")}'; then {KillGit}; else cat %B >> %A; fi");
        _repository.Commit(".gitattributes", "*.deadly merge=deadly\n");
        _repository.Commit("m.deadly", "first\n");
        _repository.Configure($"merge_style = \"{style}\"");

        var record = _repository.RunInWorktree(
            $"{EngineScript.Commit("m.deadly")}; {EngineScript.NoteCommit(_scratch)}; {EngineScript.CommitInCheckout(_repository, "m.deadly")}; touch '{_scratch.Path("armed")}'")
            .Expect(125).Record;

        var head = _repository.Head;
        AssertFailedBecauseOfTheKill(record);
        Assert.Equal((MergeBackResult.Kept, File.ReadAllText(_scratch.Path("commits")).Trim()), (record.MergeBack?.Result, _repository.Git("rev-parse", record.Branch!)));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["refs/heads/main", $"refs/heads/{record.Branch}"], _repository.Refs);
        Assert.Equal("", _repository.Status);
        _repository.AssertNothingIsLost(_scratch, record);

        AssertNextRunLands();
        Assert.Equal(head, _repository.Git("rev-parse", "HEAD~1"));
        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Contains("work", _repository.Read("m.deadly"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status")]
    [InlineData("rev-list")]
    [InlineData("add")]
    [InlineData("commit-tree")]
    public void While_it_keeps_what_the_engine_left_does_its_step_again(string command)
    {
        PutInFrontOfGit($"case \" $* \" in *' {command} '*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then kill -9 $$; fi;; esac");

        var record = _repository.RunInWorktree($"echo work > work; git commit -q --allow-empty -m 'Nothing'; touch '{_scratch.Path("armed")}'").Expect(0).Record;

        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["refs/heads/main"], _repository.Refs);
    }

    [Theory]
    [InlineData("$$")]
    [InlineData("$PPID $$")]
    public void Once_it_has_staged_what_was_edited_does_not_lose_what_had_been_staged_before(string killed)
    {
        PutInFrontOfGit($"case \" $* \" in *' update-ref '*' refs/heads/wt/'*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then kill -9 {killed}; fi;; esac");

        _ = _repository.RunInWorktree($"echo staged > f; git add f; git hash-object f > '{_scratch.Path("staged")}'; echo edited > f; touch '{_scratch.Path("armed")}'");
        _repository.Prune();

        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.Contains(File.ReadAllText(_scratch.Path("staged")), _repository.Git("rev-list", "--objects", "--no-object-names", "--all") + "\n", StringComparison.Ordinal);
    }

    [Fact]
    public void While_it_holds_what_was_squashed_does_its_step_again()
    {
        _repository.Configure("merge_style = \"squash\"");
        PutInFrontOfGit(
            $"case \" $* \" in *' update-ref --no-deref refs/wt-run/'*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then kill -9 $$; fi;; esac");
        Arm();

        var record = _repository.RunInWorktree(EngineScript.Commit("work")).Expect(0).Record;

        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.Equal((MergeBackResult.Landed, $"refs/wt-run/{record.Id}"), (record.MergeBack?.Result, record.RescueRef));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData("update-ref --no-deref refs/wt-run-merge/")]
    [InlineData("update-ref --no-deref -d refs/wt-run-merge/")]
    public void While_it_holds_a_merge_or_lets_go_of_it_does_its_step_again(string command)
    {
        PutInFrontOfGit($"""
            case " $* " in *' {command}'*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then
                mkdir -p '{_repository[".git/refs/wt-run-merge"]}'; touch "{_repository[".git/refs/wt-run-merge"]}/$(cat '{_scratch.Path("run")}').lock"; kill -9 $$
            fi;; esac
            """);
        Arm();

        var record = _repository.RunInWorktree(
            $"{EngineScript.Commit("work")}; {EngineScript.CommitInCheckout(_repository, "other")}; echo $WT_RUN_ID > '{_scratch.Path("run")}'").Expect(0).Record;

        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["refs/heads/main"], _repository.Refs);
        Assert.Empty(Directory.EnumerateFiles(_repository[".git/refs"], "*.lock", SearchOption.AllDirectories));
    }

    [Fact]
    public void With_the_landing_of_a_session_that_had_started_it_is_in_nobodys_way()
    {
        var record = _repository.RunInSession("chat", EngineScript.Commit("work")).Expect(0).Record;
        _repository.Commit("other", "line\n");
        PutInFrontOfGit($"""
            case " $* " in *' update-ref --no-deref refs/wt-run-merge/'*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then
                mkdir -p '{_repository[".git/refs/wt-run-merge"]}'; touch '{_repository[$".git/refs/wt-run-merge/{record.Id}.lock"]}'; kill -9 $PPID $$
            fi;; esac
            """);
        Arm();
        _repository.WtRun.Run("land", "chat").Expect(137);

        Assert.Equal(MergeBackResult.Landed, _repository.WtRun.Run("land", "chat", "--json").Expect(0).Record.MergeBack?.Result);

        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Equal(["refs/heads/main"], _repository.Refs);
        Assert.Empty(Directory.EnumerateFiles(_repository[".git/refs"], "*.lock", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("", 120)]
    [InlineData("\"$real\" \"$@\"; ", 0)]
    public void While_it_moves_the_checkout_leaves_no_lock_there_though_another_is_at_work_in_a_worktree(string first, int exitCode)
    {
        var real = _scratch.Run(_scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.TrimEnd('\n');
        var (index, head, before) = (_repository[".git/index.lock"], _repository[".git/HEAD.lock"], _repository[".git/ORIG_HEAD.lock"]);
        PutInFrontOfGit(
            $"real='{real}'; case \" $* \" in *' merge --ff-only '*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then {first}touch '{index}' '{head}' '{before}'; kill -9 $$; fi;; esac");
        _scratch.Run(_scratch.Root, "mkfifo", _scratch.Path("objects")).Expect(0);

        // Opened for both, a pipe waits for nobody.
        using var objects = new FileStream(_scratch.Path("objects"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var other = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"touch '{_scratch.Path("begun")}'; exec git cat-file --batch < '{_scratch.Path("objects")}'");
        Eventually.True(() => File.Exists(_scratch.Path("begun")) && GitAtWork.In([_repository[".worktrees"]]).Count > 0, "the other run's git is at work");
        Arm();

        var record = _repository.RunInWorktree(EngineScript.Commit("work")).Expect(exitCode).Record;

        Assert.False(File.Exists(index) || File.Exists(head) || File.Exists(before), "a lock is left");
        if (exitCode != 0)
        {
            record = _repository.Land(record).Expect(0).Record;
        }

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Equal("", _repository.Status);
        objects.Dispose();
        other.Wait().Expect(0);
    }

    [Fact]
    public void While_it_moves_a_target_that_is_checked_out_nowhere_leaves_no_lock_there()
    {
        _repository.Git("switch", "--quiet", "-c", "elsewhere");
        PutInFrontOfGit(
            $"case \" $* \" in *' update-ref -m '*' refs/heads/main '*) if rm '{_scratch.Path("armed")}' 2> /dev/null; then touch '{_repository[".git/refs/heads/main.lock"]}'; kill -9 $$; fi;; esac");
        Arm();

        var record = _repository.RunInWorktree(EngineScript.Commit("work"), "--base", "main").Expect(120).Record;

        Assert.False(File.Exists(_repository[".git/refs/heads/main.lock"]));
        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);
    }

    private void PutInFrontOfGit(string script)
    {
        var real = _scratch.Run(_scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.TrimEnd('\n');
        _scratch.Script("bin/git", $"{script}\nexec '{real}' \"$@\"\n");
        _scratch.PutFirstInPath(_scratch.Path("bin"));
    }

    /// <summary>git runs its own parts as <c>git PART</c> from its own directory, which is one of the test's from now on.</summary>
    private void PutInFrontOfGitsParts(string script)
    {
        var real = _repository.Git("--exec-path");
        _scratch.Run(_scratch.Root, "cp", "-rs", real, _scratch.Path("parts")).Expect(0);
        File.Delete(_scratch.Path("parts/git"));
        _scratch.Script("parts/git", $"real='{real}/git'\n{script} 2>/dev/null\nexec \"$real\" \"$@\"\n");
        _scratch.Set("GIT_EXEC_PATH", _scratch.Path("parts"));
    }

    private void Arm() => _scratch.Write("armed", "");

    private void AssertFailedBecauseOfTheKill(RunRecord record)
    {
        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains("signal 9", record.Message, StringComparison.Ordinal);
        Assert.Null(record.Kept);
        Assert.False(File.Exists(_scratch.Path("armed")), "nothing was killed");
        Assert.False(File.Exists(_scratch.Path("ran")), "the engine was started");
    }

    private void AssertNextRunLands()
    {
        Assert.Equal(MergeBackResult.Landed, _repository.RunInWorktree(EngineScript.Commit("next")).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("next"));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }
}
