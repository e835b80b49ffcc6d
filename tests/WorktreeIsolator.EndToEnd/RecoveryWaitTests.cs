using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Its supervisor was killed, and its engine takes the time that its grace gives it, or would.</summary>
public sealed class A_dead_run_whose_engine_takes_its_time : IDisposable
{
    /// <summary>Far below any grace here, far above what a busy machine needs for a command that stays two seconds.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_dead_run_whose_engine_takes_its_time() => _repository = new TestRepository(_scratch);

    public void Dispose()
    {
        if (File.Exists(_scratch.Path("daemon")) && ProcessEntry.Read(Pid("daemon")) is { Name: "daemon.sh" } left)
        {
            // It has cleared its environment, by which what is left of a test is known.
            Victims.Kill(left);
        }

        _scratch.Dispose();
    }

    [Fact]
    public void Holds_a_command_that_only_looks_up_for_a_moment_and_is_shown_as_what_it_is()
    {
        var (id, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m");
        var clock = Stopwatch.StartNew();

        var listed = _repository.WtRun.Run("list", "--json").Expect(0);

        var record = Assert.Single(listed.Records);
        Assert.Equal(RunState.Running, record.State);
        Assert.Contains($"Its wt-run process died. Still at work of it: engine slow (pid {engine.Pid})", record.Message, StringComparison.Ordinal);
        Assert.Contains($"wt-run: ending what run {id[..8]} left behind: engine slow (pid {engine.Pid})", listed.Error, StringComparison.Ordinal);
        Assert.Contains($"wt-run: warning: Run {id} has died. Still at work of it: engine slow (pid {engine.Pid})", listed.Error, StringComparison.Ordinal);
        Assert.Contains("has 10m for that", listed.Error, StringComparison.Ordinal);
        var shown = _repository.WtRun.Run("show", id).Expect(0).Output;
        Assert.Contains("Still at work of it: engine slow", shown, StringComparison.Ordinal);
        Assert.Contains($"To wait until what it left is ended: wt-run prune; to end its engine at once: kill -KILL {engine.Pid}\n", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("wt-run cancel", shown, StringComparison.Ordinal);
        _repository.WtRun.Run("logs", id).Expect(0);
        Assert.Contains("Still at work of it: engine slow", _repository.WtRun.Run("doctor").Output, StringComparison.Ordinal);
        _repository.WtRun.Run("run", "--worktree", "--", "true").Expect(0);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);

        // Nobody is asked twice: many programs take a second interrupt for impatience.
        Assert.Equal(["INT"], File.ReadAllLines(_scratch.Path("signals")));
        Assert.True(engine.Identity.IsAlive);
    }

    [Fact]
    public void Is_told_of_on_a_line_that_goes_away_on_a_terminal()
    {
        var (id, _) = KillAbove("trap '' INT", grace: "10m");

        var shown = _repository.WtRun.RunOnTerminal("list").Expect(0).Output;

        Assert.Contains($"\r\e[K\e[?7lwt-run: ending what run {id[..8]} left behind: engine slow (pid", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prune", null, 1)]
    [InlineData("drop", "ID", 1)]
    [InlineData("land", "ID", 1)]
    [InlineData("run", "--no-worktree", 122)]
    public void Keeps_who_needs_what_it_has_waiting_until_that_is_cancelled_and_the_next_goes_on(string command, string? argument, int exitCode)
    {
        var (id, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m", project: "concurrent = false");
        using var waiter = _repository.WtRun.Start([command, .. argument is null ? Array.Empty<string>() : [argument == "ID" ? id : argument, .. command == "run" ? ["--", "true"] : Array.Empty<string>()]]);
        AwaitAsked();
        Eventually.True(() => Store.TryRead(id)?.Message is not null, "the record says what is still at work");
        var clock = Stopwatch.StartNew();
        waiter.Terminate();

        waiter.Wait().Expect(exitCode);

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);
        Assert.True(engine.Identity.IsAlive);
        Assert.False(Store.TryRead(id)!.State.IsFinal());
        Victims.Kill(engine);
        var record = Assert.Single(_repository.Runs(), run => run.Id == id);
        Assert.Equal(["INT"], File.ReadAllLines(_scratch.Path("signals")));
        Assert.Equal((RunState.Interrupted, "Its wt-run process ended before the run did."), (record.State, record.Message));
    }

    [Fact]
    public void Is_told_more_sharply_by_whoever_comes_when_its_grace_is_over()
    {
        var (_, engine) = KillAbove("trap 'echo INT >> signals' INT; trap 'echo TERM >> signals; exit' TERM", grace: "3s");
        _repository.WtRun.Run("list").Expect(0);
        Assert.Equal(["INT"], File.ReadAllLines(_scratch.Path("signals")));

        Eventually.True(() => _repository.WtRun.Run("list", "--json").Expect(0).Records[0].State == RunState.Interrupted, "its grace is over");

        Assert.Equal(["INT", "TERM"], File.ReadAllLines(_scratch.Path("signals")));
        Assert.False(engine.Identity.IsAlive);
    }

    [Fact]
    public void Is_not_over_while_something_lives_that_only_the_first_who_came_could_know_of()
    {
        var daemon = _scratch.Script("daemon.sh", $"trap '' INT; echo $$ > '{_scratch.Path("daemon")}'; while :; do sleep 0.1; done\n");
        KillAbove($"setsid env -i '{daemon}' & while ! test -s '{_scratch.Path("daemon")}'; do sleep 0.05; done", grace: "3s");
        var hidden = ProcessEntry.Read(Pid("daemon"))!;
        var first = Assert.Single(_repository.Runs());
        Assert.False(first.State.IsFinal());
        Assert.True(hidden.Identity.IsAlive);

        _repository.Prune();

        Assert.False(hidden.Identity.IsAlive);
    }

    [Theory]
    [InlineData("2s", "--no-worktree")]
    [InlineData("0s", "--no-worktree")]
    [InlineData("2s", "--session=s")]
    [InlineData("0s", "--session=s")]
    public void Is_waited_for_no_longer_than_a_run_was_told_to_wait(string waitTimeout, string place)
    {
        var (id, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m", project: "concurrent = false", place);
        var clock = Stopwatch.StartNew();

        var run = _repository.WtRun.Run("run", place, "--wait-timeout", waitTimeout, "--", "true").Expect(123);

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);
        Assert.Contains($"held by run {id}, whose wt-run process died. Still at work of it: engine slow", run.Error, StringComparison.Ordinal);
        Assert.Contains($"as long as --wait-timeout allows, {waitTimeout}.", run.Error, StringComparison.Ordinal);
        Assert.True(engine.Identity.IsAlive);
    }

    [Fact]
    public void Is_never_waited_for_without_end_by_mistake()
    {
        var project = new ProjectConfig { Name = "p", Path = _repository.Path };
        var reconciler = new Reconciler(project, new RunnerOptions { Environment = _scratch.Variables });

        Assert.Throws<ArgumentOutOfRangeException>(() => reconciler.Reconcile(TimeSpan.FromMilliseconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EndingTerms { Patience = TimeSpan.FromTicks(-1) });
    }

    [Theory]
    [InlineData("prune", null)]
    [InlineData("drop", "ID")]
    [InlineData("land", "ID")]
    public void Is_waited_for_also_while_someone_else_is_ending_it(string command, string? argument)
    {
        var (id, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m");
        using var first = _repository.WtRun.Start("prune");
        Eventually.True(() => Store.TryRead(id)?.Message is not null, "the record says what is still at work");

        using var second = _repository.WtRun.Start([command, .. argument is null ? Array.Empty<string>() : [id]]);
        var cancelled = _repository.WtRun.Run("cancel", id);

        Assert.Equal(1, cancelled.ExitCode);
        Assert.Contains($"Run {id} cannot be cancelled any more. Its wt-run process died. Still at work of it: engine slow (pid {engine.Pid})", cancelled.Error, StringComparison.Ordinal);
        Assert.Contains($"wt-run prune; to end its engine at once: kill -KILL {engine.Pid}", cancelled.Error, StringComparison.Ordinal);
        Assert.Contains("Still at work of it: engine slow", _repository.WtRun.Run("list").Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal((false, false), (first.HasEnded, second.HasEnded));
        Victims.Kill(engine);
        var ends = new[] { first.Wait(), second.Wait() };
        Assert.Contains(ends, end => end.Output.Contains($"took run {id}", StringComparison.Ordinal) || command != "prune");
        Assert.Equal(RunState.Interrupted, Store.TryRead(id)!.State);
        Assert.DoesNotContain("under way", ends[1].Error, StringComparison.Ordinal);
        Assert.Equal(["INT"], File.ReadAllLines(_scratch.Path("signals")));
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("land")]
    public void Holds_up_nobody_who_lands_or_drops_another_one(string command)
    {
        var (_, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m");
        var (other, _) = KillAbove("trap '' INT", grace: "4s", place: "--worktree", name: "other", pid: "other");
        var clock = Stopwatch.StartNew();

        _repository.WtRun.Run(command, other).Expect(1);

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);
        Assert.Equal(RunState.Interrupted, Store.TryRead(other)!.State);
        Assert.True(engine.Identity.IsAlive);
    }

    [Fact]
    public void Is_sent_each_signal_once_however_many_wait_for_it()
    {
        var (id, engine) = KillAbove("trap 'echo INT >> signals' INT", grace: "10m", settings: "max_parallel = 1");
        var waiters = new List<BackgroundRun>();
        try
        {
            foreach (var place in new[] { "--no-worktree", "--worktree", "--no-worktree", "--worktree", "--no-worktree", "--worktree" })
            {
                waiters.Add(_repository.WtRun.Start("run", place, "--engine", "slow"));
            }

            waiters.Add(_repository.WtRun.Start("prune"));
            waiters.Add(_repository.WtRun.Start("list"));
            AwaitAsked();
            Eventually.True(() => waiters[^1].HasEnded && RunEvents.Read(Store.DirectoryOf(id), RunEvents.Ending).Count > 0, "it is noted, and others look");
            Assert.Equal(["INT"], File.ReadAllLines(_scratch.Path("signals")));
            Assert.Single(RunEvents.Read(Store.DirectoryOf(id), RunEvents.Ending));
        }
        finally
        {
            waiters.ForEach(waiter => waiter.Dispose());
            Victims.Kill(engine);
        }
    }

    [Fact]
    public void Is_told_of_once_by_each_who_waits_though_its_engine_starts_and_ends_children_all_the_time()
    {
        var (id, _) = KillAbove("trap '' INT; echo $$ > pid; while :; do sleep 0.3; done", grace: "10m");
        using var waiter = _repository.WtRun.Start("run", "--no-worktree", "--wait-timeout", "8s", "--", "true");

        var ended = waiter.Wait().Expect(123);

        // Before the first has noted anything, there may be no more to say than that someone is at it.
        Assert.InRange(ended.Error.Split('\n').Count(line => line.Contains("Queued —", StringComparison.Ordinal)), 1, 2);
        Assert.Single(RunEvents.Read(Store.DirectoryOf(id), RunEvents.Ending));
    }

    private void AwaitAsked() => Eventually.True(() => File.Exists(_scratch.Path("signals")), "the engine is asked to end");

    private RunStore Store => new(_repository[".git/wt-run"]);

    private int Pid(string file) => int.Parse(File.ReadAllText(_scratch.Path(file)), CultureInfo.InvariantCulture);

    /// <summary>Kills the wt-run of a run in place whose engine runs until it is ended.</summary>
    private (string Id, ProcessEntry Engine) KillAbove(
        string begin, string grace, string project = "", string place = "--no-worktree", string settings = "", string name = "slow", string pid = "pid")
    {
        // It waits without a child: a shell loses a trap now and then if a signal comes while it starts one.
        var script = _scratch.Script($"{name}.sh", $"cd '{_scratch.Root}'\nmkfifo {name}.pipe\nexec 3<> {name}.pipe\n{begin}\necho $$ > {pid}\nwhile :; do read -r line <&3; done\n");
        _repository.Configure(project, $"[engines.{name}]", $"command = [\"{script}\"]", $"grace = \"{grace}\"", settings);
        using var run = _repository.WtRun.Start("run", place, "--engine", name);
        Eventually.True(() => Store.ReadAll() is [.., { State: RunState.Running }] && File.Exists(_scratch.Path(pid)) && File.ReadAllText(_scratch.Path(pid)).EndsWith('\n'), "the engine runs");
        run.Kill();
        return (Store.ReadAll()[^1].Id, ProcessEntry.Read(Pid(pid))!);
    }
}
