using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class SignalTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public SignalTests() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(Libc.SIGINT)]
    [InlineData(Libc.SIGTERM)]
    [InlineData(Libc.SIGHUP)]
    public void The_first_signal_cancels_and_the_work_is_kept(int signal)
    {
        using var run = Start("echo work > new; git add new; git commit -qm Work; ");

        run.Signal(signal);
        var finished = run.Wait().Expect(122);

        Assert.Equal(RunState.Cancelled, finished.Record.State);
        Assert.Equal(MergeBackResult.Kept, finished.Record.MergeBack?.Result);
        Assert.Contains("cancelling", finished.Error, StringComparison.Ordinal);
        Assert.False(EngineIsAlive());
        Assert.Contains(finished.Record.Branch, _repository.Branches);
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Fact]
    public void The_second_signal_kills_an_engine_that_takes_no_notice()
    {
        var interrupted = _scratch.Path("interrupted");
        _scratch.Set("WT_RUN_CONFIG", _scratch.Write("patient.toml", "[engines.patient]\ncommand = [\"sh\", \"engine\"]\ngrace = \"10m\"\n"));
        using var run = Start($"trap 'touch {interrupted}' INT; trap '' TERM; ", engine: "patient");

        run.Interrupt();
        Eventually.True(() => File.Exists(interrupted), "the first signal was passed on");
        run.Interrupt();
        var finished = run.Wait().Expect(122);

        Assert.Equal(RunState.Cancelled, finished.Record.State);
        Assert.False(EngineIsAlive());
    }

    [Fact]
    public void A_hangup_that_nohup_ignores_does_not_end_the_run()
    {
        var go = _scratch.Path("go");
        string[] argv = ["nohup", WtRun.Program, "run", "--json", "--", "sh", "-c", $"echo $$ > {_scratch.Path("pid")}; while [ ! -e {go} ]; do sleep 0.05; done"];
        using var run = new BackgroundRun(argv, Processes.CapturedCommand.Start(_scratch.StartOf(_repository.Path, argv)));
        WaitForEngine();

        run.Signal(Libc.SIGHUP);
        File.WriteAllText(go, "");

        Assert.Equal(RunState.Succeeded, run.Wait().Expect(0).Record.State);
    }

    [Fact]
    public void Cancel_stops_a_run_from_elsewhere_and_says_when_it_is_over_already()
    {
        using var run = Start("");
        var id = Records().Single().Id;

        Assert.Contains(id, _repository.WtRun.Run("cancel", id[..4]).Expect(0).Output, StringComparison.Ordinal);
        run.Wait().Expect(122);
        var again = _repository.WtRun.Run("cancel", id[..4]).Expect(1);

        Assert.Contains("is over already: cancelled", again.Error, StringComparison.Ordinal);
        Assert.False(EngineIsAlive());
    }

    private BackgroundRun Start(string script, string? engine = null)
    {
        script = $"{script}echo $$ > {_scratch.Path("pid.new")}; mv {_scratch.Path("pid.new")} {_scratch.Path("pid")}; while :; do sleep 0.1; done";
        if (engine is not null)
        {
            _repository.Commit("engine", script);
        }

        var run = _repository.WtRun.Start(["run", "--worktree", "--json", .. engine is null ? (string[])["--", "sh", "-c", script] : ["--engine", engine]]);
        WaitForEngine();
        Eventually.True(() => Records().Single().State == RunState.Running, "the record says so");
        return run;
    }

    private void WaitForEngine() => Eventually.True(() => File.Exists(_scratch.Path("pid")), "the engine runs");

    private IReadOnlyList<RunRecord> Records() => new RunStore(_repository[".git/wt-run"]).ReadAll();

    private bool EngineIsAlive()
    {
        var pid = int.Parse(File.ReadAllText(_scratch.Path("pid")), CultureInfo.InvariantCulture);
        return Libc.Kill(pid, 0) == 0;
    }
}
