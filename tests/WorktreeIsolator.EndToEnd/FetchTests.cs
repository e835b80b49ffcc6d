using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_remote_that_cannot_be_reached
{
    [Fact]
    public void Is_a_warning_by_default_and_the_run_starts_from_what_is_here()
    {
        using var scratch = new Scratch();
        var repository = Unreachable(scratch);

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Contains("fetch", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Contains("gone.git", record.Warnings()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Fails_the_run_if_the_project_always_fetches_and_leaves_nothing()
    {
        using var scratch = new Scratch();
        var repository = Unreachable(scratch, "fetch = \"always\"");
        repository.WtRun.Run("run", "--", "true").Expect(0);
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125).Record;

        Assert.Equal(RunState.Failed, record.State);
        Assert.Contains("gone.git", record.Message, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void Is_not_asked_if_the_project_never_fetches()
    {
        using var scratch = new Scratch();
        var repository = Unreachable(scratch, "fetch = \"never\"");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Empty(record.Warnings());
    }

    [Fact]
    public void Cannot_hang_a_run_by_asking_for_a_password()
    {
        using var scratch = new Scratch();
        var repository = Unreachable(scratch);

        // What git runs for a remote of its own kind: it asks as git asks for https and ssh.
        scratch.Script("bin/git-remote-asks", "printf 'protocol=https\\nhost=example.invalid\\n\\n' | git credential fill >&2; exit 128\n");
        scratch.PutFirstInPath(scratch.Path("bin"));
        repository.Git("remote", "set-url", "origin", "asks::x");
        repository.Git("config", "protocol.asks.allow", "always");

        var record = repository.RunInWorktree("true").Expect(0).Record;

        Assert.Contains(record.Warnings(), warning => warning.Contains("The fetch from 'origin' failed", StringComparison.Ordinal));
    }

    [Fact]
    public void Is_told_once_for_a_base_that_needs_no_remote()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("fetch = \"always\"");
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains("comes from no remote", run.Record.Message, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Theory]
    [InlineData("+refs/*:refs/*")]
    [InlineData("refs/heads/*:refs/heads/*")]
    [InlineData("+refs/mine/*:refs/wt-run/*")]
    public void Is_no_matter_for_a_mirror_which_is_refused_because_a_prune_there_deletes_our_refs(string refspec)
    {
        using var scratch = new Scratch();
        var repository = Unreachable(scratch);
        repository.Git("config", "remote.origin.fetch", refspec);
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree("true").Expect(125);

        Assert.Contains($"(remote.origin.fetch = {refspec})", run.Error, StringComparison.Ordinal);
        Assert.Contains("fetch = \"never\"", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.False(Directory.Exists(repository[".git/wt-run/runs"]));
    }

    private static TestRepository Unreachable(Scratch scratch, params IReadOnlyList<string> keys)
    {
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Configure(keys);
        repository.Git("remote", "set-url", "origin", scratch.Path("gone.git"));
        return repository;
    }
}
