using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Runs with <c>--detach</c>: supervised by a wt-run process that outlives the one that was called.</summary>
public sealed class A_detached_run : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;
    private readonly List<string> _ids = [];

    public A_detached_run()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
    }

    public void Dispose()
    {
        foreach (var id in _ids)
        {
            _ = _repository.WtRun.Run("cancel", id);
            AwaitFinal(id);
        }

        _scratch.Dispose();
    }

    [Fact]
    public void Goes_on_by_itself_and_lands()
    {
        var start = _repository.WtRun.Run("run", "--worktree", "--detach", "--", "sh", "-c", $"echo begun; {_gate.Step}; {EngineScript.Commit("work")}").Expect(0);
        var id = Remember(start.Output.TrimEnd('\n'));

        _gate.AwaitReached();
        Assert.Contains($"wt-run logs -f {id}", start.Error, StringComparison.Ordinal);
        Assert.Equal(RunState.Running, AwaitState(id, RunState.Running).State);
        _gate.Open();

        Assert.Equal("begun\n", _repository.WtRun.Run("logs", "-f", id).Expect(0).Output);
        Assert.Equal(MergeBackResult.Landed, AwaitFinal(id).MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Fact]
    public void Is_told_as_a_record_with_json_and_gets_its_prompt_from_standard_input()
    {
        var start = _repository.WtRun.RunWithInput("the prompt", "run", "--detach", "--json", "--prompt", "-", "--", "sh", "-c", $"cat > '{_scratch.Path("prompt")}'").Expect(0);

        Assert.Equal(RunState.Succeeded, AwaitFinal(start.Record.Id).State);
        Assert.Equal("the prompt", File.ReadAllText(_scratch.Path("prompt")));
    }

    [Fact]
    public void Has_a_session_of_its_own_and_keeps_nothing_of_its_callers()
    {
        var id = Remember(_repository.WtRun.Run("run", "--detach", "--", "sh", "-c", _gate.Step).Expect(0).Output.TrimEnd('\n'));
        _gate.AwaitReached();
        var supervisor = AwaitState(id, RunState.Running).Supervisor!.Pid;

        Assert.Equal(["/dev/null", "/dev/null", "/dev/null"], Enumerable.Range(0, 3).Select(fd => new FileInfo($"/proc/{supervisor}/fd/{fd}").LinkTarget));
        var stat = File.ReadAllText($"/proc/{supervisor}/stat").Split(')')[^1].Split(' ');
        Assert.Equal($"{supervisor}", stat[4]);
        Assert.Equal("0", stat[5]);
        _gate.Open();
    }

    [Fact]
    public void Survives_the_hangup_of_the_terminal_from_which_it_was_started()
    {
        // script(1) ends as soon as the command does, and takes the terminal with it: the kernel then sends SIGHUP to all of its session.
        var start = _repository.WtRun.RunOnTerminal("run", "--detach", "--quiet", "--", "sh", "-c", $"{_gate.Step}; echo survived").Expect(0);
        var id = Remember(start.Output.Trim());
        _gate.AwaitReached();
        _gate.Open();

        Assert.Equal(RunState.Succeeded, AwaitFinal(id).State);
        Assert.Equal("survived\n", _repository.WtRun.Run("logs", id).Expect(0).Output);
    }

    [Theory]
    [InlineData(125, "run", "--detach", "--worktree", "--base", "nowhere", "--", "true")]
    [InlineData(125, "run", "--detach", "--wroktree", "--", "true")]
    [InlineData(125, "run", "--detach", "--engine", "nobody")]
    [InlineData(127, "run", "--detach", "--", "no-such-program")]
    [InlineData(125, "run", "--detach", "--interactive", "--", "true")]
    [InlineData(125, "run", "--config", "missing.toml", "--detach", "--", "true")]
    public void That_is_refused_is_told_as_without_it(int exitCode, params string[] arguments)
    {
        var refused = _repository.WtRun.Run(arguments).Expect(exitCode);
        var attached = _repository.WtRun.Run([.. arguments.Where(word => word != "--detach")]).Expect(exitCode);

        Assert.NotEqual("", refused.Error);
        Assert.Equal("", refused.Output);
        Assert.Equal(arguments.Contains("--interactive") ? refused.Error : attached.Error, refused.Error);
        Assert.Empty(_repository.Runs());
    }

    [Fact]
    public void That_is_refused_is_told_as_json_too()
    {
        var refused = _repository.WtRun.Run("run", "--detach", "--json", "--worktree", "--base", "nowhere", "--", "true").Expect(125);

        Assert.Contains("nowhere", refused.Json["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Has_its_place_in_the_queue_when_the_caller_returns()
    {
        _repository.Configure("concurrent = false");
        var first = Remember(_repository.WtRun.Run("run", "--detach", "--", "sh", "-c", $"{_gate.Step}; echo 1 >> '{_scratch.Path("order")}'").Expect(0).Output.TrimEnd('\n'));
        _gate.AwaitReached();
        var others = Enumerable.Range(2, 4)
            .Select(i => Remember(_repository.WtRun.Run("run", "--detach", "--json", "--", "sh", "-c", $"echo {i} >> '{_scratch.Path("order")}'").Expect(0).Record.Id)).ToList();

        Assert.Equal([1, 2, 3, 4], others.Select(id => _repository.Show(id).Queue!.Position!.Value));
        _gate.Open();

        Assert.All(others.Prepend(first), id => Assert.Equal(RunState.Succeeded, AwaitFinal(id).State));
        Assert.Equal(["1", "2", "3", "4", "5"], File.ReadAllLines(_scratch.Path("order")));
    }

    [Fact]
    public void That_is_told_to_skip_says_in_its_record_that_it_did()
    {
        _repository.Configure("concurrent = false");
        var first = Remember(_repository.WtRun.Run("run", "--detach", "--", "sh", "-c", _gate.Step).Expect(0).Output.TrimEnd('\n'));
        _gate.AwaitReached();

        var second = _repository.WtRun.Run("run", "--detach", "--json", "--if-busy", "skip", "--", "true").Expect(0).Record.Id;

        Assert.Equal(RunState.Skipped, AwaitFinal(second).State);
        _gate.Open();
        Assert.Equal(RunState.Succeeded, AwaitFinal(first).State);
    }

    [Fact]
    public void Whose_supervisor_ends_before_it_let_go_is_known_with_all_that_it_said()
    {
        var start = DetachedProcess.Start(["/bin/sh", "-c", "echo half; echo why >&2; kill -9 $$"], _scratch.Root, _scratch.Variables, null);

        Assert.Equal((128 + Libc.SIGKILL, "half\n", "why\n"), (start.ExitCode, Encoding.UTF8.GetString(start.Output), Encoding.UTF8.GetString(start.Error)));
    }

    [Fact]
    public void Of_a_session_waits_for_its_turn_there_and_keeps_its_work_in_it()
    {
        var first = Remember(_repository.WtRun.Run("run", "--session", "chat", "--detach", "--", "sh", "-c", $"{_gate.Step}; echo one > one").Expect(0).Output.TrimEnd('\n'));
        _gate.AwaitReached();
        var second = Remember(_repository.WtRun.Run("run", "--session", "chat", "--detach", "--json", "--", "sh", "-c", "cat one > two").Expect(0).Record.Id);

        Assert.Equal((RunState.Queued, 1, first), (_repository.Show(second).State, _repository.Show(second).Queue!.Position, _repository.Show(second).Queue!.Behind));
        Assert.Contains($"run {first} of it is under way", _repository.WtRun.Run("land", "chat").Expect(1).Error, StringComparison.Ordinal);
        _gate.Open();

        Assert.Equal((MergeBackResult.Kept, "chat"), (AwaitFinal(first).MergeBack?.Result, AwaitFinal(first).Session));
        Assert.Equal(MergeBackResult.Kept, AwaitFinal(second).MergeBack?.Result);
        _repository.WtRun.Run("land", "chat").Expect(0);
        Assert.Equal("one\n", _repository.Read("two"));
    }

    [Fact]
    public void Can_be_cancelled()
    {
        var id = _repository.WtRun.Run("run", "--worktree", "--detach", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {_gate.Step}").Expect(0).Output.TrimEnd('\n');
        _gate.AwaitReached();

        _repository.WtRun.Run("cancel", id).Expect(0);
        var record = AwaitFinal(id);

        Assert.Equal((RunState.Cancelled, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal("work", _repository.Git("show", $"{record.Branch}:work"));
    }

    private string Remember(string id)
    {
        _ids.Add(id);
        return id;
    }

    private RunRecord AwaitFinal(string id)
    {
        var store = new RunStore(_repository[".git/wt-run"]);
        Eventually.True(() => store.TryRead(id) is { } record && record.State.IsFinal() && !store.IsAlive(id), $"run {id} is over");
        return store.TryRead(id)!;
    }

    private RunRecord AwaitState(string id, RunState state)
    {
        var store = new RunStore(_repository[".git/wt-run"]);
        Eventually.True(() => store.TryRead(id)?.State == state, $"run {id} is {state}");
        return store.TryRead(id)!;
    }
}
