using System.Diagnostics;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

/// <summary>Processes that an engine leaves behind.</summary>
public class LeftoverTests : EngineInScratch
{
    [Fact]
    public void A_background_child_is_ended_and_named()
    {
        var result = Run(["child", "child", "exit", "3"]);

        Assert.Equal((3, CommandEnd.Ended, false), (result.ExitCode, result.End, result.Killed));
        var ended = Assert.Single(result.Processes.Ended);
        Assert.Equal((PidIn("child"), "sleep"), (ended.Identity.Pid, ended.Name));
        Assert.Null(ProcessIdentity.Of(ended.Identity.Pid));
    }

    [Fact]
    public void A_held_pipe_neither_changes_the_exit_code_nor_delays_the_end()
    {
        var clock = new Stopwatch();
        var result = Run(["hold-pipe", "print", "bye", "exit", "6"], c => c with { Echo = (_, _) => clock.Start() });

        Assert.Equal(6, result.ExitCode);
        Assert.Equal("bye\n", LogText());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void A_daemon_without_environment_in_its_own_session_is_ended()
    {
        var result = SupervisorProcess.Run(Scratch, ["--grace", "0.5"], "daemon", "daemon", "stubborn-daemon", "stubborn", "exit", "3");

        Assert.Equal(("3", "Ended", "True"), (result["exit"], result["end"], result["killed"]));
        Assert.Null(ProcessIdentity.Of(PidIn("daemon")));
        Assert.Null(ProcessIdentity.Of(PidIn("stubborn")));
        Assert.Equal("0", result["children"]);
    }

    [Fact]
    public void A_process_to_keep_stays_and_is_named()
    {
        var clock = new Stopwatch();
        var result = Run(["named-daemon", "wt-run-test-agent", "agent", "child", "child", "print", "bye"], c => c with
        {
            KeepProcesses = ["wt-run-test-agent"],
            Echo = (_, _) => clock.Start(),
        });
        clock.Stop();

        var kept = Assert.Single(result.Processes.Kept);
        Assert.Equal(PidIn("agent"), kept.Identity.Pid);
        Assert.Equal(PidIn("child"), Assert.Single(result.Processes.Ended).Identity.Pid);
        Assert.True(kept.Identity.IsAlive);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 5);

        var end = ProcessTree.EndRun(RunId, null, [], TimeSpan.FromSeconds(5), []);
        Assert.Equal(kept, Assert.Single(end.Ended));
        Assert.False(kept.Identity.IsAlive);
    }

    [Fact]
    public void Our_own_children_are_spared()
    {
        using var ours = ChildProcess.Start(new ChildStart
        {
            Argv = ["sleep", "600"],
            WorkingDirectory = "/",
            Environment = TestPrograms.Environment((ProcessTree.RunIdVariable, RunId)),
        });

        Run(["child", "child"]);

        Assert.True(ProcessIdentity.Of(ours.Pid)!.Value.IsAlive);
        ours.Signal(9);
        Assert.Equal(128 + 9, ours.Wait());
    }
}
