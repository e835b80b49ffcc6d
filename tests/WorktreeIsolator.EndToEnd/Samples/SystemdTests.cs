using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Samples;

public sealed class The_systemd_samples : IDisposable
{
    private readonly SampleHome _home = new();

    public The_systemd_samples()
    {
        foreach (var unit in new[] { "wt-run-nightly.service", "wt-run-nightly.timer" })
        {
            _home.Scratch.Write($"home/.config/systemd/user/{unit}", _home.Sample($"systemd/{unit}"));
        }
    }

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("wt-run-nightly.service")]
    [InlineData("wt-run-nightly.timer")]
    public void Are_what_systemd_wants(string unit)
    {
        var path = _home.Scratch.Path("home/.config/systemd/user/" + unit);

        var verified = Verify(path).Expect(0);

        Assert.Equal("", verified.Output + verified.Error);
        File.AppendAllText(path, "Nonsense=1\n");
        Assert.Contains("Nonsense", Verify(path).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_a_run_with_no_more_than_systemd_gives_it()
    {
        StartService().Expect(0);

        var record = Assert.Single(_home.Repository.Runs());
        Assert.Equal(
            (RunState.Succeeded, MergeBackResult.Landed, "worktree", new Trigger(TriggerKind.Cron, "nightly")),
            (record.State, record.MergeBack?.Result, record.Isolation.Kind, record.Trigger));
        Assert.Equal("Tidy the changelog.", _home.Repository.Read("prompt"));
    }

    [Fact]
    public void Take_a_run_that_was_left_out_for_a_success()
    {
        var gate = new Gate(_home.Scratch);
        _home.Scratch.Write(
            "home/.config/wt-run/wt-run.toml", _home.Sample("wt-run.toml").Replace("trigger_worktree = true ", "concurrent = false ", StringComparison.Ordinal));
        using var holder = _home.Repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        var exitCode = StartService().ExitCode;

        Assert.Equal($"{exitCode}", Value("SuccessExitStatus="));
        Assert.Equal(RunState.Skipped, Assert.Single(_home.Repository.Runs(), run => run.Trigger.Kind == TriggerKind.Cron).State);
        gate.Open();
        holder.Wait().Expect(0);
    }

    private Finished Verify(string path) => _home.Scratch.Run(
        _home.Scratch.Home, "env", $"XDG_RUNTIME_DIR={_home.Scratch.Directory("runtime")}", "systemd-analyze", "--user", "verify", path);

    /// <summary>systemd is not running where tests run, so its part is played here: %h, an environment of its own, the quotes of a shell.</summary>
    private Finished StartService() => _home.Scratch.Run(
        _home.Scratch.Home, "env", "-i", $"HOME={_home.Scratch.Home}", Value("Environment="), "sh", "-c", Value("ExecStart="));

    private string Value(string key) => Assert.Single(
        _home.Sample("systemd/wt-run-nightly.service").Split('\n'), line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..]
        .Replace("%h", _home.Scratch.Home, StringComparison.Ordinal);
}
