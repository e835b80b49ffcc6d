using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>A program that starts runs with <c>--detach</c>, and is stopped with everything that belongs to it while they are accepted, queued and running.</summary>
public sealed class Runs_of_a_dispatcher_that_is_stopped : IDisposable
{
    /// <summary>Six programs start, one after another.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Runs_of_a_dispatcher_that_is_stopped() => _repository = new TestRepository(_scratch).Configure("concurrent = false");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Go_on_to_their_end_in_order_but_for_those_that_were_cancelled()
    {
        var gate = new Gate(_scratch);
        var order = _scratch.Path("order");
        var gateOfQueue = _repository[".git/wt-run/queue/worktrees/.gate"];
        _repository.RunInWorktree("true").Expect(0);
        var locked = _scratch.Path("locked");
        using var holder = _scratch.Start(_scratch.Root, "flock", "--no-fork", gateOfQueue, "sh", "-c", $"touch '{locked}'; exec sleep 600");
        Eventually.True(() => File.Exists(locked), "no run with a worktree comes further than to be accepted");

        // The last one has not let its caller go yet, so the caller dies while it listens.
        var running = _scratch.Script("running.sh", $"trap 'echo signal >> {order}' HUP INT TERM PIPE; echo begun; {gate.Step}; echo running >> {order}\n");
        var accepted = _scratch.Script("accepted.sh", EngineScript.Commit("work") + "\n");
        var run = $"'{WtRun.Program}' run --detach --quiet";
        using var dispatcher = _scratch.Start(_repository.Path, "sh", "-c", $"""
            {run} -- '{running}' > '{_scratch.Path("running")}'
            {run} -- sh -c 'echo queued >> {order}' > '{_scratch.Path("queued")}'
            {run} -- sh -c 'echo cancelled >> {order}' > '{_scratch.Path("cancelled")}'
            {run} -- sh -c 'echo last >> {order}' > '{_scratch.Path("last")}'
            {run} --worktree -- '{accepted}' &
            exec sleep 600
            """);
        Eventually.True(() => States() is [_, RunState.Running, RunState.Queued, RunState.Queued, RunState.Queued, RunState.Accepted], () => $"the runs are {string.Join(", ", States())}", Longest);
        _repository.WtRun.Run("cancel", Id("cancelled")).Expect(0);
        Eventually.True(() => Store.TryRead(Id("cancelled"))!.State == RunState.Cancelled, "one is cancelled");

        Stop(dispatcher);
        Assert.Equal([RunState.Running, RunState.Queued, RunState.Cancelled, RunState.Queued, RunState.Accepted], States().Skip(1));
        holder.Dispose();
        gate.AwaitReached();
        gate.Open();
        Eventually.True(() => Store.ReadAll().All(record => record.State.IsFinal() && !Store.IsAlive(record.Id)), () => $"all runs are over: {string.Join(", ", States())}", Longest);

        Assert.Equal([RunState.Succeeded, RunState.Succeeded, RunState.Cancelled, RunState.Succeeded, RunState.Succeeded], States().Skip(1));
        Assert.Equal(["running", "queued", "last"], File.ReadAllLines(order));
        Assert.Equal("begun\n", _repository.WtRun.Run("logs", Id("running")).Expect(0).Output);
        Assert.DoesNotContain("Starting", Store.TryRead(Id("cancelled"))!.Events("state"));
        Assert.Equal(MergeBackResult.Landed, Store.ReadAll()[^1].MergeBack?.Result);
        Assert.Equal("work\n", _repository.Read("work"));
    }

    private RunStore Store => new(_repository[".git/wt-run"]);

    private List<RunState> States() => [.. Store.ReadAll().Select(record => record.State)];

    private string Id(string name) => File.ReadAllText(_scratch.Path(name)).TrimEnd('\n');

    /// <summary>SIGKILL for all of its session, as a service that is stopped or a terminal that dies would have it, and no gentler.</summary>
    private static void Stop(BackgroundRun dispatcher)
    {
        var session = ProcessEntry.ReadAll().Values.Where(entry => entry.Session == dispatcher.Pid).ToList();
        Assert.True(session.Count > 1, "the caller of the last run still listens");
        session.ForEach(Model.Victims.Kill);
        dispatcher.Wait();
        Eventually.True(() => !session.Exists(entry => entry.Identity.IsAlive), "all of its session is gone");
    }
}
