using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Samples;

public sealed class The_crontab_sample
{
    /// <summary>
    /// Debian's cron with a spool of its own, in a mount namespace: it finds the home in /etc/passwd, and faketime's library shows it, but none of its
    /// jobs, the time that a file names.
    /// </summary>
    private const string Cron =
        """
        set -e
        mount --bind spool /var/spool/cron
        mount --bind passwd /etc/passwd
        mount --bind empty /etc/crontab
        mount --bind none /etc/cron.d
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /dev/shm
        lib=$(ls /usr/lib/*/faketime/libfaketime.so.1)
        LD_PRELOAD=$lib FAKETIME_TIMESTAMP_FILE=$PWD/time FAKETIME_NO_CACHE=1 exec /usr/sbin/cron -f
        """;

    [Fact]
    public void Is_run_by_cron_at_its_time()
    {
        using var home = new SampleHome();
        home.Scratch.Write("time", "2026-01-01 01:59:59\n");
        using var cron = StartCron(home);

        // It is a second to two for as long as cron takes to start; it sleeps when it has seen that, and looks again in a second.
        Eventually.True(() => File.ReadAllText($"/proc/{cron.Pid}/comm") == "cron\n" && File.ReadAllText($"/proc/{cron.Pid}/wchan").Contains("nanosleep", StringComparison.Ordinal), "cron waits");
        home.Scratch.Write("time.new", "2026-01-01 02:00:01\n");
        File.Move(home.Scratch.Path("time.new"), home.Scratch.Path("time"), overwrite: true);

        var record = home.AwaitRun(cron);

        Assert.Equal(
            (RunState.Succeeded, MergeBackResult.Landed, "worktree", new Trigger(TriggerKind.Cron, "nightly")),
            (record.State, record.MergeBack?.Result, record.Isolation.Kind, record.Trigger));
        Assert.Equal("Tidy the changelog.", home.Repository.Read("prompt"));
        Assert.Equal("", home.Repository.Status);
        Assert.Equal("The engine was here.\n", File.ReadAllText(home.Scratch.Path("home/wt-run-nightly.log")));
        Assert.DoesNotContain("ONLY_IN_A_SHELL", home.EngineEnvironment, StringComparison.Ordinal);
    }

    private static BackgroundRun StartCron(SampleHome home)
    {
        var scratch = home.Scratch;
        scratch.Write("spool/crontabs/root", home.Sample("cron/crontab"));
        File.SetUnixFileMode(scratch.Path("spool/crontabs/root"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        scratch.Write("passwd", $"root:x:0:0:root:{scratch.Home}:/bin/sh\n");
        scratch.Write("empty", "");
        scratch.Directory("none");
        string[] userNamespace = Environment.UserName == "root" ? [] : ["--map-root-user"];
        return home.Start(["unshare", "--mount", .. userNamespace, "--wd", scratch.Root, "sh", "-c", Cron]);
    }
}
