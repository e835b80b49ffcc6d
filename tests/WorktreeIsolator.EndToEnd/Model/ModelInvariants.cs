using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>What holds in a <see cref="ModelWorld"/>: at every moment, and whenever nothing is under way and some command of wt-run has run since.</summary>
internal sealed class ModelInvariants(ModelWorld world)
{
    private static readonly int[] ExitsOfRuns = [0, 3, 120];

    private readonly HashSet<int> _ended = [];

    private TestRepository Repository => world.Repository;

    /// <summary>Checks what holds at every moment, whatever is under way.</summary>
    public void CheckNow()
    {
        CheckTurns();
        Assert.Equal(world.User.Lasting, UserState.LastingOf(Repository, world.User.Paths));
        CheckRegistrations();
        CheckCommitsOfEnded();
    }

    /// <summary>Checks all but what only <c>prune</c> clears away.</summary>
    public void CheckAtRest()
    {
        CheckEnds();
        var records = world.Store.ReadAll();
        Assert.Empty(RepositoryState.Names(Repository[".git/wt-run/active"]));
        Assert.All(records, record => Assert.True(record.State.IsFinal(), $"run {record.Id} is {record.State}"));
        Assert.Equal([], Victims.OfRuns(world.Scratch.Root));
        CheckTurns();
        CheckQueues();
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
            Assert.True(isRight && !ended.Error.Contains("   at ", StringComparison.Ordinal), $"{process.What} ended with {ended.ExitCode}: {ended.Error}\n{ended}");
            if (process.Number > 0 && !process.WasKilled && ended.ExitCode is not (125 or 126 or 127))
            {
                Assert.NotEqual(RunState.Interrupted, world.RecordOf(process.Number)?.State);
            }

            process.Process.Dispose();
        }

        world.Ended.Clear();
    }

    /// <summary>Never two in one place at once, and in the order in which they came; and nothing lands where one is at work.</summary>
    private void CheckTurns()
    {
        RequireNone("not alone", Lines(world.Note("collisions")));
        RequireNone("moved", Lines(world.Note("moved")));
        foreach (var place in ModelEngines.Places)
        {
            var order = Lines(world.Note("order-" + place)).Select(int.Parse).ToList();
            Assert.Equal(order.Distinct().Order(), order);
        }
    }

    private void CheckQueues()
    {
        var queues = Repository[".git/wt-run/queue"];
        Assert.Equal([], Directory.Exists(queues) ? Directory.GetDirectories(queues).SelectMany(Ticket.Holders) : []);
    }

    private void CheckUser(IReadOnlyList<RunRecord> records)
    {
        Assert.Equal(world.User, UserState.Of(Repository) with { Paths = world.User.Paths });
        Assert.Equal("", world.Scratch.Run(world.Scratch.Path("second"), "git", "status", "--porcelain").Expect(0).Output);
        var main = Repository.Git("rev-list", "main").Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.Contains(world.Main, main);
        Assert.All(
            records.Where(record => record.MergeBack is { Result: MergeBackResult.Landed }),
            record => Assert.True(main.Contains(record.MergeBack!.Commit!), $"{record.Id} has landed {record.MergeBack.Commit}, which is not on main"));
    }

    /// <summary>No worktree is registered but those of runs that are under way, of sessions, and those that are kept.</summary>
    private void CheckRegistrations()
    {
        var strays = Strays().ToHashSet(StringComparer.Ordinal);
        if (strays.Count > 0)
        {
            // Between two looks a landing by hand may have begun and ended; no other run or landing is of the same name.
            strays.IntersectWith(Strays());
        }

        RequireNone("registered", strays.Select(name => $"{name}: {Describe(world.Store.TryRead(name))}"));
    }

    /// <summary>First what is registered, then who is under way: who ends meanwhile has taken the registration away before.</summary>
    private IEnumerable<string> Strays()
    {
        var registered = RepositoryState.Names(Repository[".git/worktrees"]).Where(name => name != "second").ToList();
        var active = world.Store.ActiveIds().ToHashSet(StringComparer.Ordinal);
        return registered.Where(name => !active.Contains(name)
            && (name.StartsWith("session-", StringComparison.Ordinal)
                ? world.Store.Sessions.TryRead(name[8..]) is null && !active.Any(id => world.Store.TryRead(id)?.Session == name[8..])
                : world.Store.TryRead(name)?.Kept is null));
    }

    /// <summary>Registrations are the kept ones and those of sessions, and nothing else lies about.</summary>
    private void CheckWorktrees(IReadOnlyList<RunRecord> records)
    {
        var kept = records.Where(record => record.Kept is not null).Select(record => record.Id);

        // A landing that is killed at its very end leaves a session without its worktree: the next run of it makes it anew, or begins anew.
        var sessions = world.Store.Sessions.ReadAll().Select(session => Path.GetFileName(session.Worktree)).Where(name => Directory.Exists(Repository[".worktrees/" + name]));
        string[] expected = [.. kept.Concat(sessions).Order(StringComparer.Ordinal)];
        RequireNone("not there", records.Where(record => record.Kept is { } there && !Directory.Exists(there.Path)).Select(Describe));
        Assert.Equal(expected, RepositoryState.Names(Repository[".worktrees"]).Where(name => name != ".trash"));
        Assert.Equal([.. expected.Append("second").Order(StringComparer.Ordinal)], RepositoryState.Names(Repository[".git/worktrees"]));
        Assert.Equal(expected.Length + 2, Repository.Worktrees.Count);
    }

    private void CheckRefs(IReadOnlyList<RunRecord> records)
    {
        var byId = records.ToDictionary(record => record.Id, StringComparer.Ordinal);
        foreach (var name in Repository.Refs)
        {
            var record = byId.GetValueOrDefault(Path.GetFileName(name));
            if (name.StartsWith("refs/heads/wt/session/", StringComparison.Ordinal))
            {
                Assert.NotNull(world.Store.Sessions.TryRead(Path.GetFileName(name)));
            }
            else if (name.StartsWith("refs/heads/wt/", StringComparison.Ordinal))
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

    private void CheckLocks() => RequireNone(
        "locked",
        Directory.EnumerateFiles(Repository[".git"], "*.lock", SearchOption.AllDirectories).Where(path => !path.Contains("/.git/wt-run/", StringComparison.Ordinal)));

    /// <summary>All commits of engines whose runs are over are reachable from a ref, or from the HEAD of a worktree.</summary>
    private void CheckCommitsOfEnded()
    {
        var commits = Ledger().Where(made => made.Kind == "commit" && IsOver(made.Run)).ToList();
        var lost = LostOf(commits);
        for (var tries = 1; lost.Count > 0 && tries < 5; tries++)
        {
            // git reads one ref after the other, and a landing in between brings the work from one that is still to be read to one that was.
            lost = LostOf(lost);
        }

        if (lost.Exists(IsOfSession))
        {
            // The next run of the session may be at work on its branch, and have thrown them away: they are kept when that ends.
            var alsoThrownAway = LostOf(lost, "--reflog");
            lost.RemoveAll(made => IsOfSession(made) && !alsoThrownAway.Contains(made));
        }

        RequireNone("lost", lost.Select(made => $"{made.Kind} {made.Id} of {Describe(world.RecordOf(made.Run))}"));
    }

    private List<(int Run, string Kind, string Id)> LostOf(List<(int Run, string Kind, string Id)> commits, params IReadOnlyList<string> also)
    {
        // git 2.39 takes --all for a mistake as long as there is a worktree that someone is adding, or that was left by a git that was killed on its way.
        var held = Repository.TryGit(["rev-list", "--all", .. also]);
        if (held.ExitCode != 0)
        {
            string[] arguments = ["rev-list", "--glob=refs/*", "HEAD", .. DetachedHeads(), .. also];
            held = Repository.TryGit(arguments) is { ExitCode: 0 } found
                ? found
                : throw new InvalidOperationException($"git does not say what is reachable.\n{held}\n{Repository.TryGit(arguments)}\n{RepositoryState.Of(Repository)}");
        }

        var ids = held.Output.Split('\n').ToHashSet(StringComparer.Ordinal);
        return [.. commits.Where(made => !ids.Contains(made.Id))];
    }

    /// <summary>The commits that linked worktrees have checked out without a branch.</summary>
    private IEnumerable<string> DetachedHeads() => RepositoryState.Names(Repository[".git/worktrees"])
        .Select(name => Repository.TryGit("--git-dir", Repository[$".git/worktrees/{name}"], "rev-parse", "--verify", "--quiet", "HEAD^{commit}"))
        .Where(head => head.ExitCode == 0).Select(head => head.Output.TrimEnd('\n'));

    private bool IsOfSession((int Run, string Kind, string Id) made) => world.RecordOf(made.Run)?.Session is not null;

    private bool IsOver(int number)
    {
        if (!_ended.Contains(number) && world.RecordOf(number)?.State.IsFinal() == true)
        {
            _ended.Add(number);
        }

        return _ended.Contains(number);
    }

    /// <summary>All that the engines noted is reachable from a ref, or from the HEAD of a worktree that is kept, or lies in it.</summary>
    private void CheckWork()
    {
        var held = Repository.Git("rev-list", "--objects", "--no-object-names", "--all").Split('\n').ToHashSet(StringComparer.Ordinal);
        var lost = Ledger().Where(made => !held.Contains(made.Id)).ToList();
        if (lost.Count > 0)
        {
            held.UnionWith(Repository.Worktrees.Except([Repository.Path, world.Scratch.Path("second")])
                .SelectMany(path => Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories))
                .Select(file => Repository.Git("hash-object", file)));
            RequireNone("lost", lost.Where(made => !held.Contains(made.Id)).Select(made => $"{made.Kind} {made.Id} of {Describe(world.RecordOf(made.Run))}"));
        }
    }

    private IEnumerable<(int Run, string Kind, string Id)> Ledger() => Lines(world.Note("ledger")).Select(line => line.Split(' '))
        .Select(fields => (int.Parse(fields[0], CultureInfo.InvariantCulture), fields[1], fields[2]));

    private static string Describe(RunRecord? record) => record is null
        ? "no run"
        : $"run {ModelWorld.NumberOf(record)}, {record.Id}: {record.State}, {record.MergeBack}, rescued: {record.RescueRef}, kept: {record.Kept}, {record.Message}\n"
            + File.ReadAllText(Path.Combine(Path.GetDirectoryName(record.Log)!, "events.jsonl"));

    private static void RequireNone(string what, IEnumerable<string> found)
    {
        var all = string.Join('\n', found);
        Assert.True(all.Length == 0, $"{what}: {all}");
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];
}
