using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Repositories that need more than a worktree like any other, or that git itself refuses.</summary>
public sealed class A_repository_of_a_special_kind
{
    [Fact]
    public void May_lie_in_a_directory_whose_name_has_a_line_end()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch, "two\nlines 'é\"");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("", repository.Status);
        Assert.Equal(["main"], repository.Branches);
        Assert.False(Directory.Exists(record.Worktree));
    }

    [Fact]
    public void May_not_lie_in_a_directory_whose_name_is_no_text()
    {
        using var scratch = new Scratch();

        var run = scratch.Run(
            scratch.Root, "sh", "-c", $"d=$(printf 'caf\\351'); git init -q \"$d\"; cd \"$d\"; git commit -q --allow-empty -m First; '{WtRun.Program}' run --worktree -- true; code=$?; ls -A .git/wt-run 2> /dev/null; git worktree list | wc -l; exit $code").Expect(125);

        Assert.Equal("1\n", run.Output);
        Assert.Contains("UTF-8", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_refused_if_it_is_bare_and_git_is_told_to_take_no_such_thing_by_itself()
    {
        using var scratch = new Scratch();
        var source = new TestRepository(scratch);
        scratch.Run(scratch.Root, "git", "clone", "--quiet", "--bare", source.Path, "store.git").Expect(0);
        source.Git("config", "--global", "safe.bareRepository", "explicit");

        var run = new WtRun(scratch, scratch.Path("store.git")).Run("run", "--worktree", "--", "true").Expect(125);

        Assert.Contains("safe.bareRepository", run.Error, StringComparison.Ordinal);
        Assert.Contains("hint: ", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch.Path("store.git/wt-run")));
    }

    [Fact]
    public void Needs_a_base_if_its_HEAD_names_a_branch_that_does_not_exist()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("symbolic-ref", "HEAD", "refs/heads/nothing");
        var before = RepositoryState.Of(repository);

        Assert.Contains("no commit on 'nothing'", repository.RunInWorktree("true").Expect(125).Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(Directory.Exists(repository[".git/wt-run/runs"]));

        var record = repository.RunInWorktree("echo work > work", "--base", "main").Expect(0).Record;
        Assert.Equal("main", record.MergeBack?.Target);
        Assert.Equal("work", repository.Git("show", "main:work"));
    }

    [Fact]
    public void Costs_no_more_processes_of_git_because_it_has_many_branches()
    {
        var count = HeavyTests.Count(2_000, 100_000);

        Assert.Equal(GitsWithBranches(1), GitsWithBranches(count));
    }

    /// <summary>How many processes of git a run takes where there are so many branches besides.</summary>
    private static int GitsWithBranches(int count)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var head = repository.Commit("second", "x\n");
        scratch.Run(repository.Path, "sh", "-c", $"{{ echo '# pack-refs with: peeled fully-peeled sorted '; seq {count} | sed 's|.*|{head} refs/heads/team/&/topic|' | LC_ALL=C sort -k2; }} > .git/packed-refs").Expect(0);
        var path = scratch.Variables["PATH"];
        scratch.Script("bin/git", $"echo x >> '{scratch.Path("gits")}'\nPATH='{path}' exec git \"$@\"\n");
        scratch.PutFirstInPath(scratch.Path("bin"));

        var record = repository.RunInWorktree("git commit -q --amend -m Amended; git commit -q --allow-empty -m Loose; git reset -q --hard HEAD~1; echo work > work").Expect(0).Record;

        scratch.Set("PATH", path);
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(count + 1, repository.Branches.Count);
        return File.ReadAllLines(scratch.Path("gits")).Length;
    }

    [Fact]
    public void Has_its_missing_objects_brought_when_a_failed_run_is_kept()
    {
        using var scratch = new Scratch();
        var origin = new TestRepository(scratch, "origin");
        origin.Commit("dir/file", "1\n");
        origin.Commit("dir/file", "2\n");
        origin.Git("config", "uploadpack.allowFilter", "true");
        origin.Git("config", "uploadpack.allowAnySHA1InWant", "true");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", "--filter=tree:0", "--no-checkout", $"file://{origin.Path}", "repo").Expect(0);
        var config = scratch.Write("wt-run.toml", "[projects.partial]\npath = \"repo\"\nuncommitted = \"rescue\"\n");

        var record = new WtRun(scratch, scratch.Path("repo")).Run(
            "run", "--config", config, "--worktree", "--json", "--", "sh", "-c", "git checkout -q HEAD~1; echo 3 > dir/file; git stash -q; git stash pop -q; exit 3").Expect(3).Record;

        Assert.Null(record.Kept);
        Assert.Equal("3\n", scratch.Run(scratch.Path("repo"), "git", "show", $"{record.RescueRef}:dir/file").Expect(0).Output);
        Assert.False(Directory.Exists(record.Worktree));
    }

    [Fact]
    public void Leaves_nothing_if_a_filter_that_it_requires_fails()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitattributes", "README filter=x\n");
        repository.Git("config", "filter.x.smudge", "false");
        repository.Git("config", "filter.x.clean", "cat");
        repository.Git("config", "filter.x.required", "true");
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125).Record;

        Assert.Contains("filter", record.Message, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void Stays_as_it_was_where_a_directory_of_the_checkout_cannot_be_written()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("sealed/file", "x\n");
        repository.Commit("a/file", "x\n");
        File.SetUnixFileMode(scratch.Root, (UnixFileMode)0b111_101_101);
        repository.Git("config", "--global", "safe.directory", "*");
        scratch.Run(scratch.Root, "chmod", "555", repository["sealed"]).Expect(0);

        // Root may write everything, so this is somebody else.
        const string Nobody = "65534";
        string[] asUser = Environment.IsPrivilegedProcess ? ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups"] : [];
        if (Environment.IsPrivilegedProcess)
        {
            scratch.Run("/", "chown", "-R", $"{Nobody}:{Nobody}", scratch.Root).Expect(0);
        }

        var record = scratch.Run(
            repository.Path,
            [.. asUser, WtRun.Program, "run", "--worktree", "--json", "--", "sh", "-c", "echo 2 > a/file; echo 2 > a/new; echo 2 > sealed/new; echo 2 > zzz"]).Expect(120).Record;

        Assert.Equal(MergeBackResult.Rejected, record.MergeBack?.Result);
        Assert.Contains("Permission denied", record.Message, StringComparison.Ordinal);
        Assert.Equal("", repository.Status);
        Assert.Equal(["file"], RepositoryState.Names(repository["a"]));

        scratch.Run(scratch.Root, "chmod", "755", repository["sealed"]).Expect(0);
        scratch.Run(repository.Path, [.. asUser, WtRun.Program, "land", record.Id]).Expect(0);
        Assert.Equal("2\n", repository.Read("sealed/new"));
    }

    [Fact]
    public void Leaves_nothing_if_a_submodule_cannot_be_had()
    {
        using var scratch = new Scratch();
        var inner = new TestRepository(scratch, "inner");
        var repository = new TestRepository(scratch).Configure("submodules = true");
        repository.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.Path, "deps/inner");
        repository.Git("commit", "--quiet", "-m", "Inner");
        var before = RepositoryState.Of(repository);

        // git allows no submodule from a path unless it is told to.
        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains("transport 'file' not allowed", run.Record.Message, StringComparison.Ordinal);
        Assert.Contains("submodules = false", run.Record.Hint, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Leaves_nothing_if_its_hook_lets_no_branch_be_made()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script("repo/.git/hooks/reference-transaction", "echo 'no new refs today' >&2; exit 1\n");
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree("true").Expect(125).Record;

        Assert.Contains("no new refs today", record.Message, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Theory]
    [InlineData("echo plain > \"$1\"")]
    [InlineData("#!/no/such/interpreter")]
    public void Has_its_hooks_started_as_git_starts_them(string text)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var hook = scratch.Write("repo/.git/hooks/post-checkout", text + "\n");
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        repository.Write(".git/info/exclude", new string('0', 40) + "\n");

        var record = repository.RunInWorktree($"test -e {new string('0', 40)} || echo work > work").Expect(0).Record;

        Assert.Equal(text.StartsWith('#') ? MergeBackResult.Landed : MergeBackResult.Nothing, record.MergeBack?.Result);
        Assert.Equal(text.StartsWith('#') ? 1 : 0, record.Warnings().Count);
    }
}
