using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Files_that_a_project_has_placed_in_a_worktree
{
    [Theory]
    [InlineData("git add -A && git commit -qm Work")]
    [InlineData("true")]
    [InlineData("git add -f node_modules .env && true")]
    public void Are_not_committed_and_do_not_land(string engine)
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);

        var record = repository.RunInWorktree(
            $"test -L node_modules && test -f node_modules/left/pad.js && grep -q KEY .env && echo work > work && {engine}").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal(["HEAD", ".gitignore", "README", "work", "wt-run.toml"], ["HEAD", .. Files(repository, "HEAD")]);
        AssertUsersFilesAreWhole(repository);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("node_modules")]
    [InlineData(".env")]
    public void Block_the_landing_if_the_engine_commits_them_by_force(string placed)
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);

        var record = repository.RunInWorktree($"echo work > work; git add -f {placed} work; git commit -qm Work").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (record.State, record.MergeBack?.Result));
        Assert.Contains(placed, record.Message, StringComparison.Ordinal);
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:work"));
        Assert.False(File.Exists(repository["work"]));
        AssertUsersFilesAreWhole(repository);
    }

    [Theory]
    [InlineData("merge")]
    [InlineData("rebase")]
    [InlineData("push")]
    public void Block_what_would_carry_them_in_its_history_though_the_engine_has_taken_them_out_again(string how)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        WithModules(repository, how == "push" ? "merge_back = \"push\"" : $"merge_style = \"{how}\"");

        var record = repository.RunInWorktree(
            "echo work > work; git add -f .env work; git commit -qm Work; git rm -q --cached .env; git commit -qm Better").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (record.State, record.MergeBack?.Result));
        Assert.Contains(".env", record.Message, StringComparison.Ordinal);
        Assert.Equal(repository.Git("rev-parse", "origin/main"), repository.Head);
        Assert.Equal(["origin/HEAD", "origin/main"], repository.Git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/remotes").Split('\n'));

        scratch.Run(repository.Path, "sh", "-c", record.Hint!.Split('\n')[1]).Expect(0);
        Assert.Equal(RunState.Succeeded, repository.Land(record).Expect(0).Record.State);
        Assert.Empty(repository.Git("log", "--all", "--format=%H", "--", ".env"));
        AssertUsersFilesAreWhole(repository);
    }

    [Fact]
    public void Do_not_block_what_is_squashed_without_them()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch, "merge_style = \"squash\"");

        var record = repository.RunInWorktree(
            "echo work > work; git add -f .env work; git commit -qm Work; git rm -q --cached .env; git commit -qm Better").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Empty(repository.Git("log", "--format=%H", "main", "--", ".env"));
        AssertUsersFilesAreWhole(repository);
    }

    [Fact]
    public void Block_the_landing_if_a_merge_commit_of_the_engines_brings_them_in()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("work")}; git checkout -q -b side HEAD~1; {EngineScript.Commit("side")}; git checkout -q -; git merge -q --no-commit side;"
            + " git add -f .env; git commit -qm Merge; git rm -q --cached .env; git commit -qm Better; git branch -q -D side").Expect(120).Record;

        Assert.Equal(MergeBackResult.Blocked, record.MergeBack?.Result);
        Assert.Contains(".env", record.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Do_not_count_where_the_target_itself_has_one_of_that_name_and_the_engine_merged_it()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);
        repository.Git("checkout", "--quiet", "-b", "mine");

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("work")}; rm .env; git checkout -q -b theirs main; echo theirs > .env; git add -f .env; git commit -qm Theirs; git update-ref refs/heads/main HEAD;"
            + " rm -f .env; git checkout -q -f -; git merge -q theirs; git branch -q -D theirs",
            "--base",
            "main");

        Assert.Equal((0, MergeBackResult.Landed), (record.ExitCode, record.Record.MergeBack?.Result));
        Assert.Equal("theirs", repository.Git("show", "main:.env"));
    }

    [Fact]
    public void May_be_thousands_and_called_like_a_pattern()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "/cache/\n");
        repository.Configure("copy = [\"cache/**\"]");
        var longName = new string('n', 200);
        foreach (var number in Enumerable.Range(0, HeavyTests.Count(12_000, 100_000)))
        {
            repository.Write($"cache/{number}{longName}", "");
        }

        repository.Write("cache/*", "");
        repository.Write("cache/:(top)x", "");

        var landed = repository.RunInWorktree(EngineScript.Commit("work")).Expect(0).Record;
        var blocked = repository.RunInWorktree($"{EngineScript.Commit("more")}; git add -f --all cache; git commit -qm Cache").Expect(120).Record;

        Assert.Equal(MergeBackResult.Landed, landed.MergeBack?.Result);
        Assert.Equal(MergeBackResult.Blocked, blocked.MergeBack?.Result);
        Assert.InRange(blocked.Message!.Length, 1, 5000);
        Assert.InRange(blocked.Hint!.Length, 1, 5000);
        scratch.Run(repository.Path, "sh", "-c", blocked.Hint.Split('\n')[1]).Expect(0);
        Assert.Equal(MergeBackResult.Landed, repository.Land(blocked).Expect(0).Record.MergeBack?.Result);
        Assert.Equal([".gitignore", "README", "more", "work", "wt-run.toml"], Files(repository, "HEAD"));
    }

    [Fact]
    public void Are_compared_letter_by_letter()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "w*k\n!work\n");
        repository.Configure("copy = [\"w[*]k\"]");
        repository.Write("w*k", "mine\n");

        var record = repository.RunInWorktree($"test -e 'w*k' && {EngineScript.Commit("work")}").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(MergeBackResult.Blocked, repository.RunInWorktree("git add -f 'w*k'; git commit -qm Mine").Expect(120).Record.MergeBack?.Result);
    }

    [Fact]
    public void Block_a_landing_that_is_asked_for_later_too()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);
        var record = repository.RunInWorktree("echo work > work; git add -f .env work; git commit -qm Work").Expect(120).Record;

        var landed = repository.WtRun.Run("land", record.Id, "--json");

        Assert.NotEqual(0, landed.ExitCode);
        Assert.Equal(MergeBackResult.Blocked, landed.Record.MergeBack?.Result);
        Assert.False(File.Exists(repository["work"]));
        AssertUsersFilesAreWhole(repository);

        scratch.Run(scratch.Directory("elsewhere"), "sh", "-c", record.Hint!.Split('\n')[1]).Expect(0);
        AssertUsersFilesAreWhole(repository);
        repository.WtRun.Run("land", record.Id).Expect(0);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal([".gitignore", "README", "work", "wt-run.toml"], Files(repository, "HEAD"));
        Assert.Equal([repository.Path], repository.Worktrees);
        AssertUsersFilesAreWhole(repository);
    }

    [Fact]
    public void Do_not_enter_what_is_kept_of_a_run_whose_supervisor_was_killed()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", $"echo work > work; git add -f node_modules .env; {gate.Step}");
        gate.AwaitReached();
        run.Kill();

        repository.WtRun.Run("prune").Expect(0);

        var record = Assert.Single(repository.WtRun.Run("list", "--json").Expect(0).Records);
        Assert.Equal(RunState.Interrupted, record.State);
        Assert.Equal([".gitignore", "README", "work", "wt-run.toml"], Files(repository, record.Branch!));
        AssertUsersFilesAreWhole(repository);
    }

    [Theory]
    [InlineData("exit 3")]
    [InlineData("git add -f node_modules .env; exit 3")]
    public void Do_not_enter_what_is_kept_of_a_failed_run(string engine)
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch);

        var record = repository.RunInWorktree($"echo work > work; {engine}").Expect(3).Record;

        Assert.Equal([".gitignore", "README", "work", "wt-run.toml"], Files(repository, record.MergeBack!.Commit!));
        AssertUsersFilesAreWhole(repository);
    }

    [Fact]
    public void Are_safe_from_a_setup_that_empties_its_directory()
    {
        using var scratch = new Scratch();
        var repository = WithModules(scratch, "setup = [\"sh\", \"-c\", \"rm -rf node_modules/* node_modules/.[a-z]*; echo set up\"]");

        repository.RunInWorktree("test -f node_modules/left/pad.js || exit 9; echo work > work; git add -A; git commit -qm Work").Expect(0);

        AssertUsersFilesAreWhole(repository);
        Assert.Contains("work", Files(repository, "HEAD"));
        Assert.DoesNotContain(Files(repository, "HEAD"), name => name.StartsWith("node_modules", StringComparison.Ordinal));
    }

    [Fact]
    public void Are_only_those_that_git_ignores()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "*.local\n/build/\n");
        repository.Configure("user_worktree = true", "copy = [\"*.local\", \"notes\", \"README\", \"build/**\", \"deep/*.local\"]", "link = [\"notes-link\", \"src\"]");
        repository.Commit("src/code", "code\n");
        repository.Write("a.local", "secret\n");
        repository.Write("deep/b.local", "secret\n");
        repository.Write("build/out", "built\n");
        repository.Write("notes", "neither tracked nor ignored\n");
        repository.Write("notes-link", "neither tracked nor ignored\n");
        repository.Write("README", "changed by the user\n");
        var script = scratch.Script("look", "find . -type f -not -path './.git*' | sort; cat README; test ! -L src\n");

        var record = repository.WtRun.Run("run", "--json", "--", script).Expect(0).Record;

        Assert.Contains(
            "./a.local\n./build/out\n./deep/b.local\n./src/code\n./wt-run.toml\nfirst\n", record.LogText().Replace("./README\n", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.Contains(record.Warnings(), warning => warning.Contains("'notes-link' is not linked", StringComparison.Ordinal));
        Assert.Equal(MergeBackResult.Nothing, record.MergeBack?.Result);
    }

    [Fact]
    public void Stay_out_of_commits_even_where_the_base_does_not_ignore_them_yet()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("branch", "old");
        repository.Commit(".gitignore", ".env\n");
        repository.Configure("copy = [\".env\"]");
        repository.Write(".env", "KEY=1\n");

        var record = repository.RunInWorktree("grep -q KEY .env; echo work > work", "--base", "old").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["README", "work"], Files(repository, "old"));
    }

    [Fact]
    public void Keep_their_mode_and_their_links_and_never_replace_what_git_checked_out()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitignore", "*.local\n");
        repository.Configure("copy = [\"*.local\"]");
        File.SetUnixFileMode(scratch.Write("repo/run.local", "#!/bin/sh\n"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(repository["link.local"], "/somewhere/else");

        repository.RunInWorktree("test \"$(stat -c %a run.local)\" = 500 && test \"$(readlink link.local)\" = /somewhere/else").Expect(0);

        Assert.Equal("/somewhere/else", File.ResolveLinkTarget(repository["link.local"], returnFinalTarget: false)?.FullName);
    }

    [Fact]
    public void Never_go_through_a_link_that_the_base_has_in_their_way()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var outside = scratch.Directory("outside");
        repository.Git("checkout", "--quiet", "-b", "old");
        File.CreateSymbolicLink(repository["config"], outside);
        File.CreateSymbolicLink(repository["c.local"], Path.Combine(outside, "c"));
        repository.Git("add", ".");
        repository.Git("commit", "--quiet", "-m", "Links");
        repository.Git("checkout", "--quiet", "main");
        repository.Commit(".gitignore", "*.local\n/config/cache/\n");
        repository.Configure("copy = [\"**/*.local\"]", "link = [\"config/cache\"]");
        repository.Write("config/b.local", "b\n");
        repository.Write("config/cache/x", "x\n");
        repository.Write("c.local", "c\n");

        var record = repository.RunInWorktree("true", "--base", "old").Expect(0).Record;

        Assert.Empty(RepositoryState.Names(outside));
        Assert.Contains(record.Warnings(), warning => warning.Contains("'config/b.local'", StringComparison.Ordinal));
        Assert.Contains(record.Warnings(), warning => warning.Contains("'config/cache'", StringComparison.Ordinal));
    }

    private static TestRepository WithModules(Scratch scratch, params IReadOnlyList<string> more) => WithModules(new TestRepository(scratch), more);

    private static TestRepository WithModules(TestRepository repository, params IReadOnlyList<string> more)
    {
        repository.Commit(".gitignore", "node_modules/\n.env\n");
        repository.Configure(["link = [\"node_modules\"]", "copy = [\".env\"]", .. more]);
        repository.Write("node_modules/left/pad.js", "pad\n");
        repository.Write("node_modules/.bin/pad", "pad\n");
        repository.Write(".env", "KEY=1\n");
        return repository;
    }

    private static void AssertUsersFilesAreWhole(TestRepository repository)
    {
        Assert.False(File.GetAttributes(repository["node_modules"]).HasFlag(FileAttributes.ReparsePoint));
        Assert.Equal("pad\n", repository.Read("node_modules/left/pad.js"));
        Assert.Equal("pad\n", repository.Read("node_modules/.bin/pad"));
        Assert.Equal("KEY=1\n", repository.Read(".env"));
        Assert.Equal("", repository.Status);
    }

    private static string[] Files(TestRepository repository, string commit) => repository.Git("ls-tree", "-r", "--name-only", commit).Split('\n');
}
