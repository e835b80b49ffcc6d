using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>What a wt-run has left in the state directory that was killed between writing something aside and giving it its name.</summary>
public sealed class What_was_only_half_written : IDisposable
{
    private const string Dead = "0123456789ab";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public What_was_only_half_written() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void By_a_landing_goes_with_the_next_run_but_not_while_that_landing_lives()
    {
        var gate = new Gate(_scratch);
        _repository.Configure($"verify = [\"{_scratch.Script("verify", gate.Step + "\n")}\"]");
        var landing = _repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record.Id;
        var rests = _repository.RunInWorktree("echo other > other; exit 3").Expect(3).Record.Id;
        using var land = _repository.WtRun.Start("land", landing);
        gate.AwaitReached();
        foreach (var id in new[] { landing, rests, Dead })
        {
            _repository.Write($".git/wt-run/active/{id}.new", "half");
        }

        _repository.WtRun.Run("run", "--", "true").Expect(0);

        Assert.Equal([landing, $"{landing}.new"], RepositoryState.Names(_repository[".git/wt-run/active"]).Order(StringComparer.Ordinal));
        gate.Open();
        land.Wait().Expect(0);
        _ = _repository.Prune();
        Assert.Empty(RepositoryState.Names(_repository[".git/wt-run/active"]));
    }

    [Fact]
    public void Of_a_record_goes_though_a_landing_that_was_killed_leaves_nothing_to_be_written()
    {
        var gate = new Gate(_scratch);
        _repository.Configure($"verify = [\"{_scratch.Script("verify", gate.Step + "\n")}\"]");
        var id = _repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record.Id;
        using (var land = _repository.WtRun.Start("land", id))
        {
            gate.AwaitReached();
            land.Kill();
        }

        _repository.Write($".git/wt-run/runs/{id}/run.json.new", "{\"half");

        _repository.WtRun.Run("prune").Expect(0);

        Assert.DoesNotContain("run.json.new", RepositoryState.Names(_repository[$".git/wt-run/runs/{id}"]));
    }

    [Fact]
    public void Of_a_record_goes_with_the_next_that_is_written()
    {
        var gate = new Gate(_scratch);
        using (var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step))
        {
            gate.AwaitReached();
            run.Kill();
        }

        var id = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/runs"]));
        _repository.Write($".git/wt-run/runs/{id}/run.json.new", "{\"half");

        _repository.WtRun.Run("prune").Expect(0);

        Assert.Equal(["alive", "events.jsonl", "output.log", "recovery.log", "run.json"], RepositoryState.Names(_repository[$".git/wt-run/runs/{id}"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_a_session_is_pruned_but_not_while_that_begins()
    {
        var gate = new Gate(_scratch);
        _repository.Commit(".gitignore", ".env\n");
        _repository.Write(".env", "secret");
        _repository.Configure("copy = [\".env\"]", $"setup = [\"{_scratch.Script("setup", gate.Step + "\n")}\"]");
        _repository.Write(".git/wt-run/sessions/old/placed", ".env\0");
        _repository.Write(".git/wt-run/sessions/old/session.json.new", "{");
        using var begins = _repository.WtRun.Start("run", "--session", "chat", "--", "git", "add", "--force", ".env");
        gate.AwaitReached();
        Assert.Equal(["placed"], RepositoryState.Names(_repository[".git/wt-run/sessions/chat"]));

        Assert.Equal(
            [$"took trash {_repository[".git/wt-run/sessions/old"]}: what a session left whose wt-run was killed when it began or ended"],
            _repository.Prune());

        Assert.Equal(["chat"], RepositoryState.Names(_repository[".git/wt-run/sessions"]));
        gate.Open();
        begins.Wait().Expect(0);
        Assert.Equal(".gitignore\nREADME\nwt-run.toml", _repository.Git("ls-tree", "--name-only", "wt/session/chat"));
    }

    [Fact]
    public void Or_left_by_the_dead_in_a_queue_that_nobody_joins_any_more_is_pruned()
    {
        var gate = new Gate(_scratch);
        using var lives = _repository.WtRun.Start("run", "--session", "chat", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var ticket = Assert.Single(RepositoryState.Names(_repository[".git/wt-run/queue/session-chat"]), name => name != ".gate");
        foreach (var queue in new[] { "session-chat", "session-old" })
        {
            _repository.Write($".git/wt-run/queue/{queue}/0000000009-{Dead}", "");
            _repository.Write($".git/wt-run/queue/{queue}/.{Dead}", "");
        }

        _ = _repository.Prune();

        Assert.Equal([".gate", ticket], RepositoryState.Names(_repository[".git/wt-run/queue/session-chat"]).Order(StringComparer.Ordinal));
        Assert.Equal([".gate"], RepositoryState.Names(_repository[".git/wt-run/queue/session-old"]));
        gate.Open();
        lives.Wait().Expect(0);
    }
}
