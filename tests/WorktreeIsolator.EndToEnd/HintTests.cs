using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_hint : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_hint() => _repository = new TestRepository(_scratch, "a' b 'c");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("rm .git")]
    [InlineData("rm .git; git init -q .")]
    public void Is_the_same_with_every_command_where_the_engine_took_its_git_away(string engine)
    {
        var kept = _repository.RunInWorktree($"{EngineScript.Commit("one")}; {engine}").Expect(125).Record;
        var delete = $"rm -rf '{kept.Worktree!.Replace("'", "'\\''", StringComparison.Ordinal)}'";

        AssertSaid(kept.Hint! + "\n", kept, delete);
        AssertSaid(_repository.WtRun.Run("land", kept.Id).Expect(1).Error, kept, delete);
        AssertSaid(_repository.WtRun.Run("drop", kept.Id).Expect(1).Error, kept, delete);
        AssertSaid(_repository.WtRun.Run("prune").Expect(0).Output, kept, delete);
        AssertSaid(_repository.WtRun.Run("show", kept.Id).Expect(0).Output, kept, delete);

        _scratch.Run(_scratch.Root, "sh", "-c", delete).Expect(0);
        Assert.False(Directory.Exists(kept.Worktree));
        Assert.Equal(MergeBackResult.Landed, _repository.Land(kept).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("one"));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("land")]
    public void Moves_a_worktree_back_that_was_moved(string command)
    {
        var kept = _repository.RunInWorktree(
            $"{EngineScript.Commit("one")}; echo two > two; git worktree move -f -f \"$WT_RUN_WORKTREE\" \"$WT_RUN_WORKTREE.moved\"").Expect(125).Record;
        var back = kept.Hint!.Split('\n').Single(line => line.StartsWith("git worktree move ", StringComparison.Ordinal));

        AssertSaid(_repository.WtRun.Run(command, kept.Id).Expect(1).Error, kept, back);
        AssertSaid(_repository.WtRun.Run("prune").Expect(0).Output, kept, back);
        _repository.Git("worktree", "unlock", kept.Kept!.Path);
        var pruned = _repository.WtRun.Run("prune").Expect(0).Output;
        AssertSaid(pruned, kept, back);
        Assert.Contains($"run {kept.Id} made it, and it was moved there", pruned, StringComparison.Ordinal);

        _scratch.Run(_repository.Path, "sh", "-c", back).Expect(0);
        var ended = _repository.WtRun.Run(command, kept.Id, "--json").Expect(0).Record;
        Assert.Equal("two", _repository.Git("show", $"{(command == "land" ? "main" : ended.RescueRef)}:two"));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Theory]
    [InlineData("git init -q inner; echo a > inner/a", 0, "move it out of the worktree, or delete it there.\nWhen you have what you need from it: wt-run drop ")]
    [InlineData("head -c 2000 /dev/zero > big", 120, "Commit, ignore or delete them in the worktree that was kept, then wt-run land ")]
    [InlineData("git checkout -q --orphan new", 120, "Finish or abort it in the worktree that was kept, then wt-run land ")]
    public void Says_what_helps_where_the_worktree_is_kept(string engine, int exitCode, string hint)
    {
        _repository.Configure("rescue_limit = \"1KiB\"");

        var record = _repository.RunInWorktree($"{EngineScript.Commit("one")}; {engine}").Expect(exitCode).Record;

        Assert.Contains(hint + record.Id, record.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_run_that_found_it_busy_helps_where_it_can_be_followed()
    {
        _repository.Configure("concurrent = false\nmax_worktrees = 2");
        var (inPlace, inSession) = (new Gate(_scratch, "in-place"), new Gate(_scratch, "in-session"));
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", inPlace.Step);
        inPlace.AwaitReached();
        using var session = _repository.WtRun.Start("run", "--session", "chat", "--", "sh", "-c", inSession.Step);
        inSession.AwaitReached();

        Assert.Equal("Try again later, wait (--if-busy wait), or give it a directory of its own (--worktree).", Hint(121, "--if-busy", "skip"));
        Assert.Equal("Give it longer with --wait-timeout, or give it a directory of its own (--worktree).", Hint(123, "--wait-timeout", "0s"));
        _repository.WtRun.Run("run", "--worktree", "--if-busy", "skip", "--", "true").Expect(0);
        Assert.Equal("Try again later, wait (--if-busy wait), or use another session.", Hint(121, "--if-busy", "skip", "--session", "chat"));
        _repository.WtRun.Run("run", "--session", "other", "--if-busy", "skip", "--", "true").Expect(0);
        _repository.Configure("concurrent = false\nmax_worktrees = 1");
        Assert.Equal($"Try again later, wait (--if-busy wait), or raise max_worktrees of project 'repo'.", Hint(121, "--if-busy", "skip", "--session", "other"));

        inPlace.Open();
        inSession.Open();
        active.Wait().Expect(0);
        session.Wait().Expect(0);

        string? Hint(int exitCode, params string[] options) => _repository.WtRun.Run(["run", "--json", .. options, "--", "true"]).Expect(exitCode).Record.Hint;
    }

    [Fact]
    public void Does_not_name_a_worktree_where_there_can_be_none()
    {
        var plain = new WtRun(_scratch, _scratch.Directory("plain"));
        _scratch.Write("plain/wt-run.toml", "[projects.plain]\npath = \".\"\nconcurrent = false\n");
        var gate = new Gate(_scratch);
        using var active = plain.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        Assert.Equal("Try again later, or wait (--if-busy wait).", plain.Run("run", "--if-busy", "skip", "--json", "--", "true").Expect(121).Record.Hint);
        gate.Open();
        active.Wait().Expect(0);
    }

    [Fact]
    public void Does_not_promise_that_a_run_goes_on_beyond_the_one_inside_which_it_was_started()
    {
        var error = _repository.WtRun.Run("run", "--", WtRun.Program, "run", "--detach", "--worktree", "--", "true").Expect(0).Error;

        Assert.Contains($", but not beyond the end of run {_repository.Runs()[0].Id}, inside which it was started; follow it with: wt-run logs -f ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("but not beyond", _repository.WtRun.Run("run", "--detach", "--worktree", "--", "true").Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_to_leave_one_out_where_two_options_contradict_each_other() =>
        Assert.Contains("hint: Leave one of the two out.", _repository.WtRun.Run("run", "--no-worktree", "--base", "main", "--", "true").Expect(125).Error, StringComparison.Ordinal);

    [Fact]
    public void Names_the_rescue_ref_where_no_branch_was_left()
    {
        var record = _repository.RunInWorktree(EngineScript.Commit("one"), "--merge-back", "none").Expect(0).Record;

        var shown = _repository.WtRun.Run("show", record.Id).Expect(0).Output;

        Assert.Contains($"..{record.RescueRef}\n", shown, StringComparison.Ordinal);
        Assert.DoesNotContain($"branch {record.Branch}", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(record.Branch!, _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains(record.RescueRef!, _repository.WtRun.Run("drop", record.Id).Expect(1).Error, StringComparison.Ordinal);
    }

    /// <summary>A command stands alone on its line, behind <c>hint</c> or an indentation at most.</summary>
    private static void AssertSaid(string text, RunRecord record, string command)
    {
        Assert.Contains(text.Split('\n'), line => line == command || (line.EndsWith(" " + command, StringComparison.Ordinal) && line[..^command.Length].Trim() is "" or "hint:" or "hint"));
        Assert.Contains($"wt-run land {record.Id[..8]}", text, StringComparison.Ordinal);
        Assert.Contains($"wt-run drop {record.Id[..8]}", text, StringComparison.Ordinal);
    }
}
