using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>What goes on after wt-run has returned holds nothing open of whoever called it, and cannot be reached through his terminal.</summary>
public sealed class What_outlives_a_command : IDisposable
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(60);

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public What_outlives_a_command()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void As_the_supervisor_of_a_detached_run_holds_no_pipe_of_a_shell_that_reads_it_to_its_end()
    {
        using var caller = Shell($"id=$('{WtRun.Program}' run --detach --quiet -- sh -c \"{_gate.Step}\" 3>&1); echo \"$id\"");

        var id = caller.Wait(AtOnce).Expect(0).Output.TrimEnd('\n');

        _gate.AwaitReached();
        _gate.Open();
        Assert.Equal(RunState.Succeeded, AwaitFinal(id).State);
    }

    [Fact]
    public void As_the_deletion_of_a_worktree_holds_no_pipe_of_a_shell_that_reads_it_to_its_end()
    {
        _scratch.Script("bin/rm", $"{_gate.Step}\nexec /bin/rm \"$@\"\n");
        _scratch.PutFirstInPath(_scratch.Path("bin"));
        using var caller = Shell($"x=$('{WtRun.Program}' run --worktree --quiet -- true 3>&1)");

        _gate.AwaitReached();
        caller.Wait(AtOnce).Expect(0);

        _gate.Open();
    }

    [Fact]
    public void As_the_supervisor_of_a_detached_run_is_nowhere_at_work_and_goes_on_though_the_directory_is_deleted()
    {
        var kept = _repository.Configure("keep_on_failure = true").RunInWorktree("echo x > x; exit 3").Expect(3).Record;
        var start = new WtRun(_scratch, _scratch.Directory("repo/.worktrees/" + kept.Id)).Run(
            "run", "--config", _repository["wt-run.toml"], "--worktree", "--detach", "--", "sh", "-c", $"{_gate.Step}; {EngineScript.Commit("work")}").Expect(0);
        var id = start.Output.TrimEnd('\n');
        _gate.AwaitReached();

        _repository.WtRun.Run("drop", kept.Id).Expect(0);
        Assert.False(Directory.Exists(kept.Worktree));
        _gate.Open();

        Assert.Equal(MergeBackResult.Landed, AwaitFinal(id).MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("work"));
    }

    [Fact]
    public void As_the_supervisor_of_a_detached_run_is_not_reached_by_an_interrupt_in_the_callers_terminal()
    {
        // What Ctrl-C does: the signal goes to everyone in the foreground group, of whom the shell alone ignores it.
        using var caller = Shell($"trap '' INT; '{WtRun.Program}' run --detach --quiet -- sh -c \"{_gate.Step}\"; trap : INT; kill -INT 0");
        var id = caller.Wait(AtOnce).Output.TrimEnd('\n');
        _gate.AwaitReached();
        _gate.Open();

        Assert.Equal(RunState.Succeeded, AwaitFinal(id).State);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void Is_nothing_if_the_caller_is_interrupted_before_he_has_been_told_an_id(string signal)
    {
        var turn = new Gate(_scratch, "turn");
        _repository.Configure("concurrent = false");
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", turn.Step);
        turn.AwaitReached();

        // A busy machine may let the caller end before it lets him look at the signal; hardly time and again.
        const int most = 5;
        for (var tries = 1; !IsCancelled(signal); tries++)
        {
            Assert.True(tries < most, "no signal was ever passed on");
        }

        turn.Open();
        active.Wait().Expect(0);
        Assert.False(File.Exists(_scratch.Path("ran")), "the engine was started");
    }

    [Fact]
    public void Is_the_run_if_the_callers_terminal_is_closed_before_he_has_been_told_an_id()
    {
        HoldTheFirstGit();
        using var caller = _repository.WtRun.Start("run", "--detach", "--", "touch", _scratch.Path("ran"));
        _gate.AwaitReached();

        _scratch.Run(_scratch.Root, "kill", "-HUP", $"{caller.Pid}").Expect(0);
        caller.Wait(AtOnce).Expect(128 + 1);
        _gate.Open();

        Eventually.True(() => File.Exists(_scratch.Path("ran")), "the run has run");
        Assert.Equal(RunState.Succeeded, AwaitFinal(Assert.Single(_repository.Runs()).Id).State);
    }

    /// <summary>Whether the signal has cancelled what it meant; false if the caller had told the id and gone before he took notice.</summary>
    private bool IsCancelled(string signal)
    {
        HoldTheFirstGit();
        using var caller = _repository.WtRun.Start("run", "--detach", "--", "touch", _scratch.Path("ran"));
        _gate.AwaitReached();

        _scratch.Run(_scratch.Root, "kill", $"-{signal}", $"{caller.Pid}").Expect(0);
        _gate.Open();

        // The signal and the git that was held race from here on: who is cancelled only once his run is written down is told its id, and that run is
        // cancelled. It waits for its turn until then, however long the signal takes.
        var ended = caller.Wait(AtOnce);
        if (ended.ExitCode != 0)
        {
            Assert.Contains("Cancelled before anything was made.", ended.Expect(122).Error, StringComparison.Ordinal);
            Assert.DoesNotContain(_repository.Runs(), run => run.Engine.Command is ["touch", ..] && run.State != RunState.Cancelled);
            return true;
        }

        var id = ended.Output.TrimEnd('\n');
        try
        {
            return AwaitFinal(id).State == RunState.Cancelled;
        }
        catch (TimeoutException)
        {
            _repository.WtRun.Run("cancel", id).Expect(0);
            Assert.Equal(RunState.Cancelled, AwaitFinal(id).State);
            File.Delete(_scratch.Path("gate.reached"));
            Directory.Delete(_scratch.Path("held"));
            return false;
        }
    }

    /// <summary>wt-run starts several at once: one of them, whichever comes first.</summary>
    private void HoldTheFirstGit()
    {
        if (File.Exists(_scratch.Path("bin/git")))
        {
            return;
        }

        var git = _scratch.Run(_scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.Trim();
        _scratch.Script("bin/git", $"if mkdir '{_scratch.Path("held")}' 2> /dev/null; then {_gate.Step}; fi\nexec {git} \"$@\"\n");
        _scratch.PutFirstInPath(_scratch.Path("bin"));
    }

    private BackgroundRun Shell(string script) => _scratch.Start(_repository.Path, "sh", "-c", script);

    private RunRecord AwaitFinal(string id)
    {
        var store = new RunStore(_repository[".git/wt-run"]);
        Eventually.True(() => store.TryRead(id) is { } record && record.State.IsFinal() && !store.IsAlive(id), $"run {id} is over");
        return store.TryRead(id)!;
    }
}
