using System.Text;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

public class StoppingTests : EngineInScratch
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(0.2);

    /// <summary>For a process that has a signal to get its turn on a busy machine, and be gone.</summary>
    private static readonly TimeSpan LongEnoughToEnd = TimeSpan.FromSeconds(2);

    private static readonly string[] StubbornChildLeft =
        ["/bin/sh", "-c", "(trap '' TERM; echo > child; exec sleep 60) & while ! [ -e child ]; do sleep 0.01; done; exit 5"];

    [Fact]
    public void At_its_timeout_a_command_is_interrupted()
    {
        var result = Run(["sleep", "600"], c => c with { Timeout = TimeSpan.FromSeconds(0.5), Grace = TimeSpan.FromMinutes(2) });

        Assert.Equal((CommandEnd.TimedOut, 128 + Libc.SIGINT, false), (result.End, result.ExitCode, result.Killed));
        Assert.InRange(result.Duration.TotalSeconds, 0.5, 119);
    }

    [Fact]
    public void A_command_that_stays_silent_too_long_is_interrupted()
    {
        // On a busy machine it may have been silent too long before it has said anything.
        var said = "";
        var result = Run(["print", "one", "sleep", "60"], c => c with { IdleTimeout = TimeSpan.FromSeconds(1), Echo = (_, bytes) => said += Encoding.UTF8.GetString(bytes) });

        Assert.Equal((CommandEnd.IdleTimedOut, 128 + Libc.SIGINT), (result.End, result.ExitCode));
        Assert.Equal(said, LogText());
        Assert.True(said is "one\n" or "", said);
    }

    [Fact]
    public void A_command_that_talks_does_not_time_out_for_silence()
    {
        // Longer than the time in all, and so often that a busy machine may swallow most of it.
        string[] talk = [.. Enumerable.Range(0, 24).SelectMany(_ => new[] { "err", ".", "sleep", "0.25" })];

        var result = Run(talk, c => c with { IdleTimeout = TimeSpan.FromSeconds(5) });

        Assert.Equal((CommandEnd.Ended, 0), (result.End, result.ExitCode));
    }

    [Fact]
    public void Cancelling_interrupts_the_whole_tree()
    {
        var result = Run(["child", "child", "print", "ready", "sleep", "60"], c => c with { Echo = (_, _) => Cancel.Cancel() });

        Assert.Equal((CommandEnd.Cancelled, 128 + Libc.SIGINT, false), (result.End, result.ExitCode, result.Killed));
        Assert.Equal(PidIn("child"), Assert.Single(result.Processes.Ended).Identity.Pid);
        Assert.Null(ProcessIdentity.Of(PidIn("child")));
    }

    [Fact]
    public void One_that_ignores_interrupt_and_terminate_is_killed_after_both_graces()
    {
        var result = Run(["ignore-signals", "stubborn-daemon", "daemon", "print", "ready", "sleep", "60"], c => c with
        {
            Grace = Short,
            Echo = (_, _) => Cancel.Cancel(),
        });

        Assert.Equal((CommandEnd.Cancelled, 128 + Libc.SIGKILL, true), (result.End, result.ExitCode, result.Killed));
        Assert.InRange(result.Duration, 2 * Short, TimeSpan.FromSeconds(59));
        Assert.Null(ProcessIdentity.Of(PidIn("daemon")));
    }

    [Fact]
    public void One_that_ignores_interrupt_alone_is_terminated()
    {
        var result = Run([], c => c with
        {
            Argv = ["/bin/sh", "-c", "trap '' INT; echo ready; exec sleep 60"],
            Grace = LongEnoughToEnd,
            Echo = (_, _) => Cancel.Cancel(),
        });

        Assert.Equal((CommandEnd.Cancelled, 128 + Libc.SIGTERM, false), (result.End, result.ExitCode, result.Killed));
    }

    [Fact]
    public void The_second_cancel_kills_at_once()
    {
        var result = Run(["ignore-signals", "print", "ready", "sleep", "60"], c => c with
        {
            Grace = TimeSpan.FromMinutes(5),
            Echo = (_, _) =>
            {
                Cancel.Cancel();
                Kill.CancelAfter(Short);
            },
        });

        Assert.Equal((CommandEnd.Cancelled, 128 + Libc.SIGKILL, true), (result.End, result.ExitCode, result.Killed));
    }

    [Fact]
    public void A_stopped_command_is_woken_to_end()
    {
        var result = Run([], c => c with
        {
            Argv = ["/bin/sh", "-c", "kill -STOP $$"],
            Timeout = Short,
            Grace = TimeSpan.FromMinutes(5),
        });

        Assert.Equal((CommandEnd.TimedOut, 128 + Libc.SIGINT), (result.End, result.ExitCode));
    }

    [Fact]
    public void What_an_interrupted_command_still_prints_is_logged_and_its_exit_code_counts()
    {
        var result = Run([], c => c with
        {
            Argv = ["/bin/sh", "-c", "trap 'echo saved; exit 7' INT; echo ready; while :; do sleep 0.05; done"],
            Echo = (_, _) => Cancel.Cancel(),
        });

        Assert.Equal((CommandEnd.Cancelled, 7), (result.End, result.ExitCode));
        Assert.Equal("ready\nsaved\n", LogText());
    }

    [Fact]
    public void Cancelling_after_the_end_changes_nothing()
    {
        // The stubborn child keeps the supervisor busy for a grace.
        ProcessIdentity root = default;
        var canceller = When("child", () =>
        {
            Eventually.True(() => root.Pid != 0 && !root.IsAlive, "the engine has ended");
            Cancel.Cancel();
        });

        var result = Run([], c => c with
        {
            Argv = StubbornChildLeft,
            Grace = TimeSpan.FromSeconds(1),
            Started = r => root = r,
        });

        canceller.Join();
        Assert.True(Cancel.IsCancellationRequested);
        Assert.Equal((CommandEnd.Ended, 5, true), (result.End, result.ExitCode, result.Killed));
    }

    [Fact]
    public void Killing_shortens_the_grace_of_what_is_left()
    {
        ProcessIdentity root = default;
        var killer = When("child", () =>
        {
            Eventually.True(() => root.Pid != 0 && !root.IsAlive, "the engine has ended");
            Kill.Cancel();
        });

        var result = Run([], c => c with
        {
            Argv = StubbornChildLeft,
            Grace = TimeSpan.FromMinutes(5),
            Started = r => root = r,
        });

        killer.Join();
        Assert.Equal((CommandEnd.Ended, 5, true), (result.End, result.ExitCode, result.Killed));
    }

    [Fact]
    public void A_cancelled_run_never_starts()
    {
        Cancel.Cancel();

        Assert.Throws<OperationCanceledException>(() => Run(["touch", "started"]));

        Assert.False(File.Exists(Scratch["started"]));
    }

    [Fact]
    public void One_that_forks_without_end_is_killed_with_all_of_them()
    {
        var result = Run([], c => c with
        {
            Argv = ["/bin/sh", "-c", "trap '' INT TERM; echo ready; f() { sleep 0.01; f & }; f & f & f & sleep 60"],
            Grace = Short,
            Echo = (_, _) => Cancel.Cancel(),
        });

        Assert.True(result.Killed);
        Assert.True(result.Processes.AllGone);
        var variable = Encoding.UTF8.GetBytes($"{ProcessTree.RunIdVariable}={RunId}");
        Assert.DoesNotContain(ProcessEntry.ReadAll().Values, e => e.IsRunning && e.HasVariable(variable));
    }
}
