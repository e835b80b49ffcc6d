using System.Globalization;
using System.Text.Json.Nodes;
using WorktreeIsolator.EndToEnd.Model;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>The supervisor is killed, and what it had started lives on.</summary>
public sealed class A_supervisor_that_was_killed : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public A_supervisor_that_was_killed()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    private string Once => $"if rm '{_scratch.Path("armed")}' 2> /dev/null; then echo $$ > '{_scratch.Path("held")}'; {_gate.Step}; fi";

    [Theory]
    [InlineData("registration", "list")]
    [InlineData("checkout", "prune")]
    [InlineData("hook", "show")]
    [InlineData("setup", "logs")]
    [InlineData("engine", "cancel")]
    [InlineData("verification", "land")]
    [InlineData("removal", "drop")]
    public void In_any_stage_leaves_nothing_that_works_on_and_nothing_half_made(string stage, string next)
    {
        PrepareToHoldIn(stage);
        _repository.RunInWorktree("true").Expect(0);
        var (refs, head) = (_repository.Refs, _repository.Head);
        _scratch.Write("armed", "");
        using var run = _repository.WtRun.Start(
            "run", "--worktree", "--json", "--", "sh", "-c", stage == "engine" ? $"{EngineScript.Commit("work")}; {Once}" : EngineScript.Commit("work"));
        _gate.AwaitReached();
        run.Kill();
        var id = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));

        _ = _repository.WtRun.Run(next is "list" or "prune" ? [next] : [next, id]);

        Assert.False(ProcessEntry.Read(int.Parse(File.ReadAllText(_scratch.Path("held")), CultureInfo.InvariantCulture)) is { IsRunning: true }, "it works on");
        Assert.Equal([], Victims.OfRuns(_scratch.Root));
        var record = new RunStore(_repository[".git/wt-run"]).TryRead(id)!;
        Assert.Equal([], RepositoryState.Names(_repository[".git/wt-run/active"]));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal([], RepositoryState.Names(_repository[".git/worktrees"]));
        Assert.False(Directory.Exists(record.Worktree));
        Assert.Equal("", _repository.Status);
        switch (stage)
        {
            case "engine":
                Assert.Equal((RunState.Interrupted, MergeBackResult.Kept, head), (record.State, record.MergeBack?.Result, _repository.Head));
                Assert.Equal("work", _repository.Git("show", $"{record.Branch}:work"));
                break;
            case "verification":
                // 'land' brought the dead run to its end first, and landed it then.
                Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
                Assert.Equal("work\n", _repository.Read("work"));
                Assert.Equal(refs, _repository.Refs);
                break;
            case "removal":
                Assert.Equal((RunState.Interrupted, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
                Assert.Equal("work\n", _repository.Read("work"));
                Assert.Equal(refs, _repository.Refs);
                break;
            default:
                Assert.Equal((RunState.Interrupted, MergeBackResult.Nothing, head), (record.State, record.MergeBack?.Result, _repository.Head));
                Assert.Equal(refs, _repository.Refs);
                break;
        }
    }

    [Fact]
    public void With_the_repository_lock_lets_the_next_go_on_at_once()
    {
        PrepareToHoldIn("registration");
        _repository.RunInWorktree("true").Expect(0);
        _scratch.Write("armed", "");
        using var holder = _repository.WtRun.Start("run", "--worktree", "--", "true");
        _gate.AwaitReached();
        using var waiter = _repository.WtRun.Start("run", "--worktree", "--json", "--", "true");
        Eventually.True(
            () => new RunStore(_repository[".git/wt-run"]).ReadAll().Count(record => record.State == RunState.Preparing) == 2, "the second run waits for the lock");

        holder.Kill();
        var killed = TimeProvider.System.GetUtcNow();

        // On an idle machine well within a second; what has to fail here is a wait for an age or a time limit.
        Assert.InRange((waiter.Wait().Expect(0).Record.StartedAt!.Value - killed).TotalSeconds, 0, 5);
    }

    [Fact]
    public void Whose_engine_ignores_signals_keeps_the_next_one_waiting_until_that_is_gone()
    {
        _repository.Configure("concurrent = false");
        var ran = _scratch.Path("ran");
        var engine = KillAboveStubbornEngine(out var signals);

        using var next = _repository.WtRun.Start("run", "--json", "--", "touch", ran);
        Eventually.True(() => File.Exists(signals), "the engine was asked to end");
        Assert.True(engine.Identity.IsAlive);
        Assert.False(File.Exists(ran), "the next run did not wait");

        Victims.Kill(engine);
        next.Wait().Expect(0);
        Assert.True(File.Exists(ran));
    }

    [Fact]
    public void Whose_engine_someone_else_is_just_ending_keeps_the_next_one_waiting_until_that_is_gone()
    {
        _repository.Configure("concurrent = false");
        var ran = _scratch.Path("ran");
        var engine = KillAboveStubbornEngine(out var signals);
        using var other = _repository.WtRun.Start("list");
        Eventually.True(() => File.Exists(signals), "the engine was asked to end");

        using var next = _repository.WtRun.Start("run", "--json", "--", "touch", ran);
        Eventually.True(() => File.Exists(ran) || _repository.Runs().Any(run => run.State == RunState.Queued), "the next run waits");
        Assert.True(engine.Identity.IsAlive);
        Assert.False(File.Exists(ran), "the next run did not wait");

        Victims.Kill(engine);
        next.Wait().Expect(0);
        other.Wait().Expect(0);
    }

    [Fact]
    public void In_place_keeps_landings_out_until_its_engine_is_gone()
    {
        using var landing = _repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {_gate.Step}");
        _gate.AwaitReached();
        var engine = KillAboveStubbornEngine(out var signals);
        var head = _repository.Head;

        _gate.Open();
        Eventually.True(() => File.Exists(signals), "the engine was asked to end");
        Assert.True(engine.Identity.IsAlive);
        Assert.Equal(head, _repository.Head);

        Victims.Kill(engine);
        Assert.Equal(MergeBackResult.Landed, landing.Wait().Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void In_another_pid_namespace_is_marked_and_its_engine_not_touched_and_the_next_one_refused_with_the_reason()
    {
        _repository.Configure("concurrent = false");
        var (engine, reached) = (_scratch.Path("engine"), _scratch.Path("reached"));
        string[] inside =
        [
            "unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "sh", "-c",
            $"'{WtRun.Program}' run -- sh -c 'kill -9 $PPID; touch {reached}; exec sleep 601'; sleep 602",
        ];
        using var container = new BackgroundRun(inside, CapturedCommand.Start(_scratch.StartOf(_repository.Path, inside)));
        Eventually.True(() => File.Exists(reached) || container.HasEnded, "the engine has killed its supervisor");
        Assert.False(container.HasEnded, "a pid namespace could not be made");
        try
        {
            var refused = _repository.WtRun.Run("run", "--json", "--wait-timeout", "300ms", "--", "touch", engine).Expect(123).Record;

            Assert.Contains("another pid namespace", refused.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(engine));
            Assert.Contains(Victims.Below(container.Pid), process => process.Name == "sleep" && IsEngine(process));
            Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));
        }
        finally
        {
            Victims.Below(container.Pid).ForEach(Victims.Kill);
        }
    }

    [Fact]
    public void Whose_pid_and_whose_engines_pid_are_strangers_by_now_has_them_spared()
    {
        string[] sleep = ["sleep", "603"];
        using var stranger = new BackgroundRun(sleep, CapturedCommand.Start(_scratch.StartOf(_scratch.Root, sleep)));
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"{EngineScript.Commit("work")}; {_gate.Step}");
        _gate.AwaitReached();
        run.Kill();
        var id = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/active"]));
        var file = _repository[$".git/wt-run/runs/{id}/run.json"];
        Eventually.True(() => JsonNode.Parse(File.ReadAllText(file))!["engine_process"] is not null, "the record names the engine");
        var record = JsonNode.Parse(File.ReadAllText(file))!;
        record["engine_process"]!["pid"] = stranger.Pid;
        record["supervisor"]!["pid"] = stranger.Pid;
        File.WriteAllText(file, record.ToJsonString());

        _repository.Prune();

        Assert.Equal(RunState.Interrupted, _repository.Show(id).State);
        Assert.Equal([], Victims.OfRuns(_scratch.Root));
        Assert.False(stranger.HasEnded, "a stranger was killed");
    }

    /// <summary>Kills the wt-run of a run in place whose engine does not end when it is asked to.</summary>
    /// <param name="signals">Where the engine notes each signal.</param>
    /// <returns>The engine.</returns>
    private ProcessEntry KillAboveStubbornEngine(out string signals)
    {
        var pid = _scratch.Path("pid");
        signals = _scratch.Path("signals");
        using var run = _repository.WtRun.Start(
            "run", "--no-worktree", "--", "sh", "-c", $"trap 'echo INT >> {signals}' INT; trap 'echo TERM >> {signals}' TERM; echo $$ > {pid}; while :; do sleep 0.1; done");
        Eventually.True(() => File.Exists(pid) && File.ReadAllText(pid).EndsWith('\n'), "the engine runs");
        var engine = ProcessEntry.Read(int.Parse(File.ReadAllText(pid), CultureInfo.InvariantCulture))!;
        run.Kill();
        return engine;
    }

    private static bool IsEngine(ProcessEntry process) =>
        System.Text.Encoding.UTF8.GetString(ProcFile.ReadWhole($"/proc/{process.Pid}/cmdline")).Contains("601", StringComparison.Ordinal);

    /// <summary>Once armed, the next run stops there, in something that its git or it itself has started.</summary>
    private void PrepareToHoldIn(string stage)
    {
        switch (stage)
        {
            case "registration":
                var real = _repository.Git("--exec-path");
                _scratch.Run(_scratch.Root, "cp", "-rs", real, _scratch.Path("parts")).Expect(0);
                File.Delete(_scratch.Path("parts/git"));
                _scratch.Script("parts/git", $"if test \"$1\" = branch; then {Once}; fi\nexec '{real}/git' \"$@\"\n");
                _scratch.Set("GIT_EXEC_PATH", _scratch.Path("parts"));
                break;
            case "checkout":
                _repository.Git("config", "filter.slow.clean", "cat");
                _repository.Git("config", "filter.slow.smudge", $"{Once}; cat");
                _repository.Commit(".gitattributes", "*.slow filter=slow\n");
                _repository.Commit("a.slow", "slow\n");
                break;
            case "hook":
                _scratch.Script("repo/.git/hooks/post-checkout", Once + "\n");
                break;
            case "setup":
                _repository.Configure($"setup = [\"{_scratch.Script("setup", Once + "\n")}\"]");
                break;
            case "verification":
                _repository.Configure($"verify = [\"{_scratch.Script("verify", Once + "\n")}\"]");
                break;
            case "removal":
                // Only the removal of the run branch is left then.
                _scratch.Script("repo/.git/hooks/reference-transaction", $"if test $1 = prepared && grep -q ' 0000000000000000000000000000000000000000 refs/heads/wt/'; then {Once}; fi\n");
                break;
        }
    }
}
