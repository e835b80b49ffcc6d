using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class What_stands_between_a_landing_and_its_target
{
    private static readonly string Work = $"{EngineScript.Commit("work")}; mkdir -p deep; {EngineScript.Commit("deep/er")}; {EngineScript.Commit("README", "changed")}";

    [Theory]
    [InlineData("run", "main 0\n")]
    [InlineData("skip", "")]
    public void The_post_merge_hook_of_the_checkout_runs_only_if_the_project_runs_hooks(string hooks, string expected)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure($"hooks = \"{hooks}\"");
        scratch.Script("repo/.git/hooks/post-merge", $"echo \"$(git symbolic-ref --short HEAD) $1\" >> '{scratch.Path("ran")}'; test \"$PWD\" = '{repository.Path}' || echo \"$PWD\" >> '{scratch.Path("ran")}'\n");

        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree(Work).Expect(0).Record.MergeBack?.Result);

        Assert.Equal(expected, File.Exists(scratch.Path("ran")) ? File.ReadAllText(scratch.Path("ran")) : "");
    }

    [Fact]
    public void A_hook_from_a_tracked_hooks_directory_runs_in_the_checkout()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("config", "core.hooksPath", ".hooks");
        scratch.Script("repo/.hooks/post-merge", $"pwd > '{scratch.Path("ran")}'\n");
        repository.Git("add", ".hooks");
        repository.Git("commit", "--quiet", "-m", "Add a hook");

        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree(Work).Expect(0).Record.MergeBack?.Result);

        Assert.Equal(repository.Path + "\n", File.ReadAllText(scratch.Path("ran")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hook_that_refuses_leaves_the_checkout_as_it_was(bool isCheckedOut)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script("repo/.git/hooks/reference-transaction", "test \"$1\" != prepared || ! grep -q ' refs/heads/main$' || { echo 'main is closed' >&2; exit 1; }\n");
        repository.Git("checkout", "--quiet", isCheckedOut ? "main" : "-b", isCheckedOut ? "--" : "mine");
        repository.Write("untracked", "the user's own file\n");
        var before = RepositoryState.Of(repository);

        var record = repository.RunInWorktree(Work, "--base", "main").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Rejected), (record.State, record.MergeBack?.Result));
        Assert.Contains("main is closed", record.Message, StringComparison.Ordinal);
        Assert.Equal("work", repository.Git("show", $"{record.Branch}:work"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.False(Directory.Exists(repository["deep"]));

        File.Delete(repository[".git/hooks/reference-transaction"]);
        var landed = repository.Land(record).Expect(0).Record;
        Assert.Equal(MergeBackResult.Landed, landed.MergeBack?.Result);
        repository.Git("update-ref", "refs/heads/main", record.Base!.Commit);
        repository.Git("reset", "--quiet", "--hard");
        Assert.Equal(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void A_hook_that_keeps_branches_from_being_deleted_changes_nothing_of_what_landed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script(
            "repo/.git/hooks/reference-transaction", "test \"$1\" != prepared || ! grep -q ' 0000000000000000000000000000000000000000 refs/heads/' || { echo 'branches stay' >&2; exit 1; }\n");

        var record = repository.RunInWorktree(Work).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Contains("branches stay", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Equal(["main", record.Branch!], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void A_worktree_that_cannot_be_removed_changes_nothing_of_what_landed_and_is_left_to_prune()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree($"{Work}; echo x > ../.trash").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Contains("wt-run prune", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Equal([repository.Path, record.Worktree!], repository.Worktrees);

        File.Delete(repository[".worktrees/.trash"]);
        Assert.StartsWith($"took worktree {record.Worktree}", repository.Prune()[0], StringComparison.Ordinal);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void A_filter_that_fails_in_the_middle_leaves_the_checkout_as_it_was()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("config", "filter.download.clean", "cat");
        repository.Git("config", "filter.download.smudge", $"test ! -e '{scratch.Path("offline")}' && cat");
        repository.Git("config", "filter.download.required", "true");
        repository.Commit(".gitattributes", "*.big filter=download\n");
        repository.Write("untracked", "the user's own file\n");
        repository.Write("deep/mine", "the user's own file\n");
        var status = repository.Status;
        var head = repository.Head;

        var record = repository.RunInWorktree(
            $"{Work}; mkdir -p a; echo 1 > a/first; echo big > z.big; git add .; git commit -qm Big; touch '{scratch.Path("offline")}'").Expect(120).Record;

        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Rejected), (record.State, record.MergeBack?.Result));
        Assert.Contains("z.big", record.Message, StringComparison.Ordinal);
        Assert.Equal((head, status), (repository.Head, repository.Status));
        Assert.Equal(("first\n", "the user's own file\n"), (repository.Read("README"), repository.Read("deep/mine")));
        Assert.False(Directory.Exists(repository["a"]));

        File.Delete(scratch.Path("offline"));
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal(("changed\n", "big\n", "the user's own file\n"), (repository.Read("README"), repository.Read("z.big"), repository.Read("deep/mine")));
    }

    [Fact]
    public void A_merge_that_is_killed_in_the_middle_leaves_the_checkout_as_it_was()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("config", "filter.slow.clean", "cat");
        repository.Git("config", "filter.slow.smudge", $"test ! -e '{scratch.Path("armed")}' && cat || kill -9 $(ps -o ppid= -p $$)");
        repository.Commit(".gitattributes", "*.big filter=slow\n");
        repository.Configure("land_wait = \"0s\"");
        var head = repository.Head;

        var record = repository.RunInWorktree($"{Work}; echo big > z.big; git add .; git commit -qm Big; touch '{scratch.Path("armed")}'").Expect(120).Record;

        Assert.Equal(RunState.NeedsMerge, record.State);
        Assert.Equal((head, "first\n"), (repository.Head, repository.Read("README")));
        Assert.False(Directory.Exists(repository["deep"]));
        Assert.Equal("", repository.Status);

        File.Delete(scratch.Path("armed"));
        Assert.False(File.Exists(repository[".git/index.lock"]));
        repository.RunInWorktree("echo more > more", "--trigger", "cron").Expect(0);
        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal(("changed\n", "big\n", ""), (repository.Read("README"), repository.Read("z.big"), repository.Status));
    }
}
