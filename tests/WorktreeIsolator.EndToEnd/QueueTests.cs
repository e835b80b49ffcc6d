using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Runs in place of a project with <c>concurrent = false</c>: claim before check, in the order of arrival, without any daemon.</summary>
public sealed class Runs_in_place_that_may_not_be_concurrent
{
    /// <summary>Fails if another one is in it.</summary>
    private const string Alone = "mkdir busy || exit 9; echo \"$N\" >> order; rmdir busy";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Are_never_two_at_once_when_all_start_at_the_same_instant(bool isGit)
    {
        var count = HeavyTests.Count(few: 20, many: 200);
        using var scratch = new Scratch();
        var project = Project(scratch, isGit);

        using var runs = new ManyRuns(count, _ => project.Start("run", "--wait-timeout", "1h", "--json", "--", "sh", "-c", Alone));
        var records = runs.Wait(TimeSpan.FromMinutes(20)).ConvertAll(run => run.Expect(0).Record);

        Assert.All(records, record => Assert.Equal(RunState.Succeeded, record.State));
        Assert.Equal(count, File.ReadAllLines(Path.Combine(project.Directory, "order")).Length);
        Assert.Equal([".gate"], Directory.GetFiles(QueueOf(project, isGit)).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Go_in_the_order_in_which_they_say_they_are_queued_however_many_wait(bool isGit)
    {
        var count = HeavyTests.Count(few: 8, many: 199);
        using var scratch = new Scratch();
        var project = Project(scratch, isGit);
        var gate = new Gate(scratch);
        using var active = project.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        using var runs = new ManyRuns(
            count, _ => project.Start("run", "--wait-timeout", "1h", "--json", "--", "sh", "-c", "mkdir busy || exit 9; echo $WT_RUN_ID >> order; rmdir busy"));
        List<RunRecord> queue = [];
        Eventually.True(
            () =>
            {
                queue = [.. List(project).Where(record => record.State == RunState.Queued).OrderBy(record => record.Queue?.Position)];
                return queue.Select(record => record.Queue?.Position ?? 0).SequenceEqual(Enumerable.Range(1, count));
            },
            $"{count} runs are queued",
            TimeSpan.FromMinutes(10));
        gate.Open();
        active.Wait().Expect(0);
        Assert.All(runs.Wait(TimeSpan.FromMinutes(20)), run => run.Expect(0));

        Assert.Equal(queue.Select(record => record.Id), File.ReadAllLines(Path.Combine(project.Directory, "order")));
    }

    [Fact]
    public void Are_rid_of_what_runs_left_that_were_killed_over_their_ticket()
    {
        using var scratch = new Scratch();
        var queue = scratch.Directory("queue");
        var (left, held) = (Path.Combine(queue, ".0123456789ab"), Path.Combine(queue, ".0123456789ac"));
        File.WriteAllText(left, "");
        using var locked = FileLock.TryAcquire(held);

        using var ticket = Ticket.Take(queue, "0123456789ad");

        Assert.Equal([".0123456789ac", ".gate", "0000000001-0123456789ad"], Directory.GetFiles(queue).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Go_in_the_order_in_which_they_came_and_say_where_they_stand()
    {
        var count = HeavyTests.Count(few: 8, many: 20);
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true);
        var gate = new Gate(scratch);
        var next = new Gate(scratch, "next");
        using var active = project.Start("run", "--trigger", "cron", "--trigger-id", "nightly", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var first = Assert.Single(List(project));

        var waiting = new List<BackgroundRun>();
        try
        {
            for (var i = 1; i <= count; i++)
            {
                waiting.Add(project.With("N", i.ToString(CultureInfo.InvariantCulture)).Start("run", "--", "sh", "-c", $"test $N != 1 || {{ {next.Step}; }}; {Alone}"));
                AwaitQueued(project, i);
            }

            var queue = List(project).Where(record => record.State == RunState.Queued).OrderBy(record => record.CreatedAt).ToList();
            Assert.Equal(Enumerable.Range(1, count), queue.Select(record => record.Queue!.Position!.Value));
            Assert.All(queue, record => Assert.Equal(first.Id, record.Queue!.Behind));
            Assert.Contains($"position 1, behind {first.Id[..8]}", project.Run("list").Expect(0).Output, StringComparison.Ordinal);
            gate.Open();
            active.Wait().Expect(0);
            next.AwaitReached();
            Eventually.True(
                () => List(project).Any(record => record.Id == queue[1].Id && record.Queue is { Position: 1, Behind: { } behind } && behind == queue[0].Id),
                "the second has moved up");
            next.Open();
            var ended = waiting.ConvertAll(run => run.Wait().Expect(0));

            Assert.Equal(Enumerable.Range(1, count).Select(i => i.ToString(CultureInfo.InvariantCulture)), File.ReadAllLines(Path.Combine(project.Directory, "order")));
            Assert.Contains($"Queued — waiting for active run to finish (position 2, behind {first.Id[..8]} cron:nightly, ", ended[1].Error, StringComparison.Ordinal);
            Assert.Contains($"(position 1, behind {queue[0].Id[..8]} user, ", ended[1].Error, StringComparison.Ordinal);
        }
        finally
        {
            waiting.ForEach(run => run.Dispose());
        }
    }

    [Fact]
    public void Are_told_of_the_living_who_stands_before_them_if_another_died_and_he_himself_is_stopped()
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true);
        var gate = new Gate(scratch);
        using var active = project.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var dead = project.Start("run", "--", "true");
        AwaitQueued(project, 1);
        using var stopped = project.Start("run", "--", "true");
        AwaitQueued(project, 2);
        using var last = project.Start("run", "--", "true");
        AwaitQueued(project, 3);
        var queue = List(project).Where(record => record.State == RunState.Queued).OrderBy(record => record.Queue!.Position).ToList();

        dead.Kill();
        stopped.Signal(Libc.SIGSTOP);
        gate.Open();
        active.Wait().Expect(0);
        var store = new RunStore(Path.Combine(project.Directory, ".git/wt-run"));
        Eventually.True(() => store.TryRead(queue[2].Id)?.Queue is { Position: 2 } now && now.Behind == queue[1].Id, "the last is behind the one that is stopped");

        stopped.Signal(Libc.SIGCONT);
        stopped.Wait().Expect(0);
        last.Wait().Expect(0);
    }

    [Fact]
    public void Never_start_once_they_were_cancelled_and_let_the_next_one_go()
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true);
        var gate = new Gate(scratch);
        using var active = project.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var second = project.With("N", "2").Start("run", "--json", "--", "sh", "-c", Alone);
        AwaitQueued(project, 1);
        using var third = project.With("N", "3").Start("run", "--json", "--", "sh", "-c", Alone);
        AwaitQueued(project, 2);

        var id = List(project).Single(record => record.Queue?.Position == 1).Id;
        project.Run("cancel", id).Expect(0);
        var cancelled = second.Wait().Expect(122).Record;
        var waited = List(project).Max(record => record.CreatedAt) - cancelled.CreatedAt;
        Assert.True(cancelled.Queue is { Position: null, WaitsFor: null } queue && queue.WaitedMs >= (long)waited.TotalMilliseconds, $"{cancelled.Queue}, {waited}");
        Eventually.True(() => List(project).Any(record => record.State == RunState.Queued && record.Queue?.Position == 1), "the third run has moved up");
        gate.Open();

        Assert.Equal((RunState.Cancelled, null), (cancelled.State, cancelled.Queue?.Position));
        third.Wait().Expect(0);
        Assert.Equal(["3"], File.ReadAllLines(Path.Combine(project.Directory, "order")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--worktree")]
    public void That_were_killed_while_they_waited_wait_no_more_and_had_nothing_made(string worktree)
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true, "concurrent = false\nmax_worktrees = 1");
        var gate = new Gate(scratch);
        string[] how = worktree.Length > 0 ? ["run", worktree, "--"] : ["run", "--"];
        using var active = project.Start([.. how, "sh", "-c", gate.Step]);
        gate.AwaitReached();
        using var dead = project.Start([.. how, "true"]);
        AwaitQueued(project, 1);
        var queued = List(project).Single(record => record.State == RunState.Queued);

        dead.Kill();

        var row = project.Run("list").Expect(0).Output.Split('\n').Single(line => line.StartsWith(queued.Id, StringComparison.Ordinal));
        var record = List(project).Single(record => record.Id == queued.Id);
        Assert.Equal((RunState.Interrupted, new QueueInfo(null, queued.Queue!.WaitedMs)), (record.State, record.Queue));
        Assert.Matches(worktree.Length > 0 ? " ago$|now$" : $" {project.Directory} .*( ago|now)$", row);
        var shown = project.Run("show", queued.Id).Expect(0).Output;
        Assert.Matches(@"(?m)^waited      at least [0-9.]+s$", shown);
        Assert.DoesNotMatch("(?m)^(branch|worktree|merge back) ", shown);
        gate.Open();
        active.Wait().Expect(0);
    }

    [Fact]
    public void Pass_over_a_waiter_that_died_and_end_the_engine_of_a_dead_run_before_they_start()
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true);
        var gate = new Gate(scratch);
        var pid = scratch.Path("engine.pid");
        using var active = project.Start("run", "--", "sh", "-c", $"echo $$ > '{pid}'; {gate.Step}");
        gate.AwaitReached();
        using var second = project.With("N", "2").Start("run", "--", "sh", "-c", Alone);
        AwaitQueued(project, 1);
        using var third = project.With("N", "3").Start("run", "--json", "--", "sh", "-c", $"grep -q '^State:.[^ZX]' \"/proc/$(cat '{pid}')/status\" 2>/dev/null && exit 8; {Alone}");
        AwaitQueued(project, 2);

        second.Kill();
        active.Kill();
        third.Wait().Expect(0);

        Assert.Equal(["3"], File.ReadAllLines(Path.Combine(project.Directory, "order")));
        Assert.Equal(
            [RunState.Interrupted, RunState.Interrupted, RunState.Succeeded],
            List(project).OrderBy(record => record.CreatedAt).Select(record => record.State));
    }

    [Fact]
    public void Do_not_wait_if_they_were_told_to_skip_or_if_the_time_is_over()
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true);
        var gate = new Gate(scratch);
        using var active = project.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var id = Assert.Single(List(project)).Id;

        var skipped = project.Run("run", "--if-busy", "skip", "--", "true").Expect(121);
        var tooLate = project.Run("run", "--wait-timeout", "100ms", "--", "true").Expect(123);

        Assert.Contains(id[..8], skipped.Error, StringComparison.Ordinal);
        Assert.Contains(id[..8], tooLate.Error, StringComparison.Ordinal);
        gate.Open();
        active.Wait().Expect(0);
        project.Run("run", "--if-busy", "skip", "--", "true").Expect(0);
    }

    [Theory]
    [InlineData("concurrent = false")]
    [InlineData("concurrent = true")]
    public void Do_not_wait_for_the_run_inside_which_they_were_started(string outer)
    {
        using var scratch = new Scratch();
        var project = Project(scratch, isGit: true, outer);
        scratch.Write("inner.toml", $"[projects.p]\npath = \"{project.Directory}\"\nconcurrent = false\n");
        var program = WtRun.Program;

        var run = project.Run("run", "--", "sh", "-c", $"'{program}' run --config '{scratch.Path("inner.toml")}' -- true; echo \"inner: $?\"").Expect(0);

        Assert.Contains("inner: 121", run.Output, StringComparison.Ordinal);
        Assert.Contains("it would wait for itself", run.Error, StringComparison.Ordinal);
    }

    private static WtRun Project(Scratch scratch, bool isGit, string setting = "concurrent = false")
    {
        var directory = isGit ? new TestRepository(scratch).Path : scratch.Directory("plain");
        scratch.Write($"{Path.GetFileName(directory)}/wt-run.toml", $"[projects.p]\npath = \".\"\n{setting}\n");
        return new WtRun(scratch, directory);
    }

    private static string QueueOf(WtRun project, bool isGit) => Path.Combine(project.Directory, isGit ? ".git/wt-run" : ".wt-run", "queue/main");

    private static IReadOnlyList<RunRecord> List(WtRun project) => project.Run("list", "--json").Expect(0).Records;

    private static void AwaitQueued(WtRun project, int position) => Eventually.True(
        () => new RunStore(Path.Combine(project.Directory, ".git/wt-run")).ReadAll().Any(record => record.State == RunState.Queued && record.Queue?.Position == position),
        $"a run waits at position {position}");
}
