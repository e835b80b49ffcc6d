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

    [Theory]
    [InlineData("rm -r tools; ln -s elsewhere tools", "tools")]
    [InlineData("rm -r tools/hooks; ln -s ../elsewhere tools/hooks", "tools/hooks")]
    [InlineData("rm -r tools; echo x > tools", "tools")]
    [InlineData("git mv tools instruments", "tools/hooks/")]
    public void Does_not_land_by_itself_if_something_else_stands_where_its_hooks_were(string engine, string changed)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Commit("tools/hooks/post-merge", "exit 0\n");
        repository.Git("config", "core.hooksPath", "tools/hooks");

        AssertBlockedUntilAPersonLandsIt(repository, changed, $"echo work > work; {engine}");
    }

    [Fact]
    public void Does_not_land_by_itself_if_a_link_stands_above_hooks_that_were_never_there()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Git("config", "core.hooksPath", "tools/hooks");

        AssertBlockedUntilAPersonLandsIt(repository, "tools", "echo work > work; mkdir -p other/hooks; echo exit > other/hooks/post-merge; ln -s other tools");
    }

    [Theory]
    [InlineData("ln -s ../tools/hooks .git/hooks", "tools/hooks/post-merge")]
    [InlineData("mkdir .git/hooks; ln -s ../../tools/hooks/post-merge .git/hooks/post-merge", "tools/hooks/post-merge")]
    [InlineData("ln -s tools/hooks .hooks; git config core.hooksPath .hooks", "tools/hooks/post-merge")]
    [InlineData("ln -s tools/hooks .hooks; git config core.hooksPath \"$PWD/.hooks\"", "tools/hooks/post-merge")]
    public void Does_not_land_by_itself_if_its_hooks_are_reached_through_a_link(string link, string changed)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Commit("tools/hooks/post-merge", "exit 0\n");
        scratch.Run(repository.Path, "sh", "-c", $"rm -rf .git/hooks; {link}; echo .hooks >> .git/info/exclude").Expect(0);

        AssertBlockedUntilAPersonLandsIt(repository, changed, "echo work > work; echo '# mine' >> tools/hooks/post-merge");
    }

    [Fact]
    public void Lands_by_itself_if_the_changed_file_only_matches_the_name_taken_as_a_pattern()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("user_worktree = true");
        repository.Git("config", "core.hooksPath", ":(glob)*");

        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree("echo work > work").Expect(0).Record.MergeBack?.Result);
        Assert.Equal(
            MergeBackResult.Blocked, repository.RunInWorktree("mkdir ':(glob)*'; echo exit > ':(glob)*/post-merge'").Expect(120).Record.MergeBack?.Result);
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
