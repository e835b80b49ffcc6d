using System.Globalization;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>What an engine waits for, whatever the project: places on this machine, and a lock that flock(1) can hold as well.</summary>
public sealed class The_gate_of_an_engine : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Lets_no_more_in_than_max_parallel_of_all_projects_together()
    {
        const int places = 2;
        var count = HeavyTests.Count(few: 3, many: 20);
        var rooms = _scratch.Path("room");

        // Takes the first free room; there are as many as places.
        var engine = _scratch.Script("engine", $"for i in 1 {places}; do if mkdir '{rooms}'$i 2>/dev/null; then echo in >> '{rooms}s'; rmdir '{rooms}'$i; exit 0; fi; done; exit 9\n");
        Configure(engine, $"max_parallel = {places}");

        using var runs = new ManyRuns(2 * count, i => Runner.Start("run", i % 2 == 0 ? "one" : "two", "--engine", "e", i % 3 == 0 ? "--worktree" : "--no-worktree", "--json"));
        var records = runs.Wait().ConvertAll(run => run.Expect(0).Record);

        Assert.All(records, record => Assert.Equal(RunState.Succeeded, record.State));
        Assert.Equal(2 * count, File.ReadAllLines(rooms + "s").Length);
    }

    [Fact]
    public void Is_held_by_flock_and_holds_flock_off()
    {
        var file = _scratch.Write("session.lock", "not ours\n");
        var gate = new Gate(_scratch);
        Configure(_scratch.Script("engine", $"flock --nonblock '{file}' true && exit 9; {gate.Step}\n"), $"lock = \"{file}\"");
        var held = new Gate(_scratch, "held");
        using var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step);
        held.AwaitReached();

        using var run = Runner.Start("run", "one", "--engine", "e", "--json");
        Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.State == RunState.Queued), "the run waits");
        held.Open();
        gate.AwaitReached();
        gate.Open();

        Assert.Equal(RunState.Succeeded, run.Wait().Expect(0).Record.State);
        Assert.Equal("not ours\n", File.ReadAllText(file));
    }

    [Fact]
    public void Ends_the_wait_after_lock_timeout_and_starts_nothing()
    {
        var file = _scratch.Path("session.lock");
        var started = _scratch.Path("started");
        Configure(_scratch.Script("engine", $"touch '{started}'\n"), $"lock = \"{file}\"\nlock_timeout = \"100ms\"");
        var held = new Gate(_scratch, "held");
        using var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step);
        held.AwaitReached();

        var late = Runner.Run("run", "one", "--engine", "e", "--worktree", "--json").Expect(123).Record;
        var busy = Runner.Run("run", "one", "--engine", "e", "--worktree", "--if-busy", "skip", "--json").Expect(121).Record;

        Assert.True(late.Queue!.WaitedMs >= 100, "it did not wait");
        Assert.EndsWith("as long as lock_timeout allows, 100ms.", late.Message, StringComparison.Ordinal);
        Assert.Equal("Give it longer with lock_timeout, or use another engine.", late.Hint);
        Assert.Equal("Try again later, wait (--if-busy wait), or use another engine.", busy.Hint);
        Assert.All([late, busy], record => Assert.Contains(file, record.Message, StringComparison.Ordinal));
        Assert.Equal((RunState.Skipped, RunState.Skipped, false), (late.State, busy.State, File.Exists(started)));
        Assert.Equal(["main"], TestRepository.Existing(_scratch, "one").Branches);
    }

    [Theory]
    [InlineData("10m", "0s", "--wait-timeout allows, 0s.", "--wait-timeout")]
    [InlineData("10m", "150ms", "--wait-timeout allows, 150ms.", "--wait-timeout")]
    [InlineData("100ms", "10m", "lock_timeout allows, 100ms.", "lock_timeout")]
    [InlineData("0s", "10m", "lock_timeout allows, 0s.", "lock_timeout")]
    public void Is_waited_for_as_long_as_the_shorter_limit_allows_whoever_holds_the_lock(string lockTimeout, string waitTimeout, string message, string hint)
    {
        var file = _scratch.Path("session.lock");
        var (started, engine) = (_scratch.Path("started"), new Gate(_scratch, "inside"));
        Configure(_scratch.Script("engine", $"test -e '{started}' && exit 9; touch '{started}'; {engine.Step}\n"), $"lock = \"{file}\"\nlock_timeout = \"{lockTimeout}\"");
        var held = new Gate(_scratch, "held");
        using (var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step))
        {
            held.AwaitReached();
            AssertGivesUp();
            held.Open();
            stranger.Wait().Expect(0);
        }

        using var run = Runner.Start("run", "two", "--engine", "e");
        engine.AwaitReached();
        AssertGivesUp();
        engine.Open();
        run.Wait().Expect(0);

        void AssertGivesUp()
        {
            var late = Runner.Run("run", "one", "--engine", "e", "--wait-timeout", waitTimeout, "--json").Expect(123).Record;
            Assert.EndsWith(message, late.Message, StringComparison.Ordinal);
            Assert.Equal($"Give it longer with {hint}, or use another engine.", late.Hint);
            Assert.NotNull(late.Queue);
        }
    }

    [Fact]
    public void Is_said_to_be_held_by_who_has_it_and_not_by_who_waits_for_it_too()
    {
        var file = _scratch.Path("session.lock");
        Configure(_scratch.Script("engine", "true\n"), $"lock = \"{file}\"");
        var held = new Gate(_scratch, "held");
        using var stranger = _scratch.Start(_scratch.Root, "flock", file, "sh", "-c", held.Step);
        held.AwaitReached();
        using var first = Runner.Start("run", "two", "--engine", "e");
        Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.Queue?.HeldBy is not null), "a run waits");

        var late = Runner.Run("run", "one", "--worktree", "--engine", "e", "--wait-timeout", "100ms", "--json").Expect(123).Record;
        var busy = Runner.Run("run", "one", "--worktree", "--engine", "e", "--if-busy", "skip", "--json").Expect(121).Record;

        var message = $"The lock '{file}' of the engine 'e' is busy: held by process {stranger.Pid} (flock).";
        Assert.Equal($"{message} Waited for the lock '{file}' of the engine 'e' as long as --wait-timeout allows, 100ms.", late.Message);
        Assert.Equal(message, busy.Message);
        held.Open();
        first.Wait().Expect(0);
    }

    [Theory]
    [InlineData("lock = \"room\"", "error", "a directory; name a file, which need not be there")]
    [InlineData("lock = \"one/.git/wt-run/repo.lock\"", "error", "among the files of wt-run's own in ")]
    [InlineData("lock = \"link/repo.lock\"", "error", "among the files of wt-run's own in ")]
    [InlineData("lock = \"one/README/e.lock\"", "error", "is no directory")]
    [InlineData("lock = \"later/e.lock\"", "warning", "it has to by the time that a run starts")]
    public void Has_a_lock_that_can_be_had_or_check_and_run_say_where_it_is_wrong(string setting, string severity, string message)
    {
        _scratch.Directory("room");
        Configure(_scratch.Script("engine", "true\n"), setting);
        Runner.Run("run", "one", "--worktree", "--", "true").Expect(0);
        File.CreateSymbolicLink(_scratch.Path("link"), _scratch.Path("one/.git/wt-run"));
        var where = $"{_scratch.Path("wt-run.toml")}:8:8";

        var finding = Assert.Single(Runner.Run("check", "--json").Expect(severity == "error" ? 1 : 0).Json["findings"]!.AsArray())!;
        Assert.Equal((severity, where), ((string?)finding["severity"], (string?)finding["where"]));
        Assert.Contains(message, (string?)finding["message"], StringComparison.Ordinal);

        var refused = Runner.Run("run", "one", "--engine", "e").Expect(125).Error;
        Assert.Contains($"{where}: 'lock' in [engines.e] is ", refused, StringComparison.Ordinal);
        Assert.Contains(message, refused, StringComparison.Ordinal);
        _scratch.Directory("later");
        Runner.Run("run", "one", "--engine", "e").Expect(severity == "error" ? 125 : 0);
    }

    [Theory]
    [InlineData("max_parallel = 1")]
    [InlineData("lock = \"e.lock\"")]
    public void Is_not_waited_for_by_a_run_that_was_started_inside_it(string setting)
    {
        Configure(_scratch.Script("engine", $"test -n \"$INNER\" && exit 0; INNER=1 '{WtRun.Program}' run two --config '{_scratch.Path("wt-run.toml")}' --engine e; echo \"inner: $?\"\n"), setting);

        var run = Runner.Run("run", "one", "--engine", "e").Expect(0);

        Assert.Contains("inner: 121", run.Output, StringComparison.Ordinal);
        Assert.Contains("it would wait for itself", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max_parallel = 1")]
    [InlineData("lock = \"e.lock\"")]
    public void That_a_killed_run_of_another_repository_had_opens_only_when_its_engine_is_gone(string setting)
    {
        var (pid, signals, free) = (_scratch.Path("pid"), _scratch.Path("signals"), _scratch.Path("free"));
        var engine = _scratch.Script(
            "engine",
            $"if test -e '{pid}'; then touch '{free}'; exit; fi\nmkfifo '{_scratch.Path("pipe")}'; exec 3<> '{_scratch.Path("pipe")}'; trap \"echo INT >> '{signals}'\" INT; echo $$ > '{pid}'; while :; do read -r line <&3; done\n");
        Configure(engine, $"{setting}\ngrace = \"10m\"");
        using (var first = Runner.Start("run", "one", "--engine", "e"))
        {
            Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.State == RunState.Running) && File.Exists(pid), "the first engine runs");
            first.Kill();
        }

        var left = ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture))!;
        var skipped = Runner.Run("run", "two", "--engine", "e", "--if-busy", "skip").Expect(121);
        Assert.Contains($"of 'one', whose wt-run process died. Still at work of it: engine e (pid {left.Pid})", skipped.Error, StringComparison.Ordinal);
        using var next = Runner.Start("run", "two", "--engine", "e", "--json");
        Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.State == RunState.Queued), "the next run waits");
        Assert.True(left.Identity.IsAlive);
        Assert.False(File.Exists(free), "two engines run behind one gate");

        Victims.Kill(left);
        Assert.Equal(RunState.Succeeded, next.Wait().Expect(0).Record.State);
        Assert.Equal(["INT"], File.ReadAllLines(signals));
        Runner.Run("run", "two", "--engine", "e").Expect(0);
    }

    [Fact]
    public void Has_one_place_less_while_the_engine_of_a_killed_run_does_not_end()
    {
        // The first engine does not end when it is asked to; the second one waits; whichever comes then ends at once.
        var (second, gate) = (_scratch.Path("second"), new Gate(_scratch));
        var left = LeaveAnEngineOfAKilledRun("max_parallel = 3", $"test -e '{second}' && exit; touch '{second}'; {gate.Step}");
        try
        {
            using var waits = Runner.Start("run", "two", "--engine", "e", "--worktree");
            gate.AwaitReached();
            Runner.Run("run", "two", "--engine", "e", "--worktree", "--if-busy", "skip").Expect(0);

            Set("max_parallel = 3", "max_parallel = 2");
            Assert.Contains("whose wt-run process died", Runner.Run("run", "two", "--engine", "e", "--worktree", "--if-busy", "skip").Expect(121).Error, StringComparison.Ordinal);
            gate.Open();
            waits.Wait().Expect(0);
            Runner.Run("run", "two", "--engine", "e", "--worktree", "--if-busy", "skip").Expect(0);
            Assert.True(left.Identity.IsAlive);
        }
        finally
        {
            Victims.Kill(left);
        }
    }

    [Fact]
    public void Costs_who_waits_for_a_dead_run_next_to_nothing()
    {
        var left = LeaveAnEngineOfAKilledRun("max_parallel = 1", "true");
        try
        {
            using var waits = Runner.Start("run", "two", "--engine", "e", "--worktree");
            Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.State == RunState.Queued), "it waits");

            Assert.InRange(ProcReads.Of(_scratch, waits.Pid, seconds: 4), 0, ProcReads.OfSixteenLooks);
        }
        finally
        {
            Victims.Kill(left);
        }
    }

    [Fact]
    public void Takes_no_living_run_for_a_dead_one_whose_repository_it_cannot_see()
    {
        var (first, gate) = (_scratch.Path("first"), new Gate(_scratch));
        Configure(_scratch.Script("engine", $"test -e '{first}' && exit; touch '{first}'; {gate.Step}\n"), "max_parallel = 2");
        using var living = Runner.Start("run", "one", "--engine", "e");
        gate.AwaitReached();

        // A run that writes into its record in this moment would fail.
        var runs = _scratch.Path("one/.git/wt-run/runs");
        Eventually.True(() => Directory.GetFiles(runs, "events.jsonl", SearchOption.AllDirectories).Any(file => File.ReadAllText(file).Contains("\"Running\"", StringComparison.Ordinal)), "it says that it runs");
        Directory.Move(_scratch.Path("one"), _scratch.Path("moved"));
        var notes = Directory.GetFiles(Queue, ".holder-*");

        Runner.Run("run", "two", "--engine", "e", "--if-busy", "skip").Expect(0);

        Assert.Equal(notes, Directory.GetFiles(Queue, ".holder-*"));
        Directory.Move(_scratch.Path("moved"), _scratch.Path("one"));
        gate.Open();
        living.Wait().Expect(0);
        Assert.Empty(Directory.GetFiles(Queue, ".holder-*"));
    }

    [Theory]
    [InlineData(false, false, false, 0, "")]
    [InlineData(false, false, true, 121, "Still at work of it: ")]
    [InlineData(false, true, false, 121, "another pid namespace")]
    [InlineData(true, true, false, 0, "")]
    public void Is_shut_by_a_dead_run_whose_record_cannot_be_read_only_while_something_of_it_may_be_at_work(
        bool isOfAnotherBoot, bool isOfAnotherNamespace, bool isAtWork, int exitCode, string message)
    {
        const string id = "0123456789ab";
        Configure(_scratch.Script("engine", "true\n"), "max_parallel = 1");
        Runner.Run("run", "two", "--engine", "e").Expect(0);

        // Whoever opens that for a file is denied.
        _scratch.Directory($"elsewhere/runs/{id}/run.json");
        var supervisor = ProcessInfo.Of(ProcessIdentity.Current);
        supervisor = supervisor with { BootId = isOfAnotherBoot ? "another" : supervisor.BootId, PidNamespace = supervisor.PidNamespace + (isOfAnotherNamespace ? 1 : 0) };
        var note = Path.Combine(Queue, $".holder-{id}");
        File.WriteAllText(note, $"{_scratch.Path("elsewhere")}\0{supervisor.ToLine().TrimEnd()}\0");
        using var left = isAtWork ? _scratch.Start(_scratch.Root, "env", $"WT_RUN_ID={id}", "sleep", "600") : null;
        Eventually.True(() => left is null || ProcessEntry.Read(left.Pid)?.Name == "sleep", "it is at work");

        var next = Runner.Run("run", "two", "--engine", "e", "--if-busy", "skip").Expect(exitCode);

        Assert.Contains(message, next.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode != 0, File.Exists(note));
    }

    [Fact]
    public void Is_rid_of_a_note_that_a_killed_run_had_not_finished()
    {
        Configure(_scratch.Script("engine", "true\n"), "max_parallel = 1");
        Runner.Run("run", "two", "--engine", "e").Expect(0);
        File.WriteAllText(Path.Combine(Queue, ".holder-0123456789ab.new"), "half");

        Runner.Run("run", "two", "--engine", "e").Expect(0);

        Assert.Equal([".gate"], Directory.GetFiles(Queue).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("max_parallel = 1", "rm -rf * .l*")]
    [InlineData("lock = \"e.lock\"", "rm -rf * .l*")]
    [InlineData("max_parallel = 1", "cd e; mv .holder-* aside; mkdir .holder-$WT_RUN_ID; t=$(ls | grep -e -$WT_RUN_ID); mv $t moved; mkdir $t")]
    public void That_cannot_be_left_as_it_should_decides_nothing_about_the_work(string setting, string harm)
    {
        var engine = $"cd \"$XDG_STATE_HOME/wt-run/engines\" && {harm}; cd \"$WT_RUN_WORKTREE\" && echo new > new\n";
        Configure(_scratch.Script("engine", engine), setting);

        var record = Runner.Run("run", "one", "--engine", "e", "--worktree", "--json").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal("new\n", TestRepository.Existing(_scratch, "one").Read("new"));
        Runner.Run("run", "two", "--engine", "e", "--worktree", "--if-busy", "skip").Expect(0);
    }

    [Fact]
    public void Is_free_when_the_ticket_of_whoever_left_cannot_be_deleted()
    {
        var queue = _scratch.Path("queue");
        using var ticket = Ticket.Take(queue, "000000000001");
        var path = Assert.Single(Directory.GetFiles(queue, "*-*"));
        var moved = _scratch.Path("moved");
        File.Move(path, moved);
        Directory.CreateDirectory(path);

        ticket.Dispose();

        Assert.True(FileLock.IsFree(moved));
        Assert.True(Directory.Exists(path));
    }

    [Fact]
    public void Is_shut_for_a_run_that_finds_no_place_among_the_worktrees()
    {
        Configure(_scratch.Script("engine", "true\n"), "", project: "max_worktrees = 1");
        var gate = new Gate(_scratch);
        using var first = Runner.Start("run", "one", "--worktree", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        var skipped = Runner.Run("run", "one", "--worktree", "--if-busy", "skip", "--", "true").Expect(121);
        Runner.Run("run", "two", "--worktree", "--", "true").Expect(0);
        using var second = Runner.Start("run", "one", "--worktree", "--json", "--", "sh", "-c", "echo second > second");
        Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.Queue?.Position == 1), "the second run waits");
        gate.Open();

        Assert.Contains("Every place for a worktree of 'one' (max_worktrees = 1) is busy: held by run ", skipped.Error, StringComparison.Ordinal);
        first.Wait().Expect(0);
        Assert.Equal(MergeBackResult.Landed, second.Wait().Expect(0).Record.MergeBack?.Result);
    }

    private string Queue => _scratch.Path("home/.local/state/wt-run/engines/e");

    private WtRun Runner => new(_scratch, _scratch.Root);

    /// <summary>Kills the wt-run of a run of project one whose engine then goes on, although it is asked to end; every later engine does something else.</summary>
    private ProcessEntry LeaveAnEngineOfAKilledRun(string setting, string later)
    {
        var (pid, pipe) = (_scratch.Path("pid"), _scratch.Path("pipe"));
        var engine = $"if test -e '{pid}'; then {later}; exit; fi\nmkfifo '{pipe}'; exec 3<> '{pipe}'; trap : INT; echo $$ > '{pid}'; while :; do read -r line <&3; done\n";
        Configure(_scratch.Script("engine", engine), $"{setting}\ngrace = \"10m\"");
        using var first = Runner.Start("run", "one", "--engine", "e");
        Eventually.True(() => Runner.Run("list", "--json").Expect(0).Records.Any(record => record.State == RunState.Running) && File.Exists(pid), "the first engine runs");
        first.Kill();
        return ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture))!;
    }

    private void Set(string old, string setting) =>
        _scratch.Write("wt-run.toml", File.ReadAllText(_scratch.Path("wt-run.toml")).Replace(old, setting, StringComparison.Ordinal));

    private void Configure(string engine, string settings, string project = "")
    {
        foreach (var name in new[] { "one", "two" })
        {
            _ = new TestRepository(_scratch, name);
        }

        _scratch.Write(
            "wt-run.toml",
            $"[projects.one]\npath = \"one\"\n{project}\n[projects.two]\npath = \"two\"\n[engines.e]\ncommand = [\"{engine}\"]\n{settings}\n");
    }
}
