using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_locks_of_a_repository
{
    [Fact]
    public void A_run_gives_up_on_a_repository_lock_that_is_held_too_long_names_the_holder_and_makes_nothing()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.RunInWorktree("true").Expect(0);
        using var holder = Hold(scratch, repository[".git/wt-run/repo.lock"]);
        var before = RepositoryState.Of(repository);

        var record = RunImpatiently(scratch, repository.Path, "touch", scratch.Path("ran"));

        Assert.Equal((RunState.Failed, null), (record.State, record.Engine.ExitCode));
        Assert.Contains(Pid(holder), record.Message, StringComparison.Ordinal);
        Assert.Contains("was not free within", record.Message, StringComparison.Ordinal);
        if (HeavyTests.AreOn)
        {
            // The command line has no flag for that wait, which is a minute.
            Assert.Contains(Pid(holder), repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125).Error, StringComparison.Ordinal);
        }

        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Theory]
    [InlineData("through/a/link")]
    [InlineData("linked-worktree")]
    [InlineData("repo/below")]
    public void The_repository_lock_is_the_same_however_the_repository_is_reached(string way)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("below/file", "x\n");
        repository.Git("worktree", "add", "--quiet", "-b", "other", scratch.Path("linked-worktree"));
        scratch.Directory("through/a");
        File.CreateSymbolicLink(scratch.Path("through/a/link"), repository.Path);
        new WtRun(scratch, scratch.Path(way)).Run("run", "--worktree", "--", "true").Expect(0);
        using var holder = Hold(scratch, repository[".git/wt-run/repo.lock"]);

        var record = RunImpatiently(scratch, scratch.Path(way), "true");

        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains(Pid(holder), record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_turn_is_the_same_through_a_link_and_from_below_but_not_in_another_worktree()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("below/file", "x\n");
        repository.Configure("concurrent = false");
        repository.Git("worktree", "add", "--quiet", "-b", "other", scratch.Path("linked-worktree"));
        File.CreateSymbolicLink(scratch.Path("link"), repository.Path);
        var gate = new Gate(scratch);
        using var first = repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        var throughLink = new WtRun(scratch, scratch.Path("link")).Run("run", "--json", "--if-busy", "skip", "--", "true").Expect(121);
        var config = scratch.Write("below.toml", $"[projects.below]\npath = \"{repository["below"]}\"\nconcurrent = false\n");
        var below = new WtRun(scratch, repository["below"]).Run("run", "--config", config, "--json", "--if-busy", "skip", "--", "true").Expect(121);
        var config2 = scratch.Write("linked.toml", $"[projects.linked]\npath = \"{scratch.Path("linked-worktree")}\"\nconcurrent = false\n");
        new WtRun(scratch, scratch.Path("linked-worktree")).Run("run", "--config", config2, "--json", "--if-busy", "skip", "--", "true").Expect(0);

        Assert.All([throughLink, below], run => Assert.Equal(RunState.Skipped, run.Record.State));
        Assert.All([throughLink, below], run => Assert.Contains(
            first.Pid.ToString(CultureInfo.InvariantCulture), run.Record.Message, StringComparison.Ordinal));
        gate.Open();
        first.Wait().Expect(0);
    }

    [Fact]
    public void A_run_gives_up_on_a_turn_that_is_held_too_long_and_names_the_holder()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("concurrent = false");
        repository.WtRun.Run("run", "--", "true").Expect(0);
        using var holder = Hold(scratch, repository[".git/wt-run/turns/main.lock"]);

        var run = repository.WtRun.Run(
            "run", "--json", "--wait-timeout", "300ms", "--", "touch", scratch.Path("ran")).Expect(123);

        Assert.Equal(RunState.Skipped, run.Record.State);
        Assert.Contains(Pid(holder), run.Record.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void The_repository_lock_is_free_while_anything_of_a_run_may_take_its_time()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        var probe = scratch.Script("probe", $"flock -n '{repository[".git/wt-run/repo.lock"]}' echo \"$1\" >> '{scratch.Path("free")}'\n");
        repository.Configure("user_worktree = true", $"setup = [\"{probe}\", \"setup\"]", $"verify = [\"{probe}\", \"verify\"]");
        repository.WtRun.Run("run", "--", "true").Expect(0);
        File.Delete(scratch.Path("free"));
        scratch.Script("repo/.git/hooks/post-checkout", $"'{probe}' hook\n");
        repository.Git("config", "remote.origin.uploadpack", scratch.Script("upload-pack", $"'{probe}' fetch; exec git-upload-pack \"$@\"\n"));

        var record = repository.WtRun.Run("run", "--json", "--", "sh", "-c", $"'{probe}' engine; echo x > x").Expect(0).Record;

        Assert.Equal(["fetch", "hook", "setup", "engine", "verify"], File.ReadAllLines(scratch.Path("free")));
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.True(record.LockHeldMs > 0, "the record says for how long the lock was held");
    }

    /// <summary>In this process, because the command line has no flag for a wait that only a hanging process makes long.</summary>
    private static RunRecord RunImpatiently(Scratch scratch, string path, params IReadOnlyList<string> command) =>
        new TriggerRunner(new RunnerOptions { Environment = scratch.Variables }).Run(new RunRequest
        {
            Project = new ProjectConfig { Name = "repo", Path = path },
            Engine = EngineDefinition.From(command),
            Worktree = true,
            RepositoryLockTimeout = TimeSpan.FromMilliseconds(300),
        });

    [Fact]
    public void The_text_of_a_lock_names_its_holder_only_if_it_says_exactly_that_pid()
    {
        using var scratch = new Scratch();
        var path = scratch.Path("a.lock");
        using var holder = Hold(scratch, path);

        Write($"run 0123456789ab (user), pid {Pid(holder)}1");
        Assert.Equal($"process {Pid(holder)} (sleep)", Platform.LockHolder.Describe(path));

        Write($"run 0123456789ab (user), pid {Pid(holder)}");
        Assert.Equal($"process {Pid(holder)} (sleep), run 0123456789ab (user), pid {Pid(holder)}", Platform.LockHolder.Describe(path));

        void Write(string text) => scratch.Run(scratch.Root, "sh", "-c", $"echo '{text}' > '{path}'").Expect(0);
    }

    private static LockHolder Hold(Scratch scratch, string path)
    {
        var holder = new LockHolder(scratch, path);
        Eventually.True(() => scratch.Run(scratch.Root, "flock", "-n", path, "true").ExitCode != 0, $"flock(1) holds {path}");
        return holder;
    }

    private static string Pid(LockHolder holder) => holder.Pid.ToString(CultureInfo.InvariantCulture);

    private sealed class LockHolder : IDisposable
    {
        private readonly BackgroundRun _run;

        public LockHolder(Scratch scratch, string path)
        {
            // Without a child that would hold the descriptor too, so that killing it frees the lock.
            string[] argv = ["flock", "--no-fork", path, "sleep", "600"];
            _run = new BackgroundRun(argv, CapturedCommand.Start(scratch.StartOf(scratch.Root, argv)));
        }

        public int Pid => _run.Pid;

        public void Dispose() => _run.Dispose();
    }
}
