using System.Globalization;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Nobody knows where the run worked, nor whether it is over.</summary>
public sealed class A_dead_run_whose_record_cannot_be_read : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_dead_run_whose_record_cannot_be_read() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("it is damaged", "rm ")]
    [InlineData("it has version 2, of a newer wt-run", "wt-run --version")]
    public void Keeps_runs_in_place_and_landings_away_while_something_of_it_is_at_work_and_is_told_of_afterwards(string why, string help)
    {
        _repository.Configure("concurrent = false", "land_wait = \"0s\"");
        var (id, engine) = KillAbove("--no-worktree");
        var record = _repository[$".git/wt-run/runs/{id}/run.json"];
        File.WriteAllText(record, why == "it is damaged" ? "" : File.ReadAllText(record).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));

        var refused = _repository.WtRun.Run("run", "--wait-timeout", "300ms", "--json", "--", "touch", _scratch.Path("ran")).Expect(123).Record;
        Assert.Contains($"its record '{record}' cannot be read: {why}. Still at work of it: sh (pid {engine.Pid})", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"What helps: {help}", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch.Path("ran")));
        Assert.Equal(MergeBackResult.TargetBusy, _repository.RunInWorktree(EngineScript.Commit("work")).Expect(120).Record.MergeBack?.Result);
        Assert.Contains($"Run {id}: Its wt-run process died, and its record '{record}' cannot be read: {why}.", _repository.WtRun.Run("doctor").Expect(1).Output, StringComparison.Ordinal);
        Assert.True(engine.Identity.IsAlive, "it is not ours to end");

        Victims.Kill(engine);
        var went = _repository.WtRun.Run("run", "--", "true").Expect(0);
        Assert.Contains($"its record '{record}' cannot be read: {why}. Nothing of it is seen at work. This run goes on beside it. What helps: {help}", went.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_forgotten_as_its_help_says()
    {
        var (id, engine) = KillAbove("--no-worktree");
        File.WriteAllText(_repository[$".git/wt-run/runs/{id}/run.json"], "{");
        Victims.Kill(engine);
        var help = _repository.WtRun.Run("doctor", "--json").Json.AsArray().Select(finding => finding!["help"]?.GetValue<string>()).Single(text => text?.StartsWith("rm ", StringComparison.Ordinal) == true);

        _scratch.Run(_repository.Path, "sh", "-c", help!).Expect(0);

        Assert.DoesNotContain("cannot be read", _repository.WtRun.Run("run", "--no-worktree", "--", "true").Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeps_nobody_waiting_in_place_if_a_newer_version_says_that_it_has_a_worktree()
    {
        _repository.Configure("concurrent = false");
        var (id, engine) = KillAbove("--worktree");
        var record = _repository[$".git/wt-run/runs/{id}/run.json"];
        File.WriteAllText(record, File.ReadAllText(record).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));

        var went = _repository.WtRun.Run("run", "--wait-timeout", "10s", "--", "true").Expect(0);

        Assert.DoesNotContain("cannot be read", went.Error, StringComparison.Ordinal);
        Assert.True(engine.Identity.IsAlive);
        Victims.Kill(engine);
    }

    private (string Id, ProcessEntry Engine) KillAbove(string place)
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", place, "--", "sh", "-c", $"echo $$ > '{_scratch.Path("pid")}'; {gate.Step}");
        gate.AwaitReached();
        var id = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));
        Eventually.True(() => new RunStore(_repository[".git/wt-run"]).TryRead(id)?.State == RunState.Running, "the record says that it runs");
        run.Kill();
        return (id, ProcessEntry.Read(int.Parse(File.ReadAllText(_scratch.Path("pid")), CultureInfo.InvariantCulture))!);
    }
}
