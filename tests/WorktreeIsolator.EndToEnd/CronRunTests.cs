using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_cron_run_in_a_project_with_trigger_worktree
{
    private static readonly string[] Cron = ["run", "--trigger", "cron", "--trigger-id", "nightly", "--json", "--", "sh", "-c"];

    [Fact]
    public void Lands_on_main_and_leaves_nothing_but_its_record()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bare = repository.AddBareRemote();
        repository.Configure("trigger_worktree = true");
        var config = repository.ConfigBytes;
        var remote = scratch.Run(bare, "git", "for-each-ref").Expect(0).Output;

        var record = repository.WtRun.Run([.. Cron, "echo done > CHANGELOG; git add CHANGELOG; git commit -qm 'Tidy the changelog'"]).Expect(0).Record;

        Assert.Equal(RunState.Succeeded, record.State);
        Assert.Equal(new Trigger(TriggerKind.Cron, "nightly"), record.Trigger);
        Assert.Equal("worktree", record.Isolation.Kind);
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(repository.Head, record.MergeBack?.Commit);
        Assert.Equal("Tidy the changelog", repository.Git("log", "-1", "--format=%s"));
        Assert.Equal("done\n", repository.Read("CHANGELOG"));
        Assert.Equal("", repository.Status);
        Assert.Equal(["main"], repository.Branches);
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Empty(RepositoryState.Names(repository[".git/worktrees"]));
        Assert.False(Path.Exists(record.Worktree));
        Assert.Equal(config, repository.ConfigBytes);
        Assert.Equal(remote, scratch.Run(bare, "git", "for-each-ref").Expect(0).Output);
    }

    [Fact]
    public void Leaves_a_users_run_in_the_main_worktree_alone_and_lands_when_that_has_ended()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.AddBareRemote();
        repository.Configure("trigger_worktree = true");
        var gate = new Gate(scratch);
        using var user = repository.WtRun.Start("run", "--", "sh", "-c", $"echo mine >> README; {gate.Step}; cat README");
        gate.AwaitReached();
        var before = repository.Status;
        var head = repository.Head;

        using var cron = repository.WtRun.Start([.. Cron, "echo done > CHANGELOG; git add CHANGELOG; git commit -qm 'Tidy the changelog'"]);
        Eventually.True(() => Waits(repository), "the cron run waits to land");

        Assert.False(cron.HasEnded);
        Assert.Equal(head, repository.Head);
        Assert.Equal(before, repository.Status);
        Assert.False(File.Exists(repository["CHANGELOG"]));

        gate.Open();
        Assert.Contains("first\nmine\n", user.Wait().Expect(0).Output, StringComparison.Ordinal);
        var record = cron.Wait().Expect(0).Record;
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal("done\n", repository.Read("CHANGELOG"));
        Assert.Equal("first\nmine\n", repository.Read("README"));
        Assert.Equal(before, repository.Status);
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Is_a_worktree_run_only_where_the_project_or_a_flag_says_so()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("trigger_worktree = true");

        var user = repository.WtRun.Run("run", "--json", "--", "pwd").Expect(0).Record;
        var forbidden = repository.WtRun.Run("run", "--trigger", "cron", "--no-worktree", "--json", "--", "pwd").Expect(0).Record;
        var webhook = repository.WtRun.Run("run", "--trigger", "webhook", "--json", "--", "pwd").Expect(0).Record;

        Assert.Equal(("in_place", repository.Path), (user.Isolation.Kind, user.Directory));
        Assert.Equal(("in_place", repository.Path), (forbidden.Isolation.Kind, forbidden.Directory));
        Assert.Equal(("worktree", webhook.Worktree), (webhook.Isolation.Kind, webhook.Directory));
        Assert.Contains(webhook.Worktree!, webhook.LogText(), StringComparison.Ordinal);
    }

    private static bool Waits(TestRepository repository) =>
        Directory.EnumerateFiles(repository[".git/wt-run/runs"], "events.jsonl", SearchOption.AllDirectories)
            .Any(file => File.ReadAllText(file).Contains("waiting to land on", StringComparison.Ordinal));
}
