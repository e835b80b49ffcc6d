using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Landing_all_that_waits : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public Landing_all_that_waits()
    {
        _repository = new TestRepository(_scratch).Configure("land_wait = \"0s\"");
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Lands_them_oldest_first_and_lists_those_that_need_a_person()
    {
        var conflict = _repository.RunInWorktree(
            $"{EngineScript.CommitInCheckout(_repository, "README")}; {EngineScript.Commit("README", "mine")}").Expect(120).Record;
        using var user = StartInPlace();
        var waiting = new[] { "first", "second", "third" }.Select(file => _repository.RunInWorktree(EngineScript.Commit(file)).Expect(120).Record).ToList();

        // Killed, it lands nothing behind itself, and the command ends it first.
        user.Kill();
        var all = _repository.WtRun.Run("land", "--all").Expect(0);

        Assert.Equal(
            [
                .. waiting.Select(record => $"run {record.Id[..8]} landed on main"),
                $"run {conflict.Id[..8]} needs you: its work is not on main because it conflicts; see wt-run show {conflict.Id[..8]}",
            ],
            all.Output.TrimEnd('\n').Split('\n'));
        Assert.Equal(
            [$"Merge run {waiting[2].Id} (user) into main", $"Merge run {waiting[1].Id} (user) into main", "Change first"],
            _repository.Git("log", "-3", "--first-parent", "--format=%s").Split('\n'));
        Assert.Equal(MergeBackResult.Conflict, _repository.Show(conflict.Id).MergeBack?.Result);
        Assert.Equal("", _repository.Status);
    }

    [Fact]
    public void Says_with_1_that_one_could_not_be_landed_and_prints_records_with_json()
    {
        using var user = StartInPlace();
        var waiting = _repository.RunInWorktree(EngineScript.Commit("work")).Expect(120).Record;

        var busy = _repository.WtRun.Run("land", "--all", "--json").Expect(1);
        Assert.Equal((waiting.Id, MergeBackResult.TargetBusy), (Assert.Single(busy.Records).Id, busy.Records[0].MergeBack?.Result));

        user.Kill();
        var landed = Assert.Single(_repository.WtRun.Run("land", "--all", "--json").Expect(0).Records);
        Assert.Equal((waiting.Id, RunState.Succeeded), (landed.Id, landed.State));
        Assert.Equal("[]\n", _repository.WtRun.Run("land", "--all", "--json").Expect(0).Output);
        Assert.Equal("Nothing waits to be landed.\n", _repository.WtRun.Run("land", "--all").Expect(0).Output);
    }

    [Theory]
    [InlineData("which run to land", "land")]
    [InlineData("Both --all and a run", "land", "--all", "3f9c")]
    public void Takes_either_a_run_or_all(string message, params string[] arguments) =>
        Assert.Contains(message, _repository.WtRun.Run(arguments).Expect(2).Error, StringComparison.Ordinal);

    private BackgroundRun StartInPlace()
    {
        var run = _repository.WtRun.Start("run", "--no-worktree", "--json", "--", "sh", "-c", _gate.Step);
        _gate.AwaitReached();
        return run;
    }
}
