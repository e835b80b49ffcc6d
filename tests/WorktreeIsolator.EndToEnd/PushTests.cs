using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_push_that_the_remote_does_not_take
{
    [Fact]
    public void Is_rejected_without_force_if_the_branch_there_has_other_commits()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        var theirs = repository.Git("commit-tree", "-m", "Theirs", "-p", "HEAD", "HEAD^{tree}");
        repository.Git("push", "--quiet", "origin", $"{theirs}:refs/heads/feature");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, "non-fast-forward");
        Assert.Equal(theirs, scratch.Run(bare, "git", "rev-parse", "feature").Expect(0).Output.Trim());
    }

    [Fact]
    public void Is_rejected_with_the_words_of_the_hook_there()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        scratch.Script($"{Path.GetFileName(bare)}/hooks/update", "echo 'no pushes on Fridays' >&2; exit 1\n");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, "no pushes on Fridays");

        File.Delete(Path.Combine(bare, "hooks/update"));
        Assert.Equal((RunState.Succeeded, MergeBackResult.Pushed), (repository.Land(record).Expect(0).Record.State, repository.Show(record.Id).MergeBack?.Result));
        Assert.Equal(record.MergeBack?.Commit, scratch.Run(bare, "git", "rev-parse", "feature").Expect(0).Output.Trim());
        Assert.Equal(["main"], repository.Branches);
    }

    [Theory]
    [InlineData("run", 120)]
    [InlineData("skip", 0)]
    public void Is_rejected_by_a_hook_here_only_if_the_project_runs_hooks(string hooks, int exitCode)
    {
        using var scratch = new Scratch();
        var (repository, _) = WithRemote(scratch, $"hooks = \"{hooks}\"");
        scratch.Script("repo/.git/hooks/pre-push", "echo 'not from here' >&2; exit 1\n");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(exitCode).Record;

        if (exitCode == 0)
        {
            Assert.Equal(MergeBackResult.Pushed, record.MergeBack?.Result);
        }
        else
        {
            AssertRejectedAndKept(repository, record, "not from here");
        }
    }

    [Fact]
    public void Is_rejected_if_the_remote_cannot_be_reached()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        Directory.Move(bare, bare + ".gone");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, bare);
    }

    [Fact]
    public void Is_not_believed_until_the_remote_confirms_it()
    {
        using var scratch = new Scratch();
        var (repository, bare) = WithRemote(scratch);
        scratch.Script($"{Path.GetFileName(bare)}/hooks/post-receive", $"mv '{bare}' '{bare}.gone'\n");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, bare);
    }

    [Fact]
    public void Does_not_wait_for_a_password()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        using var server = new LockedServer();
        repository.Git("remote", "add", "origin", server.Url);
        repository.Commit("wt-run.toml", "[projects.repo]\npath = \".\"\nmerge_back = \"push\"\nfetch = \"never\"\n");

        var record = repository.RunInWorktree(EngineScript.Commit("work"), "--branch", "feature").Expect(120).Record;

        AssertRejectedAndKept(repository, record, server.Url);
        Assert.True(server.WasAsked);
    }

    [Fact]
    public void Is_not_signed_though_the_user_signs_pushes()
    {
        using var scratch = new Scratch();
        var (repository, _) = WithRemote(scratch);
        repository.Git("config", "push.gpgSign", "true");
        repository.Git("config", "push.followTags", "true");
        repository.Git("config", "push.recurseSubmodules", "on-demand");

        Assert.Equal(MergeBackResult.Pushed, repository.RunInWorktree(EngineScript.Commit("work")).Expect(0).Record.MergeBack?.Result);
    }

    private static (TestRepository Repository, string Bare) WithRemote(Scratch scratch, params string[] keys)
    {
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure(["merge_back = \"push\"", .. keys]);
        return (repository, bare);
    }

    private static void AssertRejectedAndKept(TestRepository repository, RunRecord record, string reason)
    {
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Rejected), (record.State, record.MergeBack?.Result));
        Assert.Contains(reason, record.Message, StringComparison.Ordinal);
        Assert.Contains($"wt-run land {record.Id}", record.Hint, StringComparison.Ordinal);
        Assert.Equal(repository.Git("rev-parse", "feature"), record.MergeBack?.Commit);
        Assert.Equal("work", repository.Git("show", "feature:work"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["feature", "main"], repository.Branches);
    }
}
