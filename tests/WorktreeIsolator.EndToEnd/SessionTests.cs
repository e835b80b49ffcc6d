using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Runs of a session: one worktree and one branch, one run after another, until a person lands or drops it.</summary>
public sealed class Runs_of_a_session : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Runs_of_a_session() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Find_what_the_one_before_left_and_land_nothing()
    {
        _repository.Commit(".gitignore", "cache\n");
        var first = _repository.RunInSession("chat", $"{EngineScript.Commit("one")}; echo two > two; echo mine > cache; echo $WT_RUN_SESSION").Expect(0).Record;
        var second = _repository.RunInSession("chat", "cat one two cache > seen; echo three > three").Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Kept, "chat", "wt/session/chat"), (first.State, first.MergeBack?.Result, first.Session, first.Branch));
        Assert.Equal("--session", first.Isolation.Reason);
        Assert.Equal((_repository[".worktrees/session-chat"], first.Worktree), (first.Worktree, second.Worktree));
        Assert.Equal("work\ntwo\nmine", _repository.Git("show", "wt/session/chat:seen"));
        Assert.Equal("chat\n", first.LogText());
        Assert.Equal(_repository.Git("rev-parse", "wt/session/chat"), second.MergeBack?.Commit);
        Assert.Equal(first.MergeBack!.Commit, _repository.Git("rev-parse", "wt/session/chat^"));
        Assert.Equal((first.Base, null, null), (second.Base, second.Kept, second.Hint));
        Assert.False(File.Exists(_repository["one"]));
        Assert.Contains("locked wt-run session chat", _repository.Git("worktree", "list", "--porcelain"), StringComparison.Ordinal);
        Assert.Equal("", _scratch.Run(first.Worktree!, "git", "status", "--porcelain").Expect(0).Output);
    }

    [Fact]
    public void Wait_for_the_first_one_while_that_makes_the_worktree()
    {
        var gate = new Gate(_scratch);
        _repository.Configure($"setup = [\"{_scratch.Script("setup", gate.Step + "\n")}\"]");
        using var first = _repository.WtRun.Start("run", "--session", "chat", "--json", "--", "touch", "first");
        gate.AwaitReached();
        using var second = _repository.WtRun.Start("run", "--session", "chat", "--json", "--", "test", "-e", "first");
        Eventually.True(() => second.HasEnded || _repository.Runs().Any(run => run.State == RunState.Queued), "the second one waits");

        gate.Open();

        first.Wait().Expect(0);
        second.Wait().Expect(0);
    }

    [Fact]
    public void Are_set_up_once_and_keep_placed_files_out_of_every_commit()
    {
        _repository.Commit(".gitignore", "node_modules/\n");
        _repository.Write("node_modules/package", "big");
        _repository.Configure("link = [\"node_modules\"]", $"setup = [\"sh\", \"-c\", \"echo once >> '{_scratch.Path("setup")}'\"]");

        _repository.RunInSession("chat", "git add -A; echo one > one").Expect(0);
        _repository.RunInSession("chat", "git add -A -f; echo two > two; test -e node_modules/package").Expect(0);

        Assert.Equal(["once"], File.ReadAllLines(_scratch.Path("setup")));
        Assert.Equal(".gitignore\nREADME\none\ntwo\nwt-run.toml", _repository.Git("ls-tree", "-r", "--name-only", "wt/session/chat"));
    }

    [Fact]
    public void That_failed_keep_their_work_in_it_too()
    {
        var failed = _repository.RunInSession("chat", "echo half > half; exit 3").Expect(3).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Kept, null), (failed.State, failed.MergeBack?.Result, failed.Kept));
        Assert.Equal("half", _repository.Git("show", "wt/session/chat:half"));
        _repository.RunInSession("chat", "test -e half").Expect(0);
    }

    [Fact]
    public void Whose_work_git_could_not_commit_leave_it_in_the_worktree_and_keep_nothing_of_their_own()
    {
        _repository.Git("config", "filter.broken.clean", $"test -e '{_scratch.Path("mended")}' && cat");
        _repository.Git("config", "filter.broken.smudge", "cat");
        _repository.Git("config", "filter.broken.required", "true");
        _repository.Commit(".gitattributes", "*.x filter=broken\n");

        var first = _repository.RunInSession("chat", "echo one > one.x").Expect(125).Record;

        Assert.Equal((RunState.Failed, MergeBackResult.Kept, null), (first.State, first.MergeBack?.Result, first.Kept));
        Assert.Contains("could not be committed", first.Message, StringComparison.Ordinal);
        Assert.EndsWith("wt-run land chat", first.Hint, StringComparison.Ordinal);
        File.WriteAllText(_scratch.Path("mended"), "");
        _repository.RunInSession("chat", "cat one.x > seen").Expect(0);
        Assert.Equal("one", _repository.Git("show", "wt/session/chat:seen"));
        _repository.WtRun.Run("land", "chat").Expect(0);
        Assert.Equal("one\n", _repository.Read("one.x"));
    }

    [Fact]
    public void Go_back_to_its_branch_wherever_the_engine_left_head()
    {
        _repository.RunInSession("chat", $"git checkout -q --detach; {EngineScript.Commit("one")}; echo dirt > dirt").Expect(0);
        _repository.RunInSession("chat", $"git symbolic-ref HEAD > head; git switch -qc elsewhere; {EngineScript.Commit("two")}").Expect(0);
        var last = _repository.RunInSession("chat", "git symbolic-ref HEAD > head2").Expect(0).Record;

        Assert.Equal("refs/heads/wt/session/chat", _repository.Git("show", "wt/session/chat:head"));
        Assert.Equal("refs/heads/wt/session/chat", _repository.Git("show", "wt/session/chat:head2"));
        Assert.Equal("README\ndirt\nhead\nhead2\none\ntwo", _repository.Git("ls-tree", "--name-only", "wt/session/chat"));
        Assert.Equal("", _scratch.Run(last.Worktree!, "git", "status", "--porcelain").Expect(0).Output);
    }

    [Fact]
    public void Go_one_after_another_in_the_order_in_which_they_came()
    {
        var gate = new Gate(_scratch);
        using var first = Start("chat", gate.Step);
        gate.AwaitReached();
        using var second = Start("chat", "echo 2 >> order");
        AwaitQueued(1);
        using var third = Start("chat", "echo 3 >> order");
        AwaitQueued(2);
        _repository.RunInSession("chat", "true", "--if-busy", "skip").Expect(121);
        _repository.RunInSession("chat", "true", "--wait-timeout", "50ms").Expect(123);
        _repository.RunInSession("other", "echo alone > alone").Expect(0);

        gate.Open();
        var records = new[] { first, second, third }.Select(run => run.Wait().Expect(0).Record).ToList();

        Assert.All(records, record => Assert.Equal(RunState.Succeeded, record.State));
        Assert.Equal("2\n3", _repository.Git("show", "wt/session/chat:order"));
        Assert.Equal("alone", _repository.Git("show", "wt/session/other:alone"));
    }

    [Fact]
    public void Do_not_wait_for_the_run_inside_which_they_were_started()
    {
        var run = _repository.RunInSession("chat", $"'{WtRun.Program}' run --session chat -- true; echo \"inner: $?\" > inner").Expect(0).Record;

        Assert.Equal("inner: 121", _repository.Git("show", "wt/session/chat:inner"));
        Assert.Contains("it would wait for itself", run.LogText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Go_on_from_the_branch_when_the_worktree_was_deleted_by_hand()
    {
        _repository.Configure($"setup = [\"sh\", \"-c\", \"echo once >> '{_scratch.Path("setup")}'\"]");
        var first = _repository.RunInSession("chat", $"{EngineScript.Commit("one")}; echo two > two").Expect(0).Record;
        File.WriteAllText(Path.Combine(first.Worktree!, "staged"), "staged by hand");
        _scratch.Run(first.Worktree!, "git", "add", "staged").Expect(0);
        _scratch.Run(_scratch.Root, "rm", "-rf", first.Worktree!).Expect(0);

        var second = _repository.RunInSession("chat", "cat one two > seen").Expect(0).Record;

        Assert.Equal((first.Worktree, RunState.Succeeded), (second.Worktree, second.State));
        Assert.Equal("work\ntwo", _repository.Git("show", "wt/session/chat:seen"));
        Assert.Contains("made anew", Assert.Single(second.Warnings(), text => text.Contains("is gone", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal($"refs/wt-run/{second.Id}", second.RescueRef);
        Assert.Equal(2, File.ReadAllLines(_scratch.Path("setup")).Length);
        Assert.Equal([_repository.Path, first.Worktree!], _repository.Worktrees);
    }

    [Fact]
    public void Refuse_a_directory_that_is_no_longer_the_session_s_and_touch_nothing_there()
    {
        var first = _repository.RunInSession("chat", "echo one > one").Expect(0).Record;
        File.Delete(Path.Combine(first.Worktree!, ".git"));

        var refused = _repository.RunInSession("chat", "echo two > two").Expect(125).Record;

        Assert.Equal(RunState.Failed, refused.State);
        Assert.Contains("rm -rf", refused.Hint!, StringComparison.Ordinal);
        Assert.Equal(["one", "README"], RepositoryState.Names(first.Worktree!).Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public void That_never_began_leave_nothing()
    {
        _repository.Configure("setup = [\"false\"]");
        var before = RepositoryState.Of(_repository);

        _repository.RunInSession("chat", "true").Expect(125);

        Assert.Equal(before, RepositoryState.Of(_repository));
        Assert.DoesNotContain("chat", _repository.WtRun.Run("list").Expect(0).Output.Split("\n\n").Skip(1));
    }

    [Fact]
    public void Whose_supervisor_was_killed_are_interrupted_with_their_work_in_the_session()
    {
        _repository.RunInSession("chat", "echo one > one").Expect(0);
        var gate = new Gate(_scratch);
        using (var killed = Start("chat", $"echo two > two; {gate.Step}"))
        {
            gate.AwaitReached();
            killed.Kill();
        }

        var next = _repository.RunInSession("chat", "cat one two > seen").Expect(0).Record;

        Assert.Equal(RunState.Interrupted, _repository.Runs()[1].State);
        Assert.Equal(MergeBackResult.Kept, _repository.Runs()[1].MergeBack?.Result);
        Assert.Equal("one\ntwo", _repository.Git("show", $"{next.MergeBack!.Commit}:seen"));
        Assert.Equal(next.MergeBack.Commit, _repository.Git("rev-parse", "wt/session/chat"));
    }

    [Fact]
    public void Whose_supervisor_was_killed_during_the_first_set_up_leave_no_session()
    {
        var gate = new Gate(_scratch);
        var script = _scratch.Script("setup", $"test -e '{_scratch.Path("again")}' || {{ {gate.Step}; }}\n");
        _repository.Configure($"setup = [\"{script}\"]");
        var before = RepositoryState.Of(_repository);
        using (var killed = Start("chat", "true"))
        {
            gate.AwaitReached();
            killed.Kill();
        }

        _repository.WtRun.Run("list").Expect(0);
        Assert.Equal(before, RepositoryState.Of(_repository));
        File.WriteAllText(_scratch.Path("again"), "");
        _repository.RunInSession("chat", "echo one > one").Expect(0);
    }

    [Theory]
    [InlineData("-x")]
    [InlineData(".x")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a..b")]
    [InlineData("a.lock")]
    [InlineData("ä")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Are_refused_under_a_name_that_is_none(string name)
    {
        var refused = _repository.WtRun.Run("run", $"--session={name}", "--", "true").Expect(125);

        Assert.Contains("is no name for a session", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData("--no-worktree")]
    [InlineData("--branch", "x")]
    [InlineData("--merge-back", "merge")]
    [InlineData("--base", "v1")]
    public void Are_refused_with_what_contradicts_a_session(params string[] options)
    {
        _repository.Git("tag", "v1");
        _repository.RunInSession("chat", "true", "--base", "main").Expect(0);
        var before = RepositoryState.Of(_repository);

        var refused = _repository.WtRun.Run(["run", "--session", "chat", .. options, "--", "true"]).Expect(125);

        Assert.Contains("ession", refused.Error, StringComparison.Ordinal);
        Assert.Contains("hint: ", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(_repository));
        _repository.RunInSession("chat", "true", "--base", "main").Expect(0);
    }

    [Fact]
    public void Tell_their_engine_the_session_s_name_where_its_command_asks_for_it()
    {
        _repository.Commit(
            "wt-run.toml",
            """
            [projects.repo]
            path = "."
            [engines.agent]
            command = ["sh", "-c", "echo \"$1 $2\"", "agent", "--resume={session}", "{session}"]
            """);

        var run = _repository.WtRun.Run("run", "--session", "chat", "--engine", "agent", "--json").Expect(0).Record;
        var refused = _repository.WtRun.Run("run", "--worktree", "--engine", "agent").Expect(125);

        Assert.Equal("--resume=chat chat\n", run.LogText());
        Assert.Contains("--session NAME", refused.Error, StringComparison.Ordinal);
    }

    private BackgroundRun Start(string session, string script) => _repository.WtRun.Start("run", "--session", session, "--json", "--", "sh", "-c", script);

    private void AwaitQueued(int position) => Eventually.True(
        () => _repository.Runs().Any(record => record.State == RunState.Queued && record.Queue?.Position == position),
        string.Create(CultureInfo.InvariantCulture, $"a run waits at position {position}"));
}
