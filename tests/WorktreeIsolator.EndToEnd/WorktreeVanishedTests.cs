using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_worktree_that_is_no_longer_the_one_that_was_made
{
    [Fact]
    public void Is_forgotten_and_its_branch_kept_if_it_was_deleted_during_the_run()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start(
            "run", "--worktree", "--json", "--", "sh", "-c", $"echo x > x; git add x; git commit -qm 'Add x'; {gate.Step}; exit 0");
        gate.AwaitReached();
        var worktree = Assert.Single(repository.Worktrees, path => path != repository.Path);
        scratch.Run(scratch.Root, "rm", "-r", worktree).Expect(0);
        gate.Open();

        var record = run.Wait().Expect(125).Record;

        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains(worktree, record.Message, StringComparison.Ordinal);
        Assert.Contains(record.Branch!, record.Hint, StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.Equal("x", repository.Git("show", $"{record.Branch}:x"));
        Assert.False(File.Exists(repository["x"]));
        Assert.Equal("", repository.Status);
    }

    [Theory]
    [InlineData(false, ".")]
    [InlineData(true, ".")]
    [InlineData(false, "..")]
    [InlineData(true, "..")]
    public void Loses_no_commit_of_a_detached_HEAD_and_nothing_staged_if_it_was_deleted(bool supervisorDied, string with)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        using var run = repository.WtRun.Start(
            "run", "--worktree", "--json", "--", "sh", "-c",
            $"git checkout -q --detach; {EngineScript.Commit("x")}; {EngineScript.NoteCommit(scratch)}; echo staged > y; git add y; {gate.Step}; exit 0");
        gate.AwaitReached();
        var worktree = Assert.Single(repository.Worktrees, path => path != repository.Path);
        if (supervisorDied)
        {
            run.Kill();
        }

        scratch.Run(scratch.Root, "rm", "-r", Path.GetFullPath(with, worktree)).Expect(0);
        gate.Open();
        var record = supervisorDied ? Assert.Single(repository.Runs()) : run.Wait().Expect(125).Record;

        Assert.Equal(supervisorDied ? RunState.Interrupted : RunState.Failed, record.State);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.Equal("staged", repository.Git("show", $"{record.RescueRef}^2:y"));
        repository.AssertNothingIsLost(scratch, record);
    }

    [Theory]
    [InlineData("HEAD")]
    [InlineData("commondir")]
    public void Is_forgotten_by_prune_though_git_cannot_read_what_is_left_of_its_registration(string gone)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = repository.RunInWorktree("git init -q nested; touch nested/x").Expect(0).Record;
        Assert.NotNull(record.Kept);
        scratch.Run(scratch.Root, "rm", "-r", record.Worktree!).Expect(0);
        File.Delete(repository[$".git/worktrees/{record.Id}/{gone}"]);

        _ = repository.Prune();

        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Theory]
    [InlineData("rm .git")]
    [InlineData("rm .git && git init -q && git add -A && git commit -qm mine")]
    [InlineData("rm .git && ln -s ../../.git .git")]
    [InlineData("echo 'gitdir: ../../.git' > .git")]
    [InlineData("rm .git && git reset -q --hard && git clean -qfdx; true")]
    public void Is_kept_and_nothing_else_is_touched_if_the_engine_took_its_git_file(string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("README", "the user's own change\n");
        repository.Write("untracked", "the user's own file\n");
        repository.RunInWorktree("true").Expect(0);
        var before = repository.Refs;

        var run = repository.RunInWorktree($"echo work > work; {engine}").Expect(125);

        var record = run.Record;
        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains(".git", record.Message, StringComparison.Ordinal);
        Assert.Equal(record.Worktree, record.Kept?.Path);
        Assert.Equal("work\n", File.ReadAllText(Path.Combine(record.Worktree!, "work")));
        Assert.Equal("the user's own change\n", repository.Read("README"));
        Assert.Equal("the user's own file\n", repository.Read("untracked"));
        Assert.Equal(before, repository.Refs.Where(name => !name.EndsWith(record.Id, StringComparison.Ordinal)));
        Assert.Equal("first", repository.Git("show", "HEAD:README"));
    }
}
