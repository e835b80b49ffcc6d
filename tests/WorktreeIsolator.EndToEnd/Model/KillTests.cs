using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;
using Xunit;
using Xunit.Abstractions;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>
/// <c>kill -9</c> at random moments: the supervisor, something that it has started, or both; each time whatever command comes next finds everything in
/// order or puts it in order. 12 times, or 300 with <c>WT_RUN_HEAVY=1</c>; <c>WT_RUN_MODEL_SEED</c> sets the seed that a failure prints.
/// </summary>
public sealed class A_run_that_is_killed_at_any_moment : IDisposable
{
    private const string Engine =
        "echo $1 > f-$1; git add f-$1; git commit -qm \"Work of $1\"; git rev-parse HEAD >> 'COMMITS'; echo more > g-$1; git add g-$1; git commit -qm More; git rev-parse HEAD >> 'COMMITS'; "
        + "git commit -q --amend -m 'More of it'; git rev-parse HEAD >> 'COMMITS'";

    private readonly ITestOutputHelper _output;
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Random _random;
    private readonly int _seed;
    private TimeSpan _longest = TimeSpan.FromMilliseconds(300);

    public A_run_that_is_killed_at_any_moment(ITestOutputHelper output)
    {
        _output = output;
        _seed = ModelSeed.Given ?? Random.Shared.Next(1_000_000);
        _random = new Random(_seed);
        _repository = new TestRepository(_scratch);
        _repository.Commit("users", "first\n");
        _repository.Configure("concurrent = false");
        _repository.Write("users", "the user's own change\n");
        _repository.Write("untracked", "the user's own file\n");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Is_brought_to_its_end_by_whatever_command_comes_next_and_has_lost_nothing()
    {
        var times = HeavyTests.Count(few: 12, many: 300);
        for (var i = 1; i <= times; i++)
        {
            var moment = "";
            try
            {
                Kill(i, out moment);
                var next = Converge(i);
                Assert.True(RepositoryState.Names(_repository[".git/wt-run/active"]).Count == 0, $"not converged by the next command: {next}");
                Check(i);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"WT_RUN_MODEL_SEED={_seed}, kill {i}, {moment}:\n{e.Message}\n{RepositoryState.Of(_repository)}", e);
            }
        }

        _output.WriteLine($"WT_RUN_MODEL_SEED={_seed}, {times} kills");
    }

    private string Commits => _scratch.Path("commits");

    private void Kill(int number, out string moment)
    {
        var inPlace = _random.Next(4) == 0;
        var wait = _longest * _random.NextDouble();
        var what = _random.Next(3);
        moment = string.Create(CultureInfo.InvariantCulture, $"{(inPlace ? "in place" : "in a worktree")} after {wait.TotalMilliseconds:0} ms");
        var script = inPlace ? "sleep 0.05" : Engine.Replace("COMMITS", Commits, StringComparison.Ordinal);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var run = _repository.WtRun.Start(
            ["run", inPlace ? "--no-worktree" : "--worktree", "--json", "--", "sh", "-c", script, "engine", number.ToString(CultureInfo.InvariantCulture)]);
        Waiting.Pause(wait, CancellationToken.None);
        var below = what == 0 ? [] : Victims.Below(run);
        var victim = below.Count == 0 ? null : below[_random.Next(below.Count)];
        moment += $": {(what < 2 ? "the supervisor " : "")}{(victim is null ? "" : $"and its {victim.Name}")}";
        if (what < 2)
        {
            run.Signal(Libc.SIGKILL);
        }

        if (victim is not null)
        {
            Victims.Kill(victim);
        }

        // Nobody waits for a git that goes on by itself: the next command has to.
        if (run.Wait().ExitCode != 128 + Libc.SIGKILL)
        {
            _longest = clock.Elapsed;
        }
    }

    private Finished Converge(int number)
    {
        var last = RepositoryState.Names(_repository[".git/wt-run/runs"]).LastOrDefault(name => !name.StartsWith('.'));
        string[] command = (number % 6, last) switch
        {
            (0, { } id) => ["show", id],
            (1, { } id) => ["logs", id],
            (2, { } id) => ["land", id],
            (3, { } id) => ["cancel", id],
            (4, _) => ["prune"],
            (5, _) => ["run", "--no-worktree", "--", "true"],
            _ => ["list"],
        };
        var ended = _repository.WtRun.Run(command);
        Assert.True(ended.ExitCode <= 2, ended.ToString());
        return ended;
    }

    private void Check(int number)
    {
        var records = new RunStore(_repository[".git/wt-run"]).ReadAll();
        Assert.All(records, record => Assert.True(record.State.IsFinal(), $"run {record.Id} is {record.State}"));
        Assert.All(records, record => Assert.True(record.Kept is null, $"run {record.Id} kept its worktree: {record.Kept?.Reason} {record.Message}"));
        Assert.Equal([], Victims.OfRuns(_scratch.Root));
        Assert.Equal([], RepositoryState.Names(_repository[".worktrees"]).Where(name => name != ".trash"));
        var registered = new DirectoryInfo(_repository[".git/worktrees"]) is { Exists: true } admin ? admin.GetFiles("*", SearchOption.AllDirectories) : [];
        Assert.True(RepositoryState.Names(_repository[".git/worktrees"]).Count == 0, $"registered: {string.Join(", ", registered.Select(file => $"{file} {file.Length}"))}");
        Assert.Equal(" M users\n?? untracked", _repository.Status);
        Assert.Equal(("the user's own change\n", "the user's own file\n"), (_repository.Read("users"), _repository.Read("untracked")));
        Assert.Equal("refs/heads/main", _repository.Git("symbolic-ref", "HEAD"));
        var locks = Directory.EnumerateFiles(_repository[".git"], "*.lock", SearchOption.AllDirectories).Where(path => !path.Contains("/.git/wt-run/", StringComparison.Ordinal)).ToList();
        Assert.True(locks.Count == 0, $"{string.Join(", ", locks)}; git at work: {string.Join(", ", GitAtWork.In([_repository.Path, _repository[".git"]]))}");
        var held = _repository.Git("rev-list", "--all").Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.Equal([], File.Exists(Commits) ? File.ReadAllLines(Commits).Where(commit => !held.Contains(commit)) : []);

        // The next one works as if nothing had been.
        if (number % 4 == 0)
        {
            var next = _repository.RunInWorktree(EngineScript.Commit($"next-{number}")).Expect(0).Record;
            Assert.Equal(MergeBackResult.Landed, next.MergeBack?.Result);
            _repository.WtRun.Run("run", "--no-worktree", "--if-busy", "skip", "--", "true").Expect(0);
        }
    }
}
