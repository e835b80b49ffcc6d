using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_base_of_a_worktree
{
    [Fact]
    public void Is_by_default_the_branch_of_the_remotes_HEAD_whatever_is_checked_out()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("checkout", "--quiet", "-b", "mine");
        repository.Commit("mine", "x\n");

        var record = repository.RunInWorktree("test ! -e mine && echo work > work").Expect(0).Record;

        Assert.Equal("main", record.Base?.Ref);
        Assert.Equal(("main", MergeBackResult.Landed), (record.MergeBack?.Target, record.MergeBack?.Result));
        Assert.Equal("work", repository.Git("show", "main:work"));
        Assert.False(File.Exists(repository["work"]));
    }

    [Fact]
    public void Is_the_remote_branch_itself_where_there_is_no_local_one_and_the_work_makes_that()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("checkout", "--quiet", "-b", "mine");
        repository.Git("branch", "--quiet", "-D", "main");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal("origin/main", record.Base?.Ref);
        Assert.Equal(("main", MergeBackResult.Landed), (record.MergeBack?.Target, record.MergeBack?.Result));
        Assert.Equal("work", repository.Git("show", "main:work"));
    }

    [Fact]
    public void Is_the_current_branch_where_no_remote_says_more()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("checkout", "--quiet", "-b", "mine");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(("mine", "mine"), (record.Base?.Ref, record.MergeBack?.Target));
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void Is_the_upstream_after_the_fetch_if_that_is_strictly_ahead()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        var ahead = PushFromElsewhere(scratch, bare, "theirs");

        var record = repository.RunInWorktree("test -e theirs && echo work > work").Expect(0).Record;

        Assert.Equal(new BaseInfo("main", ahead), record.Base);
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("theirs\n", repository.Read("theirs"));
        Assert.Empty(record.Warnings());
    }

    [Fact]
    public void Is_the_local_branch_with_a_warning_if_it_and_its_upstream_have_diverged()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        PushFromElsewhere(scratch, bare, "theirs");
        var mine = repository.Commit("mine", "x\n");

        var record = repository.RunInWorktree("test -e mine && test ! -e theirs").Expect(0).Record;

        Assert.Equal(new BaseInfo("main", mine), record.Base);
        Assert.Contains("diverged", Assert.Single(record.Warnings()), StringComparison.Ordinal);
    }

    [Fact]
    public void Is_the_local_branch_if_that_is_ahead_of_its_upstream()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        var mine = repository.Commit("mine", "x\n");

        var record = repository.RunInWorktree("test -e mine").Expect(0).Record;

        Assert.Equal(new BaseInfo("main", mine), record.Base);
        Assert.Empty(record.Warnings());
    }

    [Theory]
    [InlineData("a clone with every branch", false)]
    [InlineData("a clone with one branch", true)]
    public void May_be_a_remote_branch_that_was_never_fetched(string what, bool hasOneBranch)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        if (hasOneBranch)
        {
            repository.Git("config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main");
        }

        var config = repository.ConfigBytes;
        var tip = PushFromElsewhere(scratch, bare, "theirs", "side/branch");

        var record = repository.RunInWorktree("test -e theirs && echo work > work", "--base", "origin/side/branch").Expect(0).Record;

        Assert.True(new BaseInfo("origin/side/branch", tip) == record.Base, what);
        Assert.Equal("side/branch", record.MergeBack?.Target);
        Assert.Equal("work", repository.Git("show", "side/branch:work"));
        Assert.Equal(config, repository.ConfigBytes);
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("annotated")]
    [InlineData("HEAD~1")]
    public void Needs_a_target_of_its_own_if_it_is_no_branch(string name)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var first = repository.Head;
        repository.Git("tag", "v1");
        repository.Git("tag", "-a", "-m", "x", "annotated");
        repository.Commit("second", "x\n");
        var before = RepositoryState.Of(repository);

        var refused = repository.RunInWorktree($"touch '{scratch.Path("ran")}'", "--base", name).Expect(125);

        Assert.Contains("merge_target", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")));

        var kept = repository.RunInWorktree("echo work > work", "--base", name, "--merge-back", "branch").Expect(0).Record;
        Assert.Equal((first, MergeBackResult.Kept), (kept.Base?.Commit, kept.MergeBack?.Result));
        Assert.Equal(first, repository.Git("rev-parse", $"{kept.Branch}~1"));
    }

    [Fact]
    public void Lands_a_tags_work_on_the_target_that_is_named()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("tag", "v1");
        repository.Configure("merge_target = \"main\"");

        var record = repository.RunInWorktree("echo work > work", "--base", "v1").Expect(0).Record;

        Assert.Equal(("main", MergeBackResult.Landed), (record.MergeBack?.Target, record.MergeBack?.Result));
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void Is_never_guessed_from_a_detached_HEAD()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("checkout", "--quiet", "--detach");
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains("detached HEAD", run.Error, StringComparison.Ordinal);
        Assert.Contains("--base", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        repository.RunInWorktree("true", "--base", "main").Expect(0);
    }

    [Fact]
    public void Must_have_a_commit()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch, empty: true);

        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains("no commit on 'main'", run.Error, StringComparison.Ordinal);
        Assert.Contains("git commit --allow-empty", run.Error, StringComparison.Ordinal);
        Assert.Empty(repository.Refs);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.False(Directory.Exists(repository[".worktrees"]));
        repository.WtRun.Run("run", "--", "true").Expect(0);
    }

    [Theory]
    [InlineData("mian", "main")]
    [InlineData("featur/login", "feature/login")]
    [InlineData("orgin/main", "origin/main")]
    public void Is_refused_with_names_that_are_near_if_it_does_not_exist(string wanted, string near)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("branch", "feature/login");
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true", "--base", wanted).Expect(125);

        Assert.Contains($"'{wanted}'", run.Error, StringComparison.Ordinal);
        Assert.Contains($"Did you mean '{near}'?", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Is_refused_if_the_remote_does_not_have_it()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true", "--base", "origin/nowhere").Expect(125);

        Assert.Contains("couldn't find remote ref", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Theory]
    [InlineData("--option")]
    [InlineData("main;touch ran")]
    [InlineData("a..b")]
    public void Is_never_an_option_or_a_range(string wanted)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var before = RepositoryState.Of(repository);

        repository.RunInWorktree("true", $"--base={wanted}").Expect(125);

        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Is_recorded_as_the_commit_it_was_when_the_run_began()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var first = repository.Head;
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start(
            "run", "--worktree", "--json", "--", "sh", "-c", $"{gate.Step}; test \"$WT_RUN_BASE\" = {first} && test \"$(git rev-parse HEAD)\" = {first} && echo work > work");
        gate.AwaitReached();
        repository.Commit("second", "x\n");
        gate.Open();

        var record = run.Wait().Expect(0).Record;

        Assert.Equal(first, record.Base?.Commit);
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("x\n", repository.Read("second"));
    }

    internal static string PushFromElsewhere(Scratch scratch, string bare, string file, string branch = "main")
    {
        var clone = scratch.Path("elsewhere");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", bare, clone).Expect(0);
        scratch.Write($"elsewhere/{file}", file + "\n");
        scratch.Run(clone, "sh", "-c", $"git checkout -q -B '{branch}' && git add . && git commit -qm '{file}' && git push -q origin '{branch}'").Expect(0);
        return scratch.Run(clone, "git", "rev-parse", "HEAD").Expect(0).Output.TrimEnd('\n');
    }
}
