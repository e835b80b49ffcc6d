using System.Globalization;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Runs in a queue whose first one waits, too: for something that is no run, or at the next gate. No two of them are told the same place.</summary>
public sealed class Runs_behind_one_that_waits_itself : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly List<BackgroundRun> _waiting = [];
    private readonly List<ProcessEntry> _left = [];

    public Runs_behind_one_that_waits_itself() => _repository = new TestRepository(_scratch);

    public void Dispose()
    {
        _left.ForEach(Victims.Kill);
        _waiting.ForEach(run => run.Dispose());
        _scratch.Dispose();
    }

    [Fact]
    public void Stand_behind_the_peer_that_it_waits_for_and_move_up_when_it_begins()
    {
        _repository.Configure("concurrent = false", "peer_processes = [\"agent\"]");
        var gate = new Gate(_scratch);
        using var peer = new Peer(_scratch, _repository.Path);
        var first = Wait("run", "--", "sh", "-c", gate.Step);
        var second = Wait("run", "--", "true");
        var third = Wait("run", "--", "true");

        AwaitPlaces((first, 1, null, $"agent (pid {peer.Pid})"), (second, 2, null, $"agent (pid {peer.Pid})"), (third, 3, null, $"agent (pid {peer.Pid})"));
        Assert.Contains($"position 2, behind agent (pid {peer.Pid}); waiting for active run to finish\n", _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
        peer.Dispose();
        gate.AwaitReached();

        AwaitPlaces((second, 1, first, null), (third, 2, first, null));
        gate.Open();
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Stand_behind_the_landing_that_it_waits_for()
    {
        _repository.Configure("concurrent = false");
        _repository.WtRun.Run("run", "--", "true").Expect(0);
        var held = new Gate(_scratch, "held");
        using var landing = _scratch.Start(_scratch.Root, "flock", _repository[".git/wt-run/turns/main.lock"], "sh", "-c", held.Step);
        held.AwaitReached();
        var first = Wait("run", "--", "true");
        var second = Wait("run", "--", "true");

        AwaitPlaces((first, 1, null, $"process {landing.Pid} (flock)"), (second, 2, null, $"process {landing.Pid} (flock)"));
        held.Open();
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Stand_behind_the_dead_run_whose_remains_it_waits_for()
    {
        var (dead, engine) = LeaveAnEngine("", "run", "--engine", "e");
        var first = Wait("run", "--", "true");
        var second = Wait("run", "--", "true");

        AwaitPlaces((first, 1, dead, $"run {dead}, whose wt-run process died"), (second, 2, dead, $"run {dead}, whose wt-run process died"));
        Victims.Kill(engine);
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Stand_behind_it_if_it_waits_at_the_gate_of_its_engine()
    {
        var gate = new Gate(_scratch);
        _repository.Configure("concurrent = false", "max_worktrees = 2", "[engines.e]", $"command = [\"sh\", \"-c\", \"test -e '{_scratch.Path("once")}' || {{ : > '{_scratch.Path("once")}'; {gate.Step}; }}\"]", "max_parallel = 1");
        using var active = _repository.WtRun.Start("run", "--worktree", "--engine", "e");
        gate.AwaitReached();
        var holder = Assert.Single(_repository.Runs()).Id;
        var inPlace = Wait("run", "--engine", "e");
        var behindIt = Wait("run", "--", "true");
        var inWorktree = Wait("run", "--worktree", "--engine", "e");
        var last = Wait("run", "--worktree", "--engine", "e");

        AwaitPlaces((inPlace, 1, holder, null), (behindIt, 2, inPlace, null), (inWorktree, 2, holder, null), (last, 2, holder, null));
        gate.Open();
        active.Wait().Expect(0);
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Stand_behind_all_who_are_ahead_of_it_in_its_engines_line_and_know_that_it_waits()
    {
        var gates = new[] { "one", "two", "three" }.Select(name => new Gate(_scratch, name)).ToList();
        var engine = _scratch.Script("engine", string.Concat(gates.Select((gate, i) => $"if mkdir '{_scratch.Path("once")}{i}' 2> /dev/null; then {gate.Step}; exit; fi\n")));
        _repository.Configure("concurrent = false", "[engines.e]", $"command = [\"{engine}\"]", "max_parallel = 1");
        using var active = _repository.WtRun.Start("run", "--worktree", "--engine", "e");
        gates[0].AwaitReached();
        var holder = Assert.Single(_repository.Runs()).Id;
        var ahead = Wait("run", "--worktree", "--engine", "e");
        var inPlace = Wait("run", "--engine", "e");
        var second = Wait("run", "--", "true");
        var third = Wait("run", "--", "true");

        AwaitPlaces((ahead, 1, holder, null), (inPlace, 2, holder, null), (second, 3, inPlace, null), (third, 4, inPlace, null));
        Assert.Matches($"{second} .*position 3, behind {inPlace[..8]} user, [0-9]+ s; waiting for its turn\n", _repository.WtRun.Run("list").Expect(0).Output);
        Assert.Matches($"held by run {inPlace[..8]} user, [0-9]+ s, pid [0-9]+, which waits itself\\.", _repository.WtRun.Run("run", "--if-busy", "skip", "--", "true").Expect(121).Error);
        gates[0].Open();
        gates[1].AwaitReached();

        AwaitPlaces((inPlace, 1, ahead, null), (second, 2, inPlace, null), (third, 3, inPlace, null));
        gates[1].Open();
        gates[2].AwaitReached();

        AwaitPlaces((second, 1, inPlace, null), (third, 2, inPlace, null));
        Assert.Equal("active run to finish", _repository.Runs().Single(run => run.Id == second).Queue!.WaitsFor);
        gates[2].Open();
        active.Wait().Expect(0);
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Are_not_told_of_its_engines_line_where_another_place_may_be_free_before()
    {
        var (begun, other) = (new Gate(_scratch), new Gate(_scratch, "other"));
        _repository.Configure("max_worktrees = 2", "[engines.e]", $"command = [\"{_scratch.Script("engine", $"if mkdir '{_scratch.Path("once")}' 2> /dev/null; then {other.Step}; fi\n")}\"]", "max_parallel = 1");
        using var elsewhere = _repository.WtRun.Start("run", "--engine", "e");
        other.AwaitReached();
        var holder = Assert.Single(_repository.Runs()).Id;
        var ahead = Wait("run", "--engine", "e");
        using var active = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", begun.Step);
        begun.AwaitReached();
        var first = _repository.Runs().Single(run => run.Isolation.Kind == "worktree").Id;
        var atGate = Wait("run", "--worktree", "--engine", "e");
        var last = Wait("run", "--worktree", "--", "true");

        AwaitPlaces((ahead, 1, holder, null), (atGate, 2, holder, null), (last, 2, first, null));
        other.Open();
        begun.Open();
        elsewhere.Wait().Expect(0);
        active.Wait().Expect(0);
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Stand_behind_whoever_has_its_engines_lock_from_another_repository_too()
    {
        var (file, other) = (_scratch.Write("session.lock", ""), new TestRepository(_scratch, "other"));
        var config = _scratch.Write(
            "wt-run.toml", $"[projects.p]\npath = \"{_repository.Path}\"\n[projects.q]\npath = \"{other.Path}\"\n[engines.e]\ncommand = [\"true\"]\nlock = \"{file}\"\n");
        var held = new Gate(_scratch, "held");
        using var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step);
        held.AwaitReached();
        var first = Wait("run", "p", "--engine", "e", "--config", config);
        _waiting.Add(_repository.WtRun.Start("run", "q", "--engine", "e", "--config", config));

        Eventually.True(
            () => other.Runs() is [{ Queue: { Position: 2, Behind: null } queue }] && queue.HeldBy == $"process {stranger.Pid} (flock)", () => string.Join('\n', other.Runs().Select(run => run.Queue)));
        AwaitPlaces((first, 1, null, $"process {stranger.Pid} (flock)"));
        held.Open();
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    [Fact]
    public void Are_told_apart_where_what_a_dead_run_left_takes_one_of_several_places()
    {
        var (dead, engine) = LeaveAnEngine("max_parallel = 2\n", "run", "--worktree", "--engine", "e");
        var gate = new Gate(_scratch);
        _scratch.Write("step", gate.Step);
        using var active = _repository.WtRun.Start("run", "--worktree", "--engine", "e");
        gate.AwaitReached();
        var begun = _repository.Runs().Single(run => run.State == RunState.Running && run.Id != dead).Id;
        var first = Wait("run", "--worktree", "--engine", "e");
        var last = Wait("run", "--worktree", "--engine", "e");

        AwaitPlaces((first, 1, dead, $"run {dead}"), (last, 2, begun, null));
        gate.Open();
        Victims.Kill(engine);
        active.Wait().Expect(0);
        _waiting.ForEach(run => run.Wait().Expect(0));
    }

    /// <summary>Starts a run that has to wait; gives its id.</summary>
    private string Wait(params string[] arguments)
    {
        var before = _repository.Runs().Select(run => run.Id).ToList();
        _waiting.Add(_repository.WtRun.Start(arguments));
        RunRecord? queued = null;
        Eventually.True(() => (queued = _repository.Runs().SingleOrDefault(run => !before.Contains(run.Id) && run.State == RunState.Queued)) is not null, "a run waits");
        return queued!.Id;
    }

    private void AwaitPlaces(params (string Id, int Position, string? Behind, string? HeldBy)[] places) => Eventually.True(
        () => _repository.Runs() is var runs && places.All(place => runs.Single(run => run.Id == place.Id).Queue is { } queue
            && (queue.Position, queue.Behind) == (place.Position, place.Behind)
            && (place.HeldBy is null ? queue.HeldBy is null : queue.HeldBy?.StartsWith(place.HeldBy, StringComparison.Ordinal) == true)),
        () => string.Join('\n', _repository.Runs().Select(run => $"{run.Id} {run.State} {run.Queue}")));

    /// <summary>Kills the wt-run of a run whose engine then goes on, although it is asked to end; the next one takes the step that a test has written, if any.</summary>
    private (string Id, ProcessEntry Engine) LeaveAnEngine(string settings, params string[] arguments)
    {
        var (pid, step) = (_scratch.Path("pid"), _scratch.Path("step"));
        var script = _scratch.Script(
            "engine",
            $"if mkdir '{_scratch.Path("first")}' 2> /dev/null; then trap : INT TERM; echo $$ > '{pid}'; while :; do sleep 0.2; done; fi\n"
            + $"if test -e '{step}' && mkdir '{_scratch.Path("second")}' 2> /dev/null; then . '{step}'; fi\n");
        _repository.Commit("wt-run.toml", $"[projects.repo]\npath = \".\"\nconcurrent = false\n[engines.e]\ncommand = [\"{script}\"]\ngrace = \"10m\"\n{settings}");
        using var run = _repository.WtRun.Start(arguments);
        var store = new RunStore(_repository[".git/wt-run"]);
        Eventually.True(() => File.Exists(pid) && new FileInfo(pid).Length > 0 && store.ReadAll() is [{ State: RunState.Running }], "the engine runs");
        run.Kill();
        var engine = ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture))!;
        _left.Add(engine);
        return (Assert.Single(store.ReadAll()).Id, engine);
    }
}
