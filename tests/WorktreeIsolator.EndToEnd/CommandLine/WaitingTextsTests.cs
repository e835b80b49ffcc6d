using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

/// <summary>What <c>list</c>, <c>list --json</c> and <c>show</c> say of runs that wait: for what, and behind whom, also if that is no run.</summary>
public sealed class A_run_that_waits : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_run_that_waits() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Is_listed_with_the_peer_that_is_in_its_way()
    {
        _repository.Configure("concurrent = false\npeer_processes = [\"agent\"]");
        using var peer = new Peer(_scratch, _repository.Path);

        AssertTold("active run to finish", $"agent (pid {peer.Pid})", null, "run", "--", "true");
    }

    [Fact]
    public void Is_listed_with_the_flock_that_holds_its_engines_lock()
    {
        var file = _scratch.Write("session.lock", "");
        var script = _scratch.Script("engine", "true\n");
        _scratch.Write("wt-run.toml", $"[projects.p]\npath = \"{_repository.Path}\"\n[engines.e]\ncommand = [\"{script}\"]\nlock = \"{file}\"\n");
        var held = new Gate(_scratch, "held");
        using var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step);
        held.AwaitReached();

        AssertTold($"the lock '{file}' of the engine 'e'", $"process {stranger.Pid} (flock)", null, "run", "p", "--engine", "e", "--config", _scratch.Path("wt-run.toml"));
    }

    [Fact]
    public void Is_listed_with_the_process_that_lands_in_the_working_tree()
    {
        _repository.WtRun.Run("run", "--", "true").Expect(0);
        var turn = _repository[".git/wt-run/turns/main.lock"];
        var held = new Gate(_scratch, "held");
        using var landing = _scratch.Start(_scratch.Root, "flock", turn, "sh", "-c", held.Step);
        held.AwaitReached();

        AssertTold("active run to finish", $"process {landing.Pid} (flock)", null, "run", "--", "true");
    }

    [Fact]
    public void Is_listed_with_the_run_that_has_the_place_and_what_the_place_is()
    {
        _repository.Configure("max_worktrees = 1");
        var gate = new Gate(_scratch);
        using var first = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var id = Assert.Single(_repository.Runs()).Id;

        AssertTold("one of 1 worktrees (max_worktrees)", $"{id[..8]} user, [0-9]+ s", id, "run", "--worktree", "--", "true");
        gate.Open();
        first.Wait().Expect(0);
    }

    [Fact]
    public void Is_told_that_what_is_ahead_is_over_and_the_session_is_being_landed()
    {
        var gate = new Gate(_scratch);
        _repository.Configure($"verify = [\"sh\", \"-c\", \"{gate.Step}\"]");
        var last = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        using var landing = _repository.WtRun.Start("land", "chat");
        gate.AwaitReached();

        AssertTold(
            "the run before it in session 'chat'", $"{last.Id[..8]} user, which is over; its session is being landed or dropped", last.Id, "run", "--session", "chat", "--", "true");
        foreach (var command in new[] { "land", "drop" })
        {
            Assert.Contains($"Session 'chat' cannot be {(command == "land" ? "landed" : "dropped")}: someone else is just landing it (pid {landing.Pid}).", _repository.WtRun.Run(command, "chat").Expect(1).Error, StringComparison.Ordinal);
        }

        gate.Open();
        landing.Wait().Expect(0);
    }

    /// <summary>Starts a run that has to wait, looks at it in every way, and cancels it.</summary>
    private void AssertTold(string waitsFor, string who, string? behind, params string[] arguments)
    {
        using var run = _repository.WtRun.Start(arguments);
        Eventually.True(() => _repository.Runs().Any(record => record.State == RunState.Queued), "a run waits");
        var queued = _repository.Runs().Single(record => record.State == RunState.Queued);

        Assert.Equal((1, behind, waitsFor), (queued.Queue!.Position, queued.Queue.Behind, queued.Queue.WaitsFor));
        Assert.Equal(behind is null ? who : null, queued.Queue.HeldBy);
        var pattern = $"position 1, behind {Pattern(who)}; waiting for {Pattern(waitsFor)}\n";
        Assert.Matches(pattern, _repository.WtRun.Run("list").Expect(0).Output);
        Assert.Matches($"waited      [0-9.]+s, {pattern}", _repository.WtRun.Run("show", queued.Id).Expect(0).Output);
        Assert.Equal(queued.Queue, _repository.WtRun.Run("list", "--json").Expect(0).Records.Single(record => record.Id == queued.Id).Queue);

        _repository.WtRun.Run("cancel", queued.Id).Expect(0);
        var error = run.Wait().Expect(122).Error;
        Assert.Matches($"Queued — waiting for {Pattern(waitsFor)} \\(position 1, behind {Pattern(who)}\\)", error);
        Assert.DoesNotMatch($"{queued.Id} .*wt/", _repository.WtRun.Run("list").Expect(0).Output);

        static string Pattern(string text) => text.Contains('+', StringComparison.Ordinal) ? text : System.Text.RegularExpressions.Regex.Escape(text);
    }
}
