using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary><c>cancel</c> against runs that end by themselves: whoever is first wins, and the record is never changed after it was final.</summary>
public sealed class Cancelling : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Cancelling() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void At_the_last_moment_before_the_engine_starts_gives_the_worktree_back()
    {
        // In this process, where the moment can be met.
        using var cancel = new CancellationTokenSource();
        var runner = new TriggerRunner(new RunnerOptions { Environment = _scratch.Variables, Observer = new CancelsWhenStarting(cancel) });

        var record = runner.Run(
            new RunRequest
            {
                Project = new ProjectConfig { Name = "repo", Path = _repository.Path },
                Engine = EngineDefinition.From(["touch", _scratch.Path("ran")]),
                Worktree = true,
            },
            cancel.Token);

        Assert.Equal((RunState.Cancelled, "Cancelled before the engine was started.", null), (record.State, record.Message, record.Engine.ExitCode));
        Assert.False(File.Exists(_scratch.Path("ran")));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData("in place")]
    [InlineData("worktree")]
    [InlineData("detached")]
    public void Says_which_it_was_and_never_changes_a_record_that_was_final(string kind)
    {
        var finals = new Dictionary<string, RunRecord>(StringComparer.Ordinal);
        for (var i = 0; i < HeavyTests.Count(few: 5, many: 60); i++)
        {
            var time = string.Create(CultureInfo.InvariantCulture, $"{0.04 * i % 0.3:0.00}");
            string[] options = kind switch { "in place" => [], "worktree" => ["--worktree"], _ => ["--detach"] };
            using var run = _repository.WtRun.Start(["run", "--json", "--quiet", .. options, "--", "sh", "-c", $"sleep {time}"]);
            var id = AwaitRun(i);

            var answers = new List<Finished>();
            do
            {
                answers.Add(_repository.WtRun.Run("cancel", id));
            }
            while (answers[^1].ExitCode == 0 && answers.Count < 50);

            Eventually.True(() => !Store.IsAlive(id) && Store.TryRead(id)!.State.IsFinal(), "the run is over");
            var record = Store.TryRead(id)!;
            run.Wait();
            Assert.True(record.State is RunState.Succeeded or RunState.Cancelled, record.State.ToString());
            Assert.All(answers, answer => Assert.InRange(answer.ExitCode, 0, 1));
            Assert.True(record.State == RunState.Cancelled || !answers.Exists(answer => answer.Output.Contains("is cancelled", StringComparison.Ordinal)));
            Assert.Contains($"is over already: {RecordWriter.NameOf(record.State)}", answers[^1].Error, StringComparison.Ordinal);
            Assert.Single(record.Events("state"), state => Enum.Parse<RunState>(state).IsFinal());
            finals.Add(id, record);
        }

        Assert.All(_repository.Runs(), record => Assert.Equal((finals[record.Id].State, finals[record.Id].FinishedAt), (record.State, record.FinishedAt)));
    }

    [Fact]
    public void A_detached_run_that_queues_never_starts_it()
    {
        _repository.Configure("concurrent = false");
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var ids = Enumerable.Range(0, 3).Select(i =>
            _repository.WtRun.Run("run", "--detach", "--quiet", "--", "touch", _scratch.Path($"started{i}")).Expect(0).Output.TrimEnd('\n')).ToList();

        _repository.WtRun.Run("cancel", ids[1]).Expect(0);
        Eventually.True(() => Store.TryRead(ids[1])!.State == RunState.Cancelled, "the second is cancelled");
        gate.Open();

        Eventually.True(() => ids.TrueForAll(id => Store.TryRead(id)!.State.IsFinal()), "all are over");
        Assert.Equal([RunState.Succeeded, RunState.Cancelled, RunState.Succeeded], ids.Select(id => Store.TryRead(id)!.State));
        Assert.Equal([true, false, true], Enumerable.Range(0, 3).Select(i => File.Exists(_scratch.Path($"started{i}"))));
        Assert.DoesNotContain("Starting", Store.TryRead(ids[1])!.Events("state"));
        active.Wait().Expect(0);
        Eventually.True(() => ids.TrueForAll(id => !Store.IsAlive(id)), "their processes have ended");
    }

    [Fact]
    public void A_run_that_queues_ends_those_who_follow_its_log()
    {
        _repository.Configure("concurrent = false");
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", $"echo begun; {gate.Step}; echo ended");
        gate.AwaitReached();
        var first = Assert.Single(_repository.Runs()).Id;
        using var queued = _repository.WtRun.Start("run", "--", "true");
        Eventually.True(() => _repository.Runs().Any(run => run.State == RunState.Queued), "a run queues");
        var id = _repository.Runs().Single(run => run.State == RunState.Queued).Id;
        using var followed = _repository.WtRun.Start("logs", "-f", id);
        using var follower = _repository.WtRun.Start("logs", "-f", first);

        _repository.WtRun.Run("cancel", id).Expect(0);
        Assert.Equal("", followed.Wait().Expect(0).Output);
        Assert.False(follower.HasEnded);
        gate.Open();
        Assert.Equal("begun\nended\n", follower.Wait().Expect(0).Output);
        active.Wait().Expect(0);
    }

    private RunStore Store => new(_repository[".git/wt-run"]);

    /// <summary>The id of the run that comes after so many others.</summary>
    private string AwaitRun(int before)
    {
        var known = Store.ReadAll().Select(record => record.Id).ToHashSet(StringComparer.Ordinal);
        if (known.Count == before)
        {
            Eventually.True(() => Store.Ids().Count() > before, "the run is published");
        }

        return Store.ReadAll()[^1].Id;
    }


    private sealed class CancelsWhenStarting(CancellationTokenSource cancel) : RunObserver
    {
        public override void Changed(RunRecord record)
        {
            if (record.State == RunState.Starting)
            {
                cancel.Cancel();
            }
        }
    }
}
