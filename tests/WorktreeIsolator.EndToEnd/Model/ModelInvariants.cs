using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>What holds whenever nothing is under way and some command of wt-run has run since.</summary>
internal sealed class ModelInvariants(ModelWorld world)
{
    private static readonly int[] ExitsOfRuns = [0, 3, 120];

    private TestRepository Repository => world.Repository;

    /// <summary>Checks all but what only <c>prune</c> clears away.</summary>
    public void Check()
    {
        CheckEnds();
        var records = world.Store.ReadAll();
        Assert.Empty(RepositoryState.Names(Repository[".git/wt-run/active"]));
        Assert.All(records, record => Assert.True(record.State.IsFinal(), $"run {record.Id} is {record.State}"));
        Assert.Equal([], Victims.OfRuns(world.Scratch.Root));
        CheckTurns();
        CheckUser(records);
        CheckWorktrees(records);
        CheckRefs(records);
        CheckLocks();
        CheckWork();
    }

    /// <summary>Checks what <c>prune</c> has to have cleared away.</summary>
    public void CheckPruned()
    {
        Eventually.True(() => RepositoryState.Names(Repository[".worktrees/.trash"]).Count == 0, "the trash is empty");
    }

    private void CheckEnds()
    {
        foreach (var process in world.Ended)
        {
            var ended = process.Process.Wait();
            var isRight = process.WasKilled || (process.Number == 0 ? ended.ExitCode <= 2 : process.IsDisturbed
                ? ended.ExitCode is not 134
                : ExitsOfRuns.Contains(ended.ExitCode));
            Assert.True(isRight && !ended.Error.Contains("   at ", StringComparison.Ordinal), ended.ToString());
            if (process.Number > 0 && !process.WasKilled && ended.ExitCode is not (125 or 126 or 127))
            {
                Assert.NotEqual(RunState.Interrupted, world.RecordOf(process.Number)?.State);
            }

            process.Process.Dispose();
        }

        world.Ended.Clear();
    }

    /// <summary>Never two in place at once, and in the order in which they came.</summary>
    private void CheckTurns()
    {
        Assert.False(File.Exists(world.Note("collisions")), "two were in place at once");
        var order = Lines(world.Note("order")).Select(int.Parse).ToList();
        Assert.Equal(order.Order(), order);
        Assert.Equal(order.Count, order.Distinct().Count());
        Assert.Equal([], Ticket.Holders(Repository[".git/wt-run/queue/main"]));
    }

    private void CheckUser(IReadOnlyList<RunRecord> records)
    {
        Assert.Equal(world.User, UserState.Of(Repository));
        Assert.Equal(world.Second, Repository.Git("rev-parse", "second"));
        Assert.Equal("", world.Scratch.Run(world.Scratch.Path("second"), "git", "status", "--porcelain").Expect(0).Output);
        var main = Repository.Git("rev-list", "main").Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.Contains(world.Main, main);
        Assert.All(
            records.Where(record => record.MergeBack is { Result: MergeBackResult.Landed }),
            record => Assert.True(main.Contains(record.MergeBack!.Commit!), $"{record.Id} has landed {record.MergeBack.Commit}, which is not on main"));
    }

    /// <summary>Registrations are the kept ones, and nothing else lies about.</summary>
    private void CheckWorktrees(IReadOnlyList<RunRecord> records)
    {
        var kept = records.Where(record => record.Kept is not null).Select(record => record.Id).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(kept, RepositoryState.Names(Repository[".worktrees"]).Where(name => name != ".trash"));
        Assert.Equal([.. kept.Append("second").Order(StringComparer.Ordinal)], RepositoryState.Names(Repository[".git/worktrees"]));
        Assert.Equal(kept.Count + 2, Repository.Worktrees.Count);
    }

    private void CheckRefs(IReadOnlyList<RunRecord> records)
    {
        var byId = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        foreach (var name in Repository.Refs)
        {
            var record = byId.GetValueOrDefault(Path.GetFileName(name));
            if (name.StartsWith("refs/heads/wt/", StringComparison.Ordinal))
            {
                Assert.True(
                    record?.Kept is not null || record?.MergeBack?.Result is not (null or MergeBackResult.Landed or MergeBackResult.Nothing or MergeBackResult.Dropped),
                    $"{name} is left of {Describe(record)}");
            }
            else if (name.StartsWith("refs/wt-run", StringComparison.Ordinal))
            {
                Assert.True(record?.RescueRef == name, $"{name} is left of {Describe(record)}");
            }
        }
    }

    private void CheckLocks() => Assert.Equal(
        [],
        Directory.EnumerateFiles(Repository[".git"], "*.lock", SearchOption.AllDirectories).Where(path => !path.Contains("/.git/wt-run/", StringComparison.Ordinal)));

    /// <summary>All that the engines noted is reachable from a ref, or from the HEAD of a worktree that is kept, or lies in it.</summary>
    private void CheckWork()
    {
        var heads = Repository.Worktrees.Skip(1).Select(path => world.Scratch.Run(path, "git", "rev-parse", "HEAD").Expect(0).Output.Trim());
        var held = Repository.Git(["rev-list", "--objects", "--no-object-names", "--all", .. heads]).Split('\n').ToHashSet(StringComparer.Ordinal);
        var lost = Lines(world.Note("ledger")).Where(line => !held.Contains(line.Split(' ')[1])).ToList();
        if (lost.Count > 0)
        {
            held.UnionWith(Repository.Worktrees.Skip(2).SelectMany(path => Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
                .Select(file => Repository.Git("hash-object", file)));
            Assert.Equal([], lost.Where(line => !held.Contains(line.Split(' ')[1])));
        }
    }

    private static string Describe(RunRecord? record) => record is null
        ? "no run"
        : $"run {ModelWorld.NumberOf(record)}, {record.Id}: {record.State}, {record.MergeBack}, rescued: {record.RescueRef}, kept: {record.Kept}, {record.Message}\n"
            + File.ReadAllText(Path.Combine(Path.GetDirectoryName(record.Log)!, "events.jsonl"));

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
