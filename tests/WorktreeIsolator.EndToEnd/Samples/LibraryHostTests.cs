using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Samples;

public sealed class The_library_host_sample : IDisposable
{
    private readonly SampleHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Runs_the_engine_and_prints_the_record()
    {
        _home.Scratch.PutFirstInPath(_home.Scratch.Path("home/.local/bin"));

        var record = _home.Scratch.Run(_home.Scratch.Home, Host("Tidy the changelog.")).Expect(0).Record;

        Assert.Equal(
            (RunState.Succeeded, MergeBackResult.Landed, "worktree", new Trigger(TriggerKind.Webhook, "library-host")),
            (record.State, record.MergeBack?.Result, record.Isolation.Kind, record.Trigger));
        Assert.Equal(record.Id, Assert.Single(_home.Repository.Runs()).Id);
        Assert.Equal("Tidy the changelog.", _home.Repository.Read("prompt"));
        Assert.Equal([_home.Repository.Path], _home.Repository.Worktrees);
    }

    [Fact]
    public void Ends_the_run_and_keeps_its_work_when_it_is_interrupted()
    {
        _home.Scratch.PutFirstInPath(_home.Scratch.Path("home/.local/bin"));
        var gate = new Gate(_home.Scratch);
        _home.Engine(gate.Step);
        using var host = _home.Start(Host("Tidy the changelog."));
        gate.AwaitReached();
        host.Interrupt();

        var record = host.Wait().Expect(1).Record;

        Assert.Equal((RunState.Cancelled, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
        Assert.Equal("Tidy the changelog.", _home.Repository.Git("show", $"{record.Branch}:prompt"));
    }

    [Fact]
    public void Says_what_is_wrong()
    {
        var run = _home.Scratch.Run(_home.Scratch.Home, Host("Tidy the changelog.")).Expect(1);

        Assert.Contains("claude", run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    private string[] Host(string prompt) => [SampleHome.Program("LibraryHost"), _home.Scratch.Path("home/.config/wt-run/wt-run.toml"), "scout", prompt];
}
