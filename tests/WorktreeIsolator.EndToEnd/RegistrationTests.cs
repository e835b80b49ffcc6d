using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_worktree_that_git_registers
{
    [Fact]
    public void Leaves_the_users_configuration_alone_though_its_base_is_a_remote_branch()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("config", "branch.autoSetupMerge", "always");
        repository.Git("config", "branch.autoSetupRebase", "always");
        var config = repository.ConfigBytes;

        var record = repository.RunInWorktree(
            $"cmp '{scratch.Write("config", System.Text.Encoding.UTF8.GetString(config))}' '{repository[".git/config"]}' && echo work > work",
            "--base", "origin/main").Expect(0).Record;

        Assert.Equal("origin/main", record.Base?.Ref);
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(config, repository.ConfigBytes);
    }

    [Fact]
    public void Is_spared_by_a_strangers_prune_while_its_directory_is_somewhere_else()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"echo work > work; {gate.Step}");
        gate.AwaitReached();
        var worktree = Assert.Single(repository.Worktrees, path => path != repository.Path);
        Directory.Move(worktree, scratch.Path("aside"));
        repository.Git("worktree", "prune", "--expire=now");
        repository.Git("gc", "--quiet", "--prune=now");
        Directory.Move(scratch.Path("aside"), worktree);
        gate.Open();

        var record = run.Wait().Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("a file where git keeps its worktrees", "touch .git/worktrees")]
    [InlineData("a lock file of the refs", "mkdir -p .git/refs/heads/wt && chmod 500 .git/refs/heads/wt")]
    [InlineData("a directory of worktrees that cannot be written", "mkdir .worktrees && chmod 500 .worktrees")]
    [InlineData("a directory of git's worktrees that cannot be written", "mkdir .git/worktrees && chmod 500 .git/worktrees")]
    [InlineData("a file where the worktrees go", "touch .worktrees")]
    public void Leaves_nothing_and_starts_no_engine_if_it_cannot_be_made(string what, string obstacle)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.WtRun.Run("run", "--", "true").Expect(0);
        scratch.Run(repository.Path, "sh", "-c", $"echo .worktrees >> .git/info/exclude; {obstacle}").Expect(0);
        var before = RepositoryState.Of(repository);

        var run = RunWithoutPrivileges(scratch, repository, "run", "--worktree", "--json", "--", "touch", scratch.Path("ran")).Expect(125);

        Assert.Equal(RunState.Failed, run.Record.State);
        Assert.NotNull(run.Record.Message);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")), what);
        Assert.False(Path.Exists(run.Record.Worktree), what);
    }

    [Fact]
    public void Is_what_a_run_gets_or_none_at_all()
    {
        using var scratch = new Scratch();
        var plain = scratch.Directory("plain");
        scratch.Write("plain/wt-run.toml", "[projects.plain]\npath = \".\"\ntrigger_worktree = true\n");
        var wtRun = new WtRun(scratch, plain);

        var cron = wtRun.Run("run", "--trigger", "cron", "--json", "--", "touch", "ran").Expect(125);
        var user = wtRun.Run("run", "--worktree", "--json", "--", "touch", "ran").Expect(125);

        Assert.Contains("trigger_worktree = true", cron.Error, StringComparison.Ordinal);
        Assert.Contains("--worktree", user.Error, StringComparison.Ordinal);
        Assert.All([cron, user], run => Assert.Contains("git init", run.Error, StringComparison.Ordinal));
        Assert.Equal(["wt-run.toml"], RepositoryState.Names(plain));
    }

    [Fact]
    public void Is_new_for_every_run_and_bears_its_id()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var records = Enumerable.Range(0, 3).Select(_ => repository.RunInWorktree(
            "git worktree list --porcelain | grep -q \"^locked wt-run $WT_RUN_ID\" && pwd && test \"$(pwd)\" = \"$WT_RUN_WORKTREE\"").Expect(0).Record).ToList();

        Assert.All(records, record => Assert.Equal(repository[$".worktrees/{record.Id}"], record.Worktree));
        Assert.All(records, record => Assert.Equal($"wt/{record.Id}", record.Branch));
        Assert.Equal(3, records.Select(record => record.Id).Distinct(StringComparer.Ordinal).Count());
    }

    /// <summary>For root a read-only directory is none: the program is started without the capabilities that make it so.</summary>
    private static Finished RunWithoutPrivileges(Scratch scratch, TestRepository repository, params IReadOnlyList<string> arguments) =>
        Environment.UserName == "root"
            ? scratch.Run(repository.Path, ["setpriv", "--bounding-set=-all", "--inh-caps=-all", WtRun.Program, .. arguments])
            : repository.WtRun.Run(arguments);
}
