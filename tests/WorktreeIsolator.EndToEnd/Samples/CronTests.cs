using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Samples;

public sealed class The_crontab_sample
{
    /// <summary>
    /// Debian's cron with a spool of its own, in a mount namespace: it finds the home in /etc/passwd, and faketime shows it, but none of its
    /// jobs, another time (by a file in /dev/shm).
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
        exec faketime "$1" /usr/sbin/cron -f
        """;

    [Fact]
    public void Is_run_by_cron_at_its_time()
    {
        using var home = new SampleHome();
        using var cron = StartCron(home, "2026-01-01 01:59:58");

        var record = home.AwaitRun(cron);

        Assert.Equal(
            (RunState.Succeeded, MergeBackResult.Landed, "worktree", new Trigger(TriggerKind.Cron, "nightly")),
            (record.State, record.MergeBack?.Result, record.Isolation.Kind, record.Trigger));
        Assert.Equal("Tidy the changelog.", home.Repository.Read("prompt"));
        Assert.Equal("", home.Repository.Status);
        Assert.Equal("The engine was here.\n", File.ReadAllText(home.Scratch.Path("home/wt-run-nightly.log")));
        Assert.DoesNotContain("ONLY_IN_A_SHELL", home.EngineEnvironment, StringComparison.Ordinal);
    }

    private static BackgroundRun StartCron(SampleHome home, string time)
    {
        var scratch = home.Scratch;
        scratch.Write("spool/crontabs/root", home.Sample("cron/crontab"));
        File.SetUnixFileMode(scratch.Path("spool/crontabs/root"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        scratch.Write("passwd", $"root:x:0:0:root:{scratch.Home}:/bin/sh\n");
        scratch.Write("empty", "");
        scratch.Directory("none");
        string[] userNamespace = Environment.UserName == "root" ? [] : ["--map-root-user"];
        return home.Start(["unshare", "--mount", .. userNamespace, "--wd", scratch.Root, "sh", "-c", Cron, "sh", time]);
    }
}
