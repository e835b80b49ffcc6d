using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>SIGKILL of the supervisor in each stage of a run with a worktree, while something that it has started goes on there; then one other command.</summary>
public sealed class A_supervisor_that_is_killed_in_a_stage : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly StageHold _hold;

    public A_supervisor_that_is_killed_in_a_stage()
    {
        _repository = new TestRepository(_scratch);
        _hold = new StageHold(_scratch, _repository);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("accepted", "list")]
    [InlineData("queued", "show")]
    [InlineData("fetch", "prune")]
    [InlineData("registration", "list")]
    [InlineData("checkout", "land")]
    [InlineData("hook", "show")]
    [InlineData("setup", "logs")]
    [InlineData("starting", "list")]
    [InlineData("running", "cancel")]
    [InlineData("keeping", "run")]
    [InlineData("merge", "prune")]
    [InlineData("verification", "show")]
    [InlineData("landing", "logs")]
    [InlineData("push", "list")]
    [InlineData("removal", "drop")]
    public void Is_interrupted_for_the_next_command_with_its_work_kept_and_nothing_half_made(string stage, string next)
    {
        PrepareWithUser(stage);
        var (refs, head, topic) = (_repository.Refs, _repository.Head, _repository.Git("rev-parse", "topic"));
        using var held = HoldBack(stage);
        _hold.Arm();
        using var run = _repository.WtRun.Start(CommandLine(stage));
        KillIn(stage, run, held as HeldExec);
        held?.Dispose();
        if (stage == "starting")
        {
            _hold.Gate.AwaitReached();
        }

        var id = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));
        head = stage == "merge" ? _repository.Head : head;

        string[] arguments = next switch
        {
            "list" or "prune" => [next],
            "run" => ["run", "--worktree", "--", "true"],
            _ => [next, id],
        };
        using var command = _repository.WtRun.Start(arguments);
        if (stage == "landing")
        {
            // It writes a person's files, so it is never ended, but waited for.
            _hold.Gate.Open();
        }

        command.Wait();

        var record = new RunStore(_repository[".git/wt-run"]).TryRead(id)!;
        Assert.Equal((RunState.Interrupted, ResultOf(stage)), (record.State, record.MergeBack?.Result));
        AssertNothingWorksOn(stage);
        AssertNothingIsHalfMade(record);
        AssertWorkIsReachable(record, refs, head);
        AssertUserIsWhereHeWas(record, head, topic);
        AssertNextRunLands();
    }

    private string Engine => _scratch.Path("engine");

    private static bool IsHeldFromOutside(string stage) => stage is "accepted" or "queued";

    private static MergeBackResult? ResultOf(string stage) => stage switch
    {
        "accepted" or "queued" => null,
        "landing" or "removal" => MergeBackResult.Landed,
        "starting" or "running" or "keeping" or "merge" or "verification" or "push" => MergeBackResult.Kept,
        _ => MergeBackResult.Nothing,
    };

    /// <summary>A person has another branch, a change and a file of their own there; and one run was there before.</summary>
    private void PrepareWithUser(string stage)
    {
        _hold.Prepare(stage);
        if (stage == "queued")
        {
            _repository.Configure("[engines.locked]", $"command = [\"{Engine}\"]", $"lock = \"{_scratch.Write("engine.lock", "")}\"");
        }

        _scratch.Script("engine", $"{EngineScript.Commit("work")}; {EngineScript.NoteCommit(_scratch)}\n" + stage switch
        {
            "starting" or "running" => _hold.Step,
            "keeping" => $"echo slow > {StageHold.FilteredFile}",
            "merge" => $"{EngineScript.Commit(StageHold.MergedFile)}; {EngineScript.NoteCommit(_scratch)}; {EngineScript.CommitInCheckout(_repository, StageHold.MergedFile)}",
            _ => "",
        } + "\n");
        _repository.RunInWorktree("true").Expect(0);
        _repository.Git("branch", "topic", "HEAD");
        _repository.Write("README", "the user's own change\n");
        _repository.Write("mine", "the user's own file\n");
    }

    private string[] CommandLine(string stage) => stage == "queued"
        ? ["run", "--worktree", "--json", "--engine", "locked"]
        : ["run", "--worktree", "--json", "--", Engine];

    /// <summary>What keeps the run where it is, if that is nothing that it has started itself.</summary>
    private IDisposable? HoldBack(string stage)
    {
        if (stage == "starting")
        {
            return new HeldExec(Engine);
        }

        if (!IsHeldFromOutside(stage))
        {
            return null;
        }

        var file = stage == "accepted" ? _repository[".git/wt-run/queue/worktrees/.gate"] : _scratch.Path("engine.lock");
        var reached = _scratch.Path("locked");
        var holder = _scratch.Start(_scratch.Root, "flock", "--no-fork", file, "sh", "-c", $"touch '{reached}'; exec sleep 600");
        Eventually.True(() => File.Exists(reached), $"flock(1) holds {file}");
        return holder;
    }

    private void KillIn(string stage, BackgroundRun run, HeldExec? exec)
    {
        var store = new RunStore(_repository[".git/wt-run"]);
        var expected = stage switch { "accepted" => RunState.Accepted, "queued" => RunState.Queued, "starting" => RunState.Starting, _ => (RunState?)null };
        if (expected is null)
        {
            _hold.Gate.AwaitReached();
        }
        else
        {
            Eventually.True(() => store.ReadAll()[^1].State == expected && exec is null or { IsWanted: true }, $"the run is {stage}");
        }

        run.Kill();
        if (stage == "starting")
        {
            // What is about to become the engine holds the run's liveness lock until then: no one takes the run for dead before its engine can be found.
            _repository.WtRun.Run("list").Expect(0);
            Assert.Equal(RunState.Starting, store.ReadAll()[^1].State);
        }
    }

    private void AssertNothingWorksOn(string stage)
    {
        Assert.Equal([], Victims.OfRuns(_scratch.Root));
        Assert.True(IsHeldFromOutside(stage) || !_hold.IsRunning, "what it had started works on");
    }

    private void AssertNothingIsHalfMade(RunRecord record)
    {
        Assert.Equal([], RepositoryState.Names(_repository[".git/wt-run/active"]));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal([], RepositoryState.Names(_repository[".git/worktrees"]));
        Assert.False(Directory.Exists(record.Worktree));
        Assert.Equal(
            [], Directory.EnumerateFiles(_repository[".git"], "*.lock", SearchOption.AllDirectories).Where(path => !path.Contains("/.git/wt-run/", StringComparison.Ordinal)));
        Assert.Null(record.Kept);
    }

    private void AssertWorkIsReachable(RunRecord record, IReadOnlyList<string> refs, string head)
    {
        switch (record.MergeBack!.Result)
        {
            case null or MergeBackResult.Nothing:
                Assert.Equal(refs, _repository.Refs);
                Assert.False(File.Exists(_scratch.Path("commits")), "its engine was started");
                break;
            case MergeBackResult.Kept:
                Assert.Equal([.. refs.Append($"refs/heads/{record.Branch}").Order(StringComparer.Ordinal)], _repository.Refs);
                Assert.Equal("work", _repository.Git("show", $"{record.Branch}:work"));
                _repository.AssertNothingIsLost(_scratch, record);
                break;
            default:
                Assert.Equal(refs, _repository.Refs);
                Assert.Equal((File.ReadAllText(_scratch.Path("commits")).Trim(), head), (_repository.Head, _repository.Git("rev-parse", "HEAD~1")));
                break;
        }
    }

    private void AssertUserIsWhereHeWas(RunRecord record, string head, string topic)
    {
        Assert.Equal("refs/heads/main", _repository.Git("symbolic-ref", "HEAD"));
        Assert.Equal(record.MergeBack!.Result == MergeBackResult.Landed ? record.MergeBack.Commit : head, _repository.Head);
        Assert.Equal(topic, _repository.Git("rev-parse", "topic"));
        Assert.Equal(" M README\n?? mine", _repository.Status);
        Assert.Equal(("the user's own change\n", "the user's own file\n"), (_repository.Read("README"), _repository.Read("mine")));
    }

    private void AssertNextRunLands() => Assert.Contains(
        _repository.RunInWorktree(EngineScript.Commit("next")).Expect(0).Record.MergeBack!.Result, new MergeBackResult?[] { MergeBackResult.Landed, MergeBackResult.Pushed });
}
