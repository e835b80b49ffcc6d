using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_worktree_that_an_engine_left_in_the_middle_of_something
{
    private const string Conflict = "echo mine > README; git commit -qam Mine; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach HEAD~1; echo other > README; git commit -qam Other; git rev-parse HEAD >> \"$COMMITS\"; ";

    public static TheoryData<string, string> Unfinished { get; } = new()
    {
        { "merge", Conflict + "git merge -q \"$WT_RUN_BRANCH\"" },
        { "merge", Conflict + "git checkout -q \"$WT_RUN_BRANCH\"; git merge -q --no-commit --no-ff -s ours HEAD@{1}" },
        { "rebase", Conflict + "git rebase -q HEAD \"$WT_RUN_BRANCH\"" },
        { "cherry-pick", Conflict + "git cherry-pick \"$WT_RUN_BRANCH\"" },
        { "revert", Conflict + "echo third > README; git commit -qam Third; git revert HEAD~1" },
        { "bisect", Conflict + "git bisect start -q" },
        { "am", Conflict + "git format-patch -q --stdout HEAD~1 > \"$COMMITS.patch\"; git checkout -q \"$WT_RUN_BRANCH\"; git am -q \"$COMMITS.patch\"" },
        { "conflicts", Conflict + "git merge -q \"$WT_RUN_BRANCH\"; rm \"$(git rev-parse --git-dir)/MERGE_HEAD\"" },
        { "no commit", Conflict + "git checkout -q --orphan fresh" },
        { "no commit", Conflict + "git checkout -q \"$WT_RUN_BRANCH\"; git update-ref -d HEAD" },
    };

    [Theory]
    [MemberData(nameof(Unfinished))]
    public void Stays_with_the_reason_and_lands_nothing(string name, string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Set("COMMITS", scratch.Path("commits"));
        var before = repository.Head;

        var record = repository.RunInWorktree($"echo loose > loose; {engine}; true").Expect(120).Record;

        AssertKept(scratch, repository, record, name, before);
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Blocked), (record.State, record.MergeBack?.Result));
    }

    [Theory]
    [MemberData(nameof(Unfinished))]
    public void Stays_with_the_reason_if_the_engine_failed_as_well(string name, string engine)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Set("COMMITS", scratch.Path("commits"));
        var before = repository.Head;

        var record = repository.RunInWorktree($"echo loose > loose; {engine}; exit 3").Expect(3).Record;

        AssertKept(scratch, repository, record, name, before);
        Assert.Equal((RunState.Failed, MergeBackResult.Kept), (record.State, record.MergeBack?.Result));
    }

    [Fact]
    public void Lands_when_a_person_has_finished_it_there()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        scratch.Set("COMMITS", scratch.Path("commits"));
        var record = repository.RunInWorktree($"{Conflict} git merge -q \"$WT_RUN_BRANCH\"; true").Expect(120).Record;

        Assert.Equal(MergeBackResult.Blocked, repository.Land(record).Expect(1).Record.MergeBack?.Result);
        Assert.NotNull(repository.Show(record.Id).Kept);
        scratch.Run(record.Worktree!, "sh", "-c", "echo both > README; git commit -qam Both").Expect(0);
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (landed.State, landed.MergeBack?.Result, landed.Kept));
        Assert.Equal("both\n", repository.Read("README"));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.Equal(["main"], repository.Branches);
        repository.AssertNothingIsLost(scratch, landed);
    }

    private static void AssertKept(Scratch scratch, TestRepository repository, RunRecord record, string name, string before)
    {
        Assert.Equal(record.Worktree, record.Kept?.Path);
        Assert.Contains(name, $"{record.Message} {record.Kept?.Reason}", StringComparison.Ordinal);
        Assert.Equal("loose\n", File.ReadAllText(Path.Combine(record.Worktree!, "loose")));
        Assert.Equal((before, "first\n"), (repository.Head, repository.Read("README")));
        Assert.Equal([$"left worktree {record.Worktree}: kept on purpose: {record.Kept!.Reason}; land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}"], repository.Prune());
        Assert.Equal([repository.Path, record.Worktree!], repository.Worktrees);
        repository.AssertNothingIsLost(scratch, record);
    }
}

public sealed class What_no_ref_can_hold
{
    [Theory]
    [InlineData("git init -q nested; cd nested; echo x > x; git add x; git commit -qm X; cd ..", 0)]
    [InlineData("git init -q nested; cd nested; echo x > x; git add x; git commit -qm X; cd ..; git add nested 2>/dev/null; git commit -qm Nested", 0)]
    [InlineData("git init -q nested; cd nested; echo x > x; git add x; git commit -qm X; cd ..; git add -A 2>/dev/null; exit 3", 3)]
    public void Keeps_the_worktree_and_everything_else_goes_its_way(string engine, int exitCode)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree($"echo work > work; {engine}").Expect(exitCode).Record;

        Assert.Equal(record.Worktree, record.Kept?.Path);
        Assert.Contains("nested", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.Equal(exitCode == 0 ? MergeBackResult.Landed : MergeBackResult.Kept, record.MergeBack?.Result);
        Assert.Equal(exitCode == 0, File.Exists(repository["work"]));
        Assert.Equal("X", scratch.Run(Path.Combine(record.Worktree!, "nested"), "git", "log", "-1", "--format=%s").Expect(0).Output.Trim());
        Assert.Equal([$"left worktree {record.Worktree}: kept on purpose: {record.Kept!.Reason}; land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}"], repository.Prune());
        Assert.True(Directory.Exists(record.Worktree));
    }
}

public sealed class A_HEAD_that_an_engine_left_elsewhere
{
    public static TheoryData<string, string, MergeBackResult> Elsewhere { get; } = new()
    {
        { "detached, behind the run branch", $"{EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach HEAD~1", MergeBackResult.Nothing },
        { "detached, behind the base", $"{EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach HEAD~2", MergeBackResult.Nothing },
        { "detached, ahead", $"git checkout -q --detach; {EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Landed },
        { "detached, beside the run branch", $"{EngineScript.Commit("one")}; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach HEAD~1; {EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Landed },
        { "detached, unrelated", "git checkout -q --detach \"$(git commit-tree -m Elsewhere HEAD^{tree})\"; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Conflict },
        { "on an orphan branch with a commit", $"git checkout -q --orphan fresh; {EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Conflict },
        { "run branch deleted", $"{EngineScript.Commit("one")}; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach; git branch -q -D \"$WT_RUN_BRANCH\"; {EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Landed },
        { "run branch renamed", $"{EngineScript.Commit("work")}; git branch -m mine; git rev-parse HEAD >> \"$COMMITS\"", MergeBackResult.Landed },
        { "run branch moved back", $"{EngineScript.Commit("work")}; git rev-parse HEAD >> \"$COMMITS\"; git checkout -q --detach; git branch -q -f \"$WT_RUN_BRANCH\" HEAD~1", MergeBackResult.Landed },
    };

    [Theory]
    [MemberData(nameof(Elsewhere))]
    public void Is_what_lands_and_nothing_is_lost(string what, string engine, MergeBackResult result)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("second", "second\n");
        scratch.Set("COMMITS", scratch.Path("commits"));

        var isDone = result is MergeBackResult.Landed or MergeBackResult.Nothing;
        var record = repository.RunInWorktree(engine).Expect(isDone ? 0 : 120).Record;

        Assert.Equal((isDone ? RunState.Succeeded : RunState.NeedsMerge, result), (record.State, record.MergeBack?.Result));
        Assert.Equal((what, result == MergeBackResult.Landed), (what, File.Exists(repository["work"])));
        Assert.Equal("", repository.Status);
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Theory]
    [MemberData(nameof(Elsewhere))]
    public void Is_kept_and_nothing_is_lost_if_it_failed(string what, string engine, MergeBackResult result)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("second", "second\n");
        scratch.Set("COMMITS", scratch.Path("commits"));

        var record = repository.RunInWorktree($"{engine}; echo loose > loose; exit 3").Expect(3).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Kept, what, result), (record.State, record.MergeBack?.Result, what, result));
        Assert.Equal("loose", repository.Git("show", $"{record.MergeBack!.Commit}:loose"));
        Assert.False(File.Exists(repository["work"]));
        Assert.Equal([repository.Path], repository.Worktrees);
        File.AppendAllText(scratch.Path("commits"), record.MergeBack.Commit + "\n");
        repository.AssertNothingIsLost(scratch, record);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Does_not_move_the_users_branch_that_it_is_on(int exitCode)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("branch", "theirs");
        repository.Git("checkout", "--quiet", "theirs");
        var theirs = repository.Commit("their-file", "theirs\n");
        repository.Git("checkout", "--quiet", "main");

        var record = repository.RunInWorktree($"git checkout -q theirs; echo loose > loose; exit {exitCode}").Expect(exitCode).Record;

        Assert.Equal(theirs, repository.Git("rev-parse", "theirs"));
        Assert.Equal("loose", repository.Git("show", $"{record.MergeBack!.Commit}:loose"));
        Assert.Equal(exitCode == 0 ? MergeBackResult.Landed : MergeBackResult.Kept, record.MergeBack.Result);
        Assert.Equal(exitCode == 0, File.Exists(repository["loose"]));
        Assert.Equal([repository.Path], repository.Worktrees);
        Assert.True(repository.IsHeldByARef(record.MergeBack.Commit!));
    }
}
