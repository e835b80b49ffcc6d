using System.Globalization;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>The supervisor is killed, and what it had started lives on.</summary>
public sealed class A_supervisor_that_was_killed : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public A_supervisor_that_was_killed()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void With_the_repository_lock_lets_the_next_go_on_within_a_second()
    {
        var hold = new StageHold(_scratch, _repository);
        hold.Prepare("registration");
        var alone = TimeAlone("--worktree");
        hold.Arm();
        using var holder = _repository.WtRun.Start("run", "--worktree", "--", "true");
        hold.Gate.AwaitReached();
        var began = new Gate(_scratch, "began");
        var lockFile = _repository[".git/wt-run/repo.lock"];
        using var opens = new FileOpens(lockFile);
        using var waiter = _repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", began.Step);
        Eventually.True(() => opens.Count > 1, "the second run has asked for the lock, and asks again");

        var killed = Kill(holder);
        began.AwaitReached();

        // Who takes the lock writes its name there, and does not take it again before its engine has ended.
        Assert.Contains(Store.ReadAll()[^1].Id, File.ReadAllText(lockFile), StringComparison.Ordinal);
        AssertWithinASecond(killed, File.GetLastWriteTimeUtc(lockFile), alone);
        began.Open();
        waiter.Wait().Expect(0);
    }

    [Fact]
    public void At_the_head_of_the_queue_lets_the_next_go_on_within_a_second_and_after_its_engine()
    {
        _repository.Configure("concurrent = false");
        var alone = TimeAlone("--no-worktree");
        var engine = _scratch.Path("engine.pid");
        using var head = _repository.WtRun.Start("run", "--", "sh", "-c", $"echo $$ > '{engine}'; {_gate.Step}");
        _gate.AwaitReached();
        var began = new Gate(_scratch, "began");
        using var waiter = _repository.WtRun.Start("run", "--json", "--", "sh", "-c", $"{IsRunning(engine)} && exit 8; {began.Step}");
        Eventually.True(() => Store.ReadAll()[^1].State == RunState.Queued, "the second run queues");

        var killed = Kill(head);
        began.AwaitReached();

        // Who passes over a dead run's ticket deletes it; nothing else has changed in the queue since.
        AssertWithinASecond(killed, Directory.GetLastWriteTimeUtc(_repository[".git/wt-run/queue/main"]), alone);
        began.Open();
        AssertWithinASecond(killed, waiter.Wait().Expect(0).Record.StartedAt!.Value.UtcDateTime, alone);
    }

    [Fact]
    public void Whose_engine_ignores_signals_keeps_the_next_one_waiting_until_that_is_gone()
    {
        var pid = _scratch.Path("pid");
        var engine = _scratch.Script("engine", $"trap '' INT TERM; echo $$ > {pid}; {_gate.Step}\n");
        _repository.Configure("concurrent = false", "[engines.stubborn]", $"command = [\"{engine}\"]", "grace = \"700ms\"");
        using var run = _repository.WtRun.Start("run", "--engine", "stubborn");
        _gate.AwaitReached();
        Eventually.True(() => Store.ReadAll()[^1].State == RunState.Running, "the record says that it runs");

        var killed = Kill(run);
        var next = _repository.WtRun.Run("run", "--json", "--", "sh", "-c", $"{IsRunning(pid)} && exit 8; true").Expect(0).Record;

        // Both graces, as its engine is configured; the default would be 20 s.
        Assert.InRange((next.StartedAt!.Value - killed).TotalSeconds, 1.4, 15);
        Assert.Equal([RunState.Interrupted, RunState.Succeeded], Store.ReadAll().Select(record => record.State));
    }

    [Theory]
    [InlineData("repo")]
    [InlineData("below")]
    public void Whose_engine_someone_else_is_just_ending_keeps_the_next_one_waiting_until_that_is_gone(string next)
    {
        // Two projects in one working tree share its turn.
        Directory.CreateDirectory(_repository["below"]);
        ConfigureStubbornEngine("concurrent = false\n[projects.below]\npath = \"below\"\nconcurrent = false");
        var ran = _scratch.Path("ran");
        var engine = KillAboveStubbornEngine(out var signals);
        using var other = _repository.WtRun.Start("list");
        Eventually.True(() => File.Exists(signals), "the engine was asked to end");

        using var waiter = _repository.WtRun.Start("run", next, "--json", "--", "touch", ran);
        Eventually.True(() => File.Exists(ran) || Store.ReadAll()[^1].State == RunState.Queued, "the next run waits");
        Assert.True(engine.Identity.IsAlive);
        Assert.False(File.Exists(ran), "the next run did not wait");

        Victims.Kill(engine);
        waiter.Wait().Expect(0);
        other.Wait().Expect(0);
    }

    [Fact]
    public void Has_its_work_kept_as_its_own_project_says_whoever_comes_next()
    {
        _repository.Commit("below/file", "file\n");
        _repository.Write("wt-run.toml", """
            [projects.repo]
            path = "."
            [projects.below]
            path = "below"
            uncommitted = "rescue"

            """);
        using var run = _repository.WtRun.Start("run", "below", "--worktree", "--", "sh", "-c", $"echo work > work; {_gate.Step}");
        _gate.AwaitReached();
        run.Kill();

        _repository.WtRun.Run("run", "repo", "--", "true").Expect(0);

        var dead = Assert.Single(_repository.Runs(), record => record.Project == "below");
        Assert.Equal(RunState.Interrupted, dead.State);
        Assert.Equal("work", _repository.Git("show", $"{dead.RescueRef}:below/work"));
        Assert.DoesNotContain(dead.Branch!, _repository.Branches);
    }

    [Fact]
    public void In_place_keeps_landings_out_until_its_engine_is_gone()
    {
        ConfigureStubbornEngine("concurrent = true");
        using var landing = _repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {_gate.Step}");
        _gate.AwaitReached();
        var engine = KillAboveStubbornEngine(out var signals);
        var head = _repository.Head;

        _gate.Open();
        Eventually.True(() => File.Exists(signals), "the engine was asked to end");
        Assert.True(engine.Identity.IsAlive);
        Assert.Equal(head, _repository.Head);

        Victims.Kill(engine);
        Assert.Equal(MergeBackResult.Landed, landing.Wait().Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void In_another_pid_namespace_is_marked_and_its_engine_not_touched_and_the_next_one_refused_with_the_reason()
    {
        _repository.Configure("concurrent = false");
        var (engine, reached) = (_scratch.Path("engine"), _scratch.Path("reached"));
        string[] inside =
        [
            "unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "sh", "-c",
            $"'{WtRun.Program}' run -- sh -c 'kill -9 $PPID; touch {reached}; exec sleep 601'; sleep 602",
        ];
        using var container = new BackgroundRun(inside, CapturedCommand.Start(_scratch.StartOf(_repository.Path, inside)));
        Eventually.True(() => (File.Exists(reached) && Victims.Below(container).Exists(IsEngine)) || container.HasEnded, "the engine has killed its supervisor, and is where it stays");
        Assert.False(container.HasEnded, "a pid namespace could not be made");
        try
        {
            var refused = _repository.WtRun.Run("run", "--json", "--wait-timeout", "300ms", "--", "touch", engine).Expect(123).Record;

            Assert.Contains("another pid namespace", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(engine));
            Assert.Contains(Victims.Below(container), IsEngine);
            var marked = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));
            Assert.False(Store.TryRead(marked)!.State.IsFinal(), "it was taken for over");
            Assert.Contains(_repository.Prune(), item => item.StartsWith($"left run {marked}: ", StringComparison.Ordinal) && item.Contains("another pid namespace", StringComparison.Ordinal));
            Assert.Contains($"run {marked} (repo, user) is dead. It belongs to another pid namespace", _repository.WtRun.Run("doctor").Output, StringComparison.Ordinal);
            Assert.Contains(Victims.Below(container), IsEngine);
        }
        finally
        {
            Victims.Below(container).ForEach(Victims.Kill);
        }
    }

    [Fact]
    public void While_it_landed_in_another_pid_namespace_has_that_marked_and_not_touched_and_who_wants_the_run_refused_with_the_reason()
    {
        var reached = _scratch.Path("reached");
        var run = _repository.WtRun.Run("run", "--worktree", "--merge-back", "branch", "--json", "--", "sh", "-c", EngineScript.Commit("work")).Expect(0).Record;
        _repository.Configure($"verify = [\"{_scratch.Script("verify", $"kill -9 $PPID; touch {reached}; exec sleep 601\n")}\"]");
        string[] inside = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "sh", "-c", $"'{WtRun.Program}' land {run.Id}; sleep 602"];
        using var container = new BackgroundRun(inside, CapturedCommand.Start(_scratch.StartOf(_repository.Path, inside)));
        Eventually.True(() => File.Exists(reached) || container.HasEnded, "the verify command has killed its wt-run");
        try
        {
            var before = RepositoryState.Of(_repository);
            foreach (var command in new[] { "land", "drop" })
            {
                Assert.Contains("in another pid namespace (a container) broke off", _repository.WtRun.Run(command, run.Id).Expect(1).Error, StringComparison.Ordinal);
            }

            _repository.WtRun.Run("list").Expect(0);
            Assert.Contains(_repository.Prune(), item => item.StartsWith($"left run {run.Id}: ", StringComparison.Ordinal) && item.Contains("another pid namespace", StringComparison.Ordinal));
            Assert.Contains($"Run {run.Id}: A landing or dropping of it in another pid namespace", _repository.WtRun.Run("doctor").Output, StringComparison.Ordinal);
            Assert.Equal(before, RepositoryState.Of(_repository));
            Assert.Contains(Victims.Below(container), process => process.Name == "sleep" && IsEngine(process));
        }
        finally
        {
            Victims.Below(container).ForEach(Victims.Kill);
        }
    }

    [Theory]
    [InlineData("setsid sleep 603 & test $! = $engine; stranger=$engine")]
    [InlineData("setsid sh -c 'sleep 604 & echo $! > daemon' & test $! = $engine; wait $engine; read -r stranger < daemon")]
    public void Whose_pid_and_whose_engines_pid_strangers_have_by_now_has_them_spared(string takeEnginesPid)
    {
        // In a pid namespace of its own, where the next pid can be chosen and nobody else takes it.
        var script = _scratch.Script("reuse", $$"""
            set -e
            '{{WtRun.Program}}' run --worktree -- sh -c "echo \$\$ > '{{_scratch.Path("engine.pid")}}'; exec sleep 601" &
            supervisor=$!
            until grep -q '"state": "running"' .git/wt-run/runs/*/run.json 2> /dev/null && test -s '{{_scratch.Path("engine.pid")}}'; do sleep 0.05; done
            read -r engine < '{{_scratch.Path("engine.pid")}}'
            kill -9 $supervisor $engine
            wait $supervisor || true
            while test -e /proc/$engine; do sleep 0.05; done
            echo $((supervisor - 1)) > /proc/sys/kernel/ns_last_pid; setsid sleep 602 & test $! = $supervisor
            echo $((engine - 1)) > /proc/sys/kernel/ns_last_pid; {{takeEnginesPid}}
            '{{WtRun.Program}}' prune
            for stranger in $supervisor $stranger; do grep -q '^State:.[^ZX]' /proc/$stranger/status; done
            echo spared

            """);

        var ended = _scratch.Run(_repository.Path, "unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", script).Expect(0);

        Assert.EndsWith("spared\n", ended.Output, StringComparison.Ordinal);
        Assert.Equal(RunState.Interrupted, Assert.Single(Store.ReadAll()).State);
        Assert.Equal([], Victims.OfRuns(_scratch.Root));
    }

    /// <summary>An engine that notes signals and does not end before it is killed, for which nobody waits in vain: its grace is longer than any test.</summary>
    private void ConfigureStubbornEngine(string key)
    {
        var script = _scratch.Script("engine", $"trap 'echo INT >> {_scratch.Path("signals")}' INT; echo $$ > {_scratch.Path("pid")}; while :; do sleep 0.1; done\n");
        _repository.Configure(key, "[engines.stubborn]", $"command = [\"{script}\"]", "grace = \"10m\"");
    }

    /// <summary>Kills the wt-run of a run in place with that engine.</summary>
    /// <param name="signals">Where the engine notes each signal.</param>
    /// <returns>The engine.</returns>
    private ProcessEntry KillAboveStubbornEngine(out string signals)
    {
        var pid = _scratch.Path("pid");
        signals = _scratch.Path("signals");
        using var run = _repository.WtRun.Start("run", "--no-worktree", "--engine", "stubborn");
        Eventually.True(() => Store.ReadAll().Any(record => record.State == RunState.Running) && File.Exists(pid) && File.ReadAllText(pid).EndsWith('\n'), "the engine runs");
        var engine = ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture))!;
        run.Kill();
        return engine;
    }

    private RunStore Store => new(_repository[".git/wt-run"]);

    /// <summary>A condition for a shell: the process whose pid is in a file has not ended.</summary>
    private static string IsRunning(string file) => $"grep -q '^State:.[^ZX]' \"/proc/$(cat '{file}')/status\" 2> /dev/null";

    /// <summary>Gives the time before the kill.</summary>
    private static DateTimeOffset Kill(BackgroundRun run)
    {
        var now = TimeProvider.System.GetUtcNow();
        run.Kill();
        return now;
    }

    /// <summary>How long a run that waits for nobody takes until its engine starts.</summary>
    private TimeSpan TimeAlone(string place)
    {
        var asked = TimeProvider.System.GetUtcNow();
        return _repository.WtRun.Run("run", place, "--json", "--", "true").Expect(0).Record.StartedAt!.Value - asked;
    }

    /// <summary>
    /// By the time that was written down when the waiter went on, not by when anybody came to look; the kernel's is some milliseconds behind. On a
    /// machine so busy that a run that waits for nobody takes more than a third of a second it may take longer, in proportion: dying is work, too.
    /// </summary>
    private static void AssertWithinASecond(DateTimeOffset killed, DateTime wentOn, TimeSpan alone) =>
        Assert.InRange((wentOn - killed.UtcDateTime).TotalSeconds, -0.05, Math.Max(1, 3 * alone.TotalSeconds));

    private static bool IsEngine(ProcessEntry process) => process.Name == "sleep" &&
        System.Text.Encoding.UTF8.GetString(ProcFile.ReadWhole($"/proc/{process.Pid}/cmdline")).Contains("601", StringComparison.Ordinal);
}
