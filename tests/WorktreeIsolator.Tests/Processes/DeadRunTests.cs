using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

/// <summary>
/// Processes of a run whose supervisor is gone. Here they become children of the test process, where a run of another test would take
/// them for its own orphans.
/// </summary>
[Collection(Alone)]
public class DeadRunTests : EngineInScratch
{
    public const string Alone = "runs with no other test beside it";

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

        var end = ProcessTree.EndRun(RunId, ProcessIdentity.Of(root.Pid), [], TimeSpan.FromSeconds(2), []);

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
    public void A_strangers_daemon_whose_session_leader_had_the_pid_of_a_dead_run_and_has_ended_lives()
    {
        var (leader, daemon) = StartAndLeave("sleep 600 & echo $! > daemon");
        var before = leader with { StartTime = leader.StartTime - 1 };

        var end = ProcessTree.EndRun(RunId, before, [before], TimeSpan.FromSeconds(5), []);

        Assert.Equal((0, true), (end.Ended.Count, end.AllGone));
        Assert.True(daemon.IsAlive);
        Assert.Equal(0, Libc.Kill(daemon.Pid, Libc.SIGKILL));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_daemon_without_the_variable_is_ended_if_one_in_its_session_is_seen_to_be_the_runs(bool isKnown)
    {
        var (root, daemon) = StartAndLeave($"{(isKnown ? "" : $"WT_RUN_ID={RunId} ")}sleep 601 & echo $! > other; sleep 600 & echo $! > daemon");
        Eventually.True(() => ProcessEntry.Read(PidIn("other"))!.Name == "sleep", "the other one is at work");
        var other = ProcessIdentity.Of(PidIn("other"))!.Value;

        var end = ProcessTree.EndRun(RunId, root, isKnown ? [other] : [], TimeSpan.FromSeconds(5), []);

        Assert.True(end.AllGone);
        Assert.Equal(new[] { daemon.Pid, other.Pid }.Order(), end.Ended.Select(process => process.Identity.Pid).Order());
    }

    /// <summary>The leader of a session that has ended, and the process in it that it named in the file <c>daemon</c>.</summary>
    private (ProcessIdentity Leader, ProcessIdentity Daemon) StartAndLeave(string script)
    {
        using var leader = ChildProcess.Start(new ChildStart
        {
            Argv = ["/bin/sh", "-c", $"{script}; exec sleep 602"],
            WorkingDirectory = Scratch.Path,
            Environment = TestPrograms.Environment(),
            Group = ChildGroup.OwnSession,
        });
        var identity = ProcessIdentity.Of(leader.Pid)!.Value;
        Eventually.True(() => File.Exists(Scratch["daemon"]) && File.ReadAllText(Scratch["daemon"]).EndsWith('\n'), "the daemon was started");
        leader.Signal(Libc.SIGKILL);
        Assert.Equal(128 + Libc.SIGKILL, leader.Wait());
        Eventually.True(() => ProcessEntry.Read(PidIn("daemon"))!.Name == "sleep", "the daemon is at work");
        return (identity, ProcessIdentity.Of(PidIn("daemon"))!.Value);
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

[CollectionDefinition(DeadRunTests.Alone, DisableParallelization = true)]
public class RunsAlone;
