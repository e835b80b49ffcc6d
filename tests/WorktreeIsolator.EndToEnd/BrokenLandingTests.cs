using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>wt-run and git are both killed while git moves the user's checkout forward; a smudge filter or a hook holds git at one point of that.</summary>
public sealed class A_checkout_whose_fast_forward_was_killed : IDisposable
{
    private const string Changes =
        "mkdir -p a z; echo added > a/added; echo changed > b.changed; git rm -q c.deleted; ln -sf elsewhere d.link; "
        + "echo slow > m.slow; echo added > z/added; echo changed > z.changed; git rm -q z.deleted; git add .; git commit -qm Changes";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;
    private readonly string _before;
    private readonly string _head;

    public A_checkout_whose_fast_forward_was_killed()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
        _repository.Git("config", "filter.slow.clean", "cat");
        _repository.Git("config", "filter.slow.smudge", "cat");
        _repository.Write(".gitattributes", "*.slow filter=slow\n");
        _repository.Write(".gitignore", "*.ignored\n");
        foreach (var name in new[] { "b.changed", "c.deleted", "d.link", "m.slow", "users", "staged", "z.changed", "z.deleted" })
        {
            _repository.Write(name, "first\n");
        }

        _repository.Git("add", ".");
        _repository.Git("commit", "--quiet", "-m", "Files");
        _repository.Write("users", "the user's own change\n");
        _repository.Write("staged", "the user's own change\n");
        _repository.Git("add", "staged");
        _repository.Write("untracked", "the user's own file\n");
        _repository.Write("a/mine", "the user's own file\n");
        _repository.Write("kept.ignored", "the user's own file\n");
        (_before, _head) = (Snapshot(), _repository.Head);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void While_files_were_written_is_what_it_was()
    {
        KillBoth(HoldInFilter);

        AssertHealed(_repository.RunInWorktree("true").Expect(0).Record.Id);
    }

    [Fact]
    public void Is_not_healed_of_a_landing_that_was_refused()
    {
        _repository.Git("stash", "--quiet");
        _repository.Write("b.changed", "in the way\n");
        var record = _repository.RunInWorktree("echo work > b.changed; echo work > z.changed; git commit -qam Work").Expect(120).Record;
        _repository.Git("checkout", "--quiet", "b.changed");
        _repository.Git("merge", "--quiet", "--squash", record.Branch!);
        var staged = _repository.Git("diff", "--cached");

        // As a 'wt-run drop' leaves it that is killed as it begins.
        File.WriteAllBytes(_repository[$".git/wt-run/active/{record.Id}"], []);
        _repository.WtRun.Run("list").Expect(0);

        Assert.Empty(RepositoryState.Names(_repository[".git/wt-run/active"]));
        Assert.Equal(staged, _repository.Git("diff", "--cached"));
        Assert.Equal("work\n", _repository.Read("z.changed"));
    }

    [Theory]
    [InlineData("a file that was half written", "printf ad > z/added")]
    [InlineData("a file that was just opened", "mkdir -p z; : > z/added")]
    [InlineData("a changed file that was half written", "printf cha > z.changed")]
    [InlineData("a file that was just deleted", "rm z.changed")]
    public void While_a_file_was_written_is_what_it_was(string what, string state)
    {
        KillBoth(HoldInFilter);
        _scratch.Run(_repository.Path, "sh", "-c", $"mkdir -p z; {state}").Expect(0);

        Assert.NotEmpty(what);
        AssertHealed(_repository.RunInWorktree("true").Expect(0).Record.Id);
    }

    [Fact]
    public void Before_the_branch_was_moved_is_what_it_was()
    {
        KillBoth(() => _scratch.Script(
            "repo/.git/hooks/reference-transaction", $"if test $1 = prepared && grep -q ' refs/heads/main$' && rm '{_scratch.Path("armed")}'; then {_gate.Step}; fi\n"));
        Assert.Equal(_head, _repository.Head);
        File.Delete(_repository[".git/hooks/reference-transaction"]);

        AssertHealed(_repository.RunInWorktree("true").Expect(0).Record.Id);
    }

    [Fact]
    public void After_the_branch_was_moved_has_all_of_it()
    {
        KillBoth(() => _scratch.Script("repo/.git/hooks/post-merge", $"rm '{_scratch.Path("armed")}'; {_gate.Step}\n"));

        _repository.Prune();

        var record = Assert.Single(_repository.Runs());
        Assert.Equal((RunState.Interrupted, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal(("changed\n", "added\n", "slow\n"), (_repository.Read("b.changed"), _repository.Read("z/added"), _repository.Read("m.slow")));
        Assert.Equal("M  staged\n M users\n?? a/mine\n?? untracked", _repository.Status);
        Assert.Equal("the user's own file\n", _repository.Read("kept.ignored"));
    }

    [Fact]
    public void Is_left_to_git_if_that_lives_on()
    {
        HoldInFilter();
        using var run = Start();
        _gate.AwaitReached();
        run.Kill();
        using var prune = _repository.WtRun.Start("prune");
        _gate.Open();
        prune.Wait().Expect(0);

        var record = Assert.Single(_repository.Runs());
        Assert.Equal((RunState.Interrupted, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal("M  staged\n M users\n?? a/mine\n?? untracked", _repository.Status);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void By_hand_is_what_it_was_after_the_next_command()
    {
        var record = _repository.WtRun.Run("run", "--worktree", "--merge-back", "branch", "--json", "--", "sh", "-c", Changes).Expect(0).Record;
        KillBoth(HoldInFilter, () =>
        {
            _scratch.Write("armed", "");
            return _repository.WtRun.Start("land", record.Id);
        });

        Assert.Equal(RunState.Succeeded, Assert.Single(_repository.Runs()).State);
        Assert.Equal((_head, _before), (_repository.Head, Snapshot()));
        Assert.Empty(Directory.EnumerateFiles(_repository[".git"], "*.lock"));
        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal("M  staged\n M users\n?? a/mine\n?? untracked", _repository.Status);
    }

    [Fact]
    public void Keeps_what_its_user_did_to_it_afterwards()
    {
        KillBoth(HoldInFilter);
        _repository.Write("b.changed", "mended by hand\n");

        _repository.RunInWorktree("true").Expect(0);

        Assert.Equal("mended by hand\n", _repository.Read("b.changed"));
        Assert.False(File.Exists(_repository["a/added"]));
        Assert.False(File.Exists(_repository[".git/index.lock"]));
        Assert.Contains(
            "git status", Assert.Single(_repository.Runs(), record => record.State == RunState.Interrupted).Hint, StringComparison.Ordinal);
    }

    private void HoldInFilter() =>
        _repository.Git("config", "filter.slow.smudge", $"if test \"$PWD\" = '{_repository.Path}' && rm '{_scratch.Path("armed")}'; then {_gate.Step}; fi 2>/dev/null; cat");

    private BackgroundRun Start() => _repository.WtRun.Start(
        "run", "--worktree", "--json", "--", "sh", "-c", $"{Changes}; touch '{_scratch.Path("armed")}'");

    /// <summary>Runs until the fast-forward has reached the gate, then kills wt-run, git and what git had started.</summary>
    private void KillBoth(Action hold, Func<BackgroundRun>? start = null)
    {
        hold();
        using var run = (start ?? Start)();
        _gate.AwaitReached();
        run.Kill();
        var git = _scratch.Run(_repository.Path, "pgrep", "-f", "merge --ff-only --no-overwrite-ignore").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Single(pid => new FileInfo($"/proc/{pid}/cwd").LinkTarget == _repository.Path);
        _scratch.Run(_repository.Path, "kill", "-9", "--", "-" + git).Expect(0);
        Eventually.True(() => ProcessEntry.Read(int.Parse(git, CultureInfo.InvariantCulture)) is not { IsRunning: true }, "git is gone");
    }

    private void AssertHealed(string next)
    {
        var record = Assert.Single(_repository.Runs(), record => record.Id != next);
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept, null), (record.State, record.MergeBack?.Result, record.Hint));
        Assert.Equal((_head, _before), (_repository.Head, Snapshot()));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Empty(Directory.EnumerateFiles(_repository[".git"], "*.lock"));

        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal(("changed\n", "added\n", "slow\n"), (_repository.Read("z.changed"), _repository.Read("z/added"), _repository.Read("m.slow")));
        Assert.Equal("M  staged\n M users\n?? a/mine\n?? untracked", _repository.Status);
    }

    /// <summary>The index, and every file with its content.</summary>
    private string Snapshot() => _scratch.Run(
        _repository.Path,
        "sh", "-c", "GIT_OPTIONAL_LOCKS=0 git ls-files --stage; GIT_OPTIONAL_LOCKS=0 git status --porcelain --ignored=no; find . -path ./.git -prune -o -path ./.worktrees -prune -o ! -type d -print | sort | while read -r f; do echo \"$f $(readlink \"$f\") $(cat \"$f\" 2>/dev/null)\"; done").Expect(0).Output;
}
