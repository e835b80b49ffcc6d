using System.Globalization;
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
        var result = Run(["hold-pipe", "print", "bye", "exit", "6"]);

        Assert.Equal(6, result.ExitCode);
        Assert.Equal("bye\n", LogText());
        Assert.InRange(result.Duration.TotalSeconds, 0, 5);
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
        var result = Run(["named-daemon", "wt-run-test-agent", "agent", "child", "child"], c => c with
        {
            KeepProcesses = ["wt-run-test-agent"],
        });

        var kept = Assert.Single(result.Processes.Kept);
        Assert.Equal(PidIn("agent"), kept.Identity.Pid);
        Assert.Equal(PidIn("child"), Assert.Single(result.Processes.Ended).Identity.Pid);
        Assert.True(kept.Identity.IsAlive);
        Assert.InRange(result.Duration.TotalSeconds, 0, 5);

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

    [Fact]
    public void The_processes_of_a_killed_supervisor_are_found_and_ended()
    {
        ProcessIdentity root;
        using (var supervisor = SupervisorProcess.Start(
            Scratch, ["--run-id", RunId], "ignore-signals", "child", "child", "named-daemon", "sleeper", "daemon", "touch", "ready", "sleep", "60"))
        {
            _ = Eventually.Text(Scratch["ready"]);
            root = supervisor.Root;
        }

        Assert.True(root.IsAlive);
        var end = ProcessTree.EndRun(RunId, root, [], TimeSpan.FromSeconds(0.3), []);

        Assert.True(end.AllGone);
        Assert.True(end.Killed);
        Assert.False(root.IsAlive);
        Assert.Equal(
            new[] { PidIn("child"), PidIn("daemon") }.Order(), end.Ended.Select(p => p.Identity.Pid).Order());
    }

    [Fact]
    public void Members_of_a_dead_runs_session_are_found_without_the_variable()
    {
        using var root = ChildProcess.Start(new ChildStart
        {
            Argv = ["/bin/sh", "-c", "(echo > ready; exec sleep 600) & while ! [ -e ready ]; do sleep 0.01; done; exec sleep 600"],
            WorkingDirectory = Scratch.Path,
            Environment = TestPrograms.Environment(),
            Group = ChildGroup.OwnSession,
        });
        Eventually.True(() => ProcessEntry.Read(root.Pid)!.Name == "sleep", "the root waits");

        var end = ProcessTree.EndRun(RunId, ProcessIdentity.Of(root.Pid), [], TimeSpan.FromSeconds(5), []);

        Assert.True(end.AllGone);
        Assert.Single(end.Ended);
        Assert.Equal(128 + 2, root.Wait());
    }

    [Fact]
    public void A_stranger_with_the_pid_of_a_dead_run_lives()
    {
        using var stranger = ChildProcess.Start(new ChildStart
        {
            Argv = ["sleep", "600"],
            WorkingDirectory = "/",
            Environment = TestPrograms.Environment(),
            Group = ChildGroup.OwnSession,
        });
        var now = ProcessIdentity.Of(stranger.Pid)!.Value;
        var before = now with { StartTime = now.StartTime - 1 };

        var end = ProcessTree.EndRun(RunId, before, [before], TimeSpan.FromSeconds(5), []);

        Assert.Equal((0, true), (end.Ended.Count, end.AllGone));
        Assert.True(now.IsAlive);
        stranger.Signal(9);
        Assert.Equal(128 + 9, stranger.Wait());
    }

    [Fact]
    public void A_run_of_another_user_is_reported_not_forgotten()
    {
        const string Nobody = "65534";
        if (Environment.UserName != "root")
        {
            return; // only root can be another user
        }

        using var foreign = ChildProcess.Start(new ChildStart
        {
            Argv = ["sleep", "600"],
            WorkingDirectory = "/",
            Environment = TestPrograms.Environment(),
            Group = ChildGroup.OwnSession,
        });
        var root = ProcessIdentity.Of(foreign.Pid)!.Value;
        File.SetUnixFileMode(Scratch.Path, (UnixFileMode)0x1ff);
        using var asNobody = ChildProcess.Start(new ChildStart
        {
            Argv =
            [
                "setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", TestPrograms.Supervisor,
                "--end-run", RunId, root.Pid.ToString(CultureInfo.InvariantCulture), root.StartTime.ToString(CultureInfo.InvariantCulture),
                "--result", "result",
            ],
            WorkingDirectory = Scratch.Path,
            Environment = TestPrograms.Environment(),
            Error = ChildOutput.Inherit,
        });

        Assert.Equal(0, asNobody.Wait());
        var result = SupervisorProcess.ReadResult(Scratch["result"]);
        Assert.Equal($"{root.Pid}", result["not-ended"]);
        Assert.True(root.IsAlive);
        foreign.Signal(9);
        Assert.Equal(128 + 9, foreign.Wait());
    }
}
