using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_that_changes_what_governs_it
{
    [Theory]
    [InlineData("echo '# mine' >> wt-run.toml")]
    [InlineData("echo '# mine' >> wt-run.toml; git commit -qam Mine")]
    [InlineData("rm wt-run.toml; git commit -qam Mine; git checkout -q --detach")]
    [InlineData("git mv wt-run.toml elsewhere; git commit -qm Mine")]
    public void Does_not_land_by_itself_if_that_is_the_configuration(string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");

        AssertBlockedUntilAPersonLandsIt(repository, "wt-run.toml", $"echo work > work; {engine}");
    }

    [Theory]
    [InlineData(".hooks")]
    [InlineData("./tools/hooks/")]
    [InlineData("{repository}/.hooks")]
    [InlineData("~/repo/.hooks")]
    public void Does_not_land_by_itself_if_that_is_a_hooks_directory_in_use(string hooksPath)
    {
        using var scratch = new Scratch();
        scratch.Set("HOME", scratch.Root);
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Git("config", "core.hooksPath", hooksPath.Replace("{repository}", repository.Path, StringComparison.Ordinal));
        var directory = hooksPath.Contains("tools", StringComparison.Ordinal) ? "tools/hooks" : ".hooks";

        AssertBlockedUntilAPersonLandsIt(repository, $"{directory}/post-merge", $"mkdir -p {directory}; echo exit > {directory}/post-merge; echo work > work");
    }

    [Fact]
    public void Lands_by_itself_if_the_hooks_directory_in_use_is_another()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Git("config", "core.hooksPath", "../hooks");

        var record = repository.RunInWorktree("mkdir .hooks; echo exit > .hooks/post-merge").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
    }

    [Fact]
    public void Does_not_land_by_itself_from_a_linked_worktree_with_a_configuration_of_its_own()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("worktree", "add", "--quiet", "-b", "mine", scratch.Path("linked"));
        scratch.Write("linked/wt-run.toml", "[projects.linked]\npath = \".\"\n");
        scratch.Run(scratch.Path("linked"), "git", "add", ".").Expect(0);
        scratch.Run(scratch.Path("linked"), "git", "commit", "--quiet", "-m", "Configure").Expect(0);
        var linked = new WtRun(scratch, scratch.Path("linked"));

        var record = linked.Run("run", "--worktree", "--json", "--", "sh", "-c", "echo '# mine' >> wt-run.toml").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked, "mine"), (record.State, record.MergeBack?.Result, record.MergeBack?.Target));
    }

    [Fact]
    public void Is_pushed_no_more_than_it_lands()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure("merge_back = \"push\"");

        var record = repository.RunInWorktree("echo '# mine' >> wt-run.toml").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (record.State, record.MergeBack?.Result));
        Assert.Equal("main", scratch.Run(bare, "git", "for-each-ref", "--format=%(refname:short)").Expect(0).Output.Trim());
    }

    [Fact]
    public void Still_may_not_land_by_hand_what_wt_run_had_placed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "node_modules/\n");
        repository.Configure("link = [\"node_modules\"]");
        repository.Write("node_modules/pad.js", "pad\n");
        var record = repository.RunInWorktree("echo work > work; git add -f work node_modules; git commit -qm Work").Expect(120).Record;

        var again = repository.Land(record).Expect(1).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (again.State, again.MergeBack?.Result));
        Assert.Equal("pad\n", repository.Read("node_modules/pad.js"));
        Assert.False(File.Exists(repository["work"]));
    }

    private static void AssertBlockedUntilAPersonLandsIt(TestRepository repository, string changed, string engine)
    {
        var before = repository.Head;

        var record = repository.RunInWorktree(engine).Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (record.State, record.MergeBack?.Result));
        Assert.Contains(changed, record.Message, StringComparison.Ordinal);
        Assert.Contains($"wt-run land {record.Id}", record.Hint, StringComparison.Ordinal);
        Assert.Equal((before, ""), (repository.Head, repository.Status));
        Assert.Equal([repository.Path], repository.Worktrees);

        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (landed.State, landed.MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
    }
}
