using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_hooks_of_a_repository
{
    [Fact]
    public void Run_after_the_checkout_as_git_itself_would_run_them()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script("repo/.git/hooks/post-checkout", $"echo \"$@\" > '{scratch.Path("arguments")}'; pwd >> '{scratch.Path("arguments")}'; echo hook > from-hook\n");
        var zero = new string('0', 40);

        var record = repository.RunInWorktree("test -e from-hook").Expect(0).Record;

        Assert.Equal($"{zero} {record.Base!.Commit} 1\n{record.Worktree}\n", File.ReadAllText(scratch.Path("arguments")));
        Assert.Empty(record.Warnings());
    }

    [Fact]
    public void That_refuse_a_new_branch_fail_the_run_with_their_words_and_nothing_stays()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script("repo/.git/hooks/reference-transaction", "echo no branches today >&2; exit 1\n");

        var record = repository.RunInWorktree("true").Expect(125).Record;

        // 255 is no signal.
        Assert.Contains("failed with exit code 255:", record.Message, StringComparison.Ordinal);
        Assert.Contains("no branches today", record.Message, StringComparison.Ordinal);
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Run_from_a_hooks_directory_that_the_repository_tracks()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Git("config", "core.hooksPath", ".hooks");
        scratch.Script("repo/.hooks/post-checkout", "echo hook > from-hook\n");
        repository.Git("add", ".");
        repository.Git("commit", "--quiet", "-m", "Add a hook");
        repository.Git("push", "--quiet");

        // The checkout of the user is older than the base, and has no such hook.
        repository.Git("checkout", "--quiet", "-b", "mine", "HEAD~1");

        repository.RunInWorktree("test -e from-hook", "--base", "origin/main").Expect(0);
    }

    [Fact]
    public void Do_not_run_if_the_project_skips_them()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("hooks = \"skip\"");
        foreach (var name in new[] { "post-checkout", "reference-transaction", "pre-commit", "post-commit", "post-merge", "commit-msg" })
        {
            scratch.Script($"repo/.git/hooks/{name}", $"echo {name} >> '{scratch.Path("ran")}'\n");
        }

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("", File.Exists(scratch.Path("ran")) ? File.ReadAllText(scratch.Path("ran")) : "");
    }

    [Fact]
    public void Are_a_warning_if_they_fail()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Script("repo/.git/hooks/post-checkout", "echo no such luck; exit 7\n");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Contains("exit code 7", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Contains("no such luck", record.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Are_ended_with_all_their_processes_when_their_time_is_over_and_the_run_goes_on()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("setup_timeout = \"2s\"");
        scratch.Script("repo/.git/hooks/post-checkout", $"{EngineScript.InOneGo($"echo begun; sleep 600 & echo $! > '{scratch.Path("child")}'")}; sleep 600\n");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Contains("took longer than 2s (setup_timeout)", Assert.Single(record.Warnings()), StringComparison.Ordinal);
        Assert.Contains("begun", record.LogText(), StringComparison.Ordinal);
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(scratch.Path("child")).Trim()}"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Do_not_touch_the_commits_that_wt_run_makes_itself()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        foreach (var name in new[] { "pre-commit", "commit-msg", "prepare-commit-msg" })
        {
            scratch.Script($"repo/.git/hooks/{name}", "exit 1\n");
        }

        repository.Git("config", "commit.gpgSign", "true");
        repository.Git("config", "gpg.program", "false");

        var record = repository.RunInWorktree("echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("work\n", repository.Read("work"));
    }

    [Fact]
    public void See_the_run_in_their_environment_but_no_secret()
    {
        using var scratch = new Scratch();
        scratch.Set("HOOK_SECRET", "do not tell");
        var repository = new TestRepository(scratch).Configure(
            "[[triggers.webhooks]]", "id = \"push\"", "path = \"/push\"", "auth = \"hmac-sha256\"", "secret_env = [\"HOOK_SECRET\"]", "project = \"repo\"", "engine = \"claude\"", "prompt_template = \"x\"");
        scratch.Script("repo/.git/hooks/post-checkout", $"echo \"$WT_RUN_ID\" > '{scratch.Path("id")}'; env > '{scratch.Path("environment")}'\n");

        var record = repository.RunInWorktree("env").Expect(0).Record;

        Assert.Equal(record.Id + "\n", File.ReadAllText(scratch.Path("id")));
        Assert.DoesNotContain("do not tell", File.ReadAllText(scratch.Path("environment")), StringComparison.Ordinal);
        Assert.DoesNotContain("do not tell", record.LogText(), StringComparison.Ordinal);
    }
}
