using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_project_of_any_shape
{
    [Fact]
    public void May_lie_below_the_top_of_its_repository()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("services/api/code", "x\n");
        var config = scratch.Write("wt-run.toml", $"[projects.api]\npath = \"{repository["services/api"]}\"\n");

        var record = new WtRun(scratch, repository["services/api"]).Run(
            "run", "--config", config, "--worktree", "--json", "--", "sh", "-c", "test -e code && echo work > work").Expect(0).Record;

        Assert.Equal(Path.Combine(record.Worktree!, "services/api"), record.Directory);
        Assert.Equal(repository[".worktrees"], Path.GetDirectoryName(record.Worktree));
        Assert.Equal("work\n", repository.Read("services/api/work"));
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void Must_exist_in_the_base()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("branch", "old");
        repository.Commit("services/api/code", "x\n");
        var config = scratch.Write("wt-run.toml", $"[projects.api]\npath = \"{repository["services/api"]}\"\n");
        var wtRun = new WtRun(scratch, repository["services/api"]);

        var run = wtRun.Run("run", "--config", config, "--worktree", "--base", "old", "--json", "--", "touch", scratch.Path("ran")).Expect(125);

        Assert.Contains("'services/api'", run.Record.Message, StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main", "old"], repository.Branches);
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void May_be_reached_through_a_link()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        Directory.CreateSymbolicLink(scratch.Path("link"), repository.Path);
        var config = scratch.Write("wt-run.toml", $"[projects.linked]\npath = \"{scratch.Path("link")}\"\n");

        var record = new WtRun(scratch, scratch.Path("link")).Run(
            "run", "--config", config, "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(repository[$".worktrees/{record.Id}"], record.Worktree);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void May_be_a_linked_worktree_of_the_repository()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("worktree", "add", "--quiet", "-b", "other", scratch.Path("linked"));

        var record = new WtRun(scratch, scratch.Path("linked")).Run(
            "run", "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(("other", MergeBackResult.Landed), (record.MergeBack?.Target, record.MergeBack?.Result));
        Assert.Equal(repository[$".worktrees/{record.Id}"], record.Worktree);
        Assert.Equal("work\n", File.ReadAllText(scratch.Path("linked/work")));
        Assert.Equal("", scratch.Run(scratch.Path("linked"), "git", "status", "--porcelain").Output);
        Assert.False(File.Exists(repository["work"]));
    }

    [Fact]
    public void May_be_a_worktree_of_a_bare_repository()
    {
        using var scratch = new Scratch();
        var bare = BareRepository(scratch, "hub/.git");
        scratch.Run(bare, "git", "worktree", "add", "--quiet", scratch.Path("hub/main"), "main").Expect(0);
        var config = scratch.Write("wt-run.toml", $"[projects.hub]\npath = \"{scratch.Path("hub/main")}\"\ncopy = [\".env\"]\nlink = [\"deps\"]\n");

        var record = new WtRun(scratch, scratch.Path("hub/main")).Run(
            "run", "--config", config, "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", File.ReadAllText(scratch.Path("hub/main/work")));
        Assert.Equal("", scratch.Run(scratch.Path("hub/main"), "git", "status", "--porcelain").Output);
        Assert.Equal(2, scratch.Run(bare, "git", "worktree", "list").Output.TrimEnd().Split('\n').Length);
        Assert.Equal(2, record.Warnings().Count(warning => warning.Contains("the repository is bare", StringComparison.Ordinal)));
    }

    [Fact]
    public void May_be_a_bare_repository_itself()
    {
        using var scratch = new Scratch();
        var bare = BareRepository(scratch, "hub/store.git");
        var config = File.ReadAllText(Path.Combine(bare, "config"));
        var file = scratch.Write("wt-run.toml", $"[projects.hub]\npath = \"{bare}\"\n");

        var record = new WtRun(scratch, bare).Run("run", "hub", "--config", file, "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(scratch.Path($"hub/.worktrees/{record.Id}"), record.Worktree);
        Assert.Equal("work\n", scratch.Run(bare, "git", "show", "main:work").Expect(0).Output);
        Assert.Equal("main\n", scratch.Run(bare, "git", "for-each-ref", "--format=%(refname:short)", "refs/heads").Output);
        Assert.Equal(config, File.ReadAllText(Path.Combine(bare, "config")));
        Assert.False(Path.Exists(record.Worktree));
    }

    [Fact]
    public void May_be_shallow()
    {
        using var scratch = new Scratch();
        var origin = new TestRepository(scratch, "origin");
        origin.Commit("second", "x\n");
        origin.Commit("third", "x\n");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", "--depth=1", $"file://{origin.Path}", scratch.Path("shallow")).Expect(0);

        var record = new WtRun(scratch, scratch.Path("shallow")).Run(
            "run", "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", File.ReadAllText(scratch.Path("shallow/work")));
        Assert.Equal("true\n", scratch.Run(scratch.Path("shallow"), "git", "rev-parse", "--is-shallow-repository").Output);
    }

    [Fact]
    public void May_use_longer_object_names()
    {
        using var scratch = new Scratch();
        scratch.Set("GIT_DEFAULT_HASH", "sha256");
        var repository = new TestRepository(scratch);
        scratch.Set("GIT_DEFAULT_HASH", null);

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(64, record.MergeBack?.Commit?.Length);
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void May_have_its_git_directory_somewhere_else()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("init", "--quiet", $"--separate-git-dir={scratch.Path("store.git")}");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("", repository.Status);
        Assert.Equal(repository[$".worktrees/{record.Id}"], record.Worktree);
    }

    [Fact]
    public void May_have_a_name_that_is_odd()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch, "o'd \"name\" $(x) ü [1]");

        var record = repository.RunInWorktree("echo work > 'a \"file\"'").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("a \"file\""));
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void May_have_no_git_and_then_keeps_its_state_beside_the_files()
    {
        using var scratch = new Scratch();
        var plain = scratch.Directory("plain");
        var file = scratch.Write("wt-run.toml", $"[projects.plain]\npath = \"{plain}\"\n");

        var record = new WtRun(scratch, plain).Run("run", "--config", file, "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, "in_place", plain), (record.State, record.Isolation.Kind, record.Directory));
        Assert.Null(record.MergeBack);
        Assert.Equal([".wt-run", "work"], RepositoryState.Names(plain));
        Assert.Equal(Path.Combine(plain, ".wt-run/runs", record.Id, "output.log"), record.Log);
        Assert.True(File.Exists(record.Log));
    }

    [Fact]
    public void May_be_used_by_nobody_that_git_knows_and_says_whose_name_it_takes()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Write("gitconfig", "[user]\n\tuseConfigOnly = true\n");

        var run = repository.RunInWorktree("echo work > work; git add work; git commit -qm Work; echo more > more").Expect(0);

        Assert.Contains("wt-run@localhost.invalid", run.Error, StringComparison.Ordinal);
        Assert.Equal(
            ["wt-run <wt-run@localhost.invalid>", "wt-run <wt-run@localhost.invalid>", "Test Person <test@example.org>"],
            repository.Git("log", "--format=%an <%ae>").Split('\n'));
    }

    [Fact]
    public void Needs_a_git_that_is_new_enough()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = RepositoryState.Of(repository);
        var path = scratch.Variables["PATH"];
        scratch.Script("bin/git", "for word; do if [ \"$word\" = version ]; then echo 'git version 2.37.1'; exit 0; fi; done\nPATH=" + path + " exec git \"$@\"\n");
        scratch.PutFirstInPath(scratch.Path("bin"));

        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains("2.37.1", run.Error, StringComparison.Ordinal);
        Assert.Contains("2.38", run.Error, StringComparison.Ordinal);
        scratch.Set("PATH", path);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Is_found_by_its_path_and_not_by_what_a_hook_of_another_repository_says()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var other = new TestRepository(scratch, "other");
        var before = RepositoryState.Of(other);
        scratch.Script(
            "other/.git/hooks/post-commit",
            $"test -n \"$GIT_INDEX_FILE\" || exit 1; export GIT_DIR=$PWD/.git GIT_WORK_TREE=$PWD GIT_COMMON_DIR=$PWD/.git GIT_OBJECT_DIRECTORY=$PWD/.git/objects "
            + $"GIT_NAMESPACE=x GIT_PREFIX=sub/ GIT_CONFIG_PARAMETERS=\"'core.bare'='true'\"; cd '{repository.Path}' && "
            + $"'{WtRun.Program}' run --worktree --json -- sh -c 'git rev-parse --show-toplevel; echo work > work; git add work; git commit -qm Work' > '{scratch.Path("record")}' 2>&1; echo $? > '{scratch.Path("code")}'\n");

        other.Write("README", "second\n");
        other.Git("commit", "--quiet", "-a", "-m", "Second");

        Assert.Equal("0\n", File.ReadAllText(scratch.Path("code")));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("Work", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal(["main"], repository.Branches);
        other.Git("reset", "--quiet", "--hard", "HEAD~1");
        Assert.Equal(before, RepositoryState.Of(other));
        Assert.False(Directory.Exists(other[".git/wt-run"]));
        Assert.Contains("/repo/.worktrees/", File.ReadAllText(Assert.Single(Directory.EnumerateFiles(
            repository[".git/wt-run/runs"], "output.log", SearchOption.AllDirectories))), StringComparison.Ordinal);
    }

    /// <summary>A bare repository with one commit on <c>main</c>; gives its path.</summary>
    private static string BareRepository(Scratch scratch, string name)
    {
        var source = new TestRepository(scratch, "source");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", "--bare", source.Path, scratch.Path(name)).Expect(0);
        scratch.Run(scratch.Path(name), "git", "remote", "remove", "origin").Expect(0);
        return scratch.Path(name);
    }
}
