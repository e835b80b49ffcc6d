using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Ending_a_session : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Ending_a_session() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void By_landing_merges_what_all_its_runs_made()
    {
        _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0);
        var last = _repository.RunInSession("chat", "echo two > two").Expect(0).Record;
        File.WriteAllText(Path.Combine(last.Worktree!, "by-hand"), "mine");
        _repository.Commit("theirs", "theirs");

        var landed = Land("chat").Expect(0).Record;

        Assert.Equal((last.Id, RunState.Succeeded, MergeBackResult.Landed), (landed.Id, landed.State, landed.MergeBack?.Result));
        Assert.Equal("README\nby-hand\none\ntheirs\ntwo", _repository.Git("ls-files"));
        Assert.StartsWith("Merge session chat into main", _repository.Git("log", "-1", "--format=%s"), StringComparison.Ordinal);
        AssertEnded();
        Assert.Contains("There is no", Land("abcd").Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("has ended", Land(last.Id).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void That_conflicts_is_put_off_until_a_person_or_the_next_run_has_resolved_it()
    {
        var run = _repository.RunInSession("chat", EngineScript.Commit("README", "mine")).Expect(0).Record;
        _repository.Commit("README", "theirs\n");

        var conflict = Land("chat").Expect(1).Record;
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (conflict.State, conflict.MergeBack?.Result));
        Assert.Contains($"git -C {run.Worktree} switch wt/session/chat", conflict.Hint!, StringComparison.Ordinal);
        Assert.True(Directory.Exists(run.Worktree));

        _repository.RunInSession("chat", "git merge -q main; echo both > README; git commit -qam resolved").Expect(0);
        Assert.Equal((RunState.Succeeded, MergeBackResult.Kept), (_repository.Show(run.Id).State, _repository.Show(run.Id).MergeBack?.Result));
        Assert.Contains("wt-run land chat", Land(run.Id).Expect(1).Error, StringComparison.Ordinal);
        Land("chat").Expect(0);

        Assert.Equal("both\n", _repository.Read("README"));
        AssertEnded();
    }

    [Fact]
    public void Whose_verify_fails_goes_on_on_its_branch()
    {
        _repository.Configure("verify = [\"sh\", \"-c\", \"echo junk > junk; test -e good\"]");
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        _repository.Commit("theirs", "theirs");

        var failed = Land("chat").Expect(1).Record;

        Assert.Equal(MergeBackResult.VerifyFailed, failed.MergeBack?.Result);
        Assert.Equal("refs/heads/wt/session/chat\n", _scratch.Run(run.Worktree!, "git", "symbolic-ref", "HEAD").Expect(0).Output);
        Assert.Equal("", _scratch.Run(run.Worktree!, "git", "status", "--porcelain").Expect(0).Output);
        _repository.RunInSession("chat", "test ! -e theirs && test ! -e junk && echo good > good").Expect(0);
        Land("chat").Expect(0);
        Assert.Equal("README\ngood\none\ntheirs\nwt-run.toml", _repository.Git("ls-files"));
        AssertEnded();
    }

    [Fact]
    public void That_was_killed_in_the_middle_leaves_the_session_as_it_was()
    {
        var gate = new Gate(_scratch);
        var script = _scratch.Script("verify", $"echo junk > junk; test -e '{_scratch.Path("again")}' || {{ {gate.Step}; }}\n");
        _repository.Configure($"verify = [\"{script}\"]");
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        _repository.Commit("theirs", "theirs");
        using (var killed = _repository.WtRun.Start("land", "chat"))
        {
            gate.AwaitReached();
            killed.Kill();
        }

        File.WriteAllText(_scratch.Path("again"), "");
        var next = _repository.RunInSession("chat", "test ! -e theirs && test ! -e junk && echo two > two").Expect(0).Record;

        Assert.Equal(run.MergeBack!.Commit, _repository.Git("rev-parse", $"{next.MergeBack!.Commit}^"));
        Land("chat").Expect(0);
        Assert.Equal("README\none\ntheirs\ntwo\nwt-run.toml", _repository.Git("ls-files"));
        AssertEnded();
    }

    [Fact]
    public void By_landing_works_from_its_branch_when_the_worktree_was_deleted_by_hand()
    {
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        _scratch.Run(_scratch.Root, "rm", "-rf", run.Worktree!).Expect(0);

        Land("chat").Expect(0);

        Assert.Equal("work\n", _repository.Read("one"));
        AssertEnded();
    }

    [Fact]
    public void By_landing_what_no_run_has_changed_just_ends_it()
    {
        _repository.RunInSession("chat", "true").Expect(0);

        Assert.Equal(MergeBackResult.Nothing, Land("chat").Expect(0).Record.MergeBack?.Result);
        AssertEnded();
    }

    [Fact]
    public void By_dropping_brings_everything_under_the_rescue_ref_of_its_last_run()
    {
        _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0);
        var last = _repository.RunInSession("chat", "echo two > two").Expect(0).Record;
        File.WriteAllText(Path.Combine(last.Worktree!, "by-hand"), "mine");

        var dropped = _repository.WtRun.Run("drop", "chat", "--json").Expect(0).Record;

        Assert.Equal((last.Id, MergeBackResult.Dropped, $"refs/wt-run/{last.Id}"), (dropped.Id, dropped.MergeBack?.Result, dropped.RescueRef));
        Assert.Equal("README\nby-hand\none\ntwo", _repository.Git("ls-tree", "--name-only", dropped.RescueRef!));
        Assert.Contains($"branch rescue-{last.Id} {dropped.RescueRef}", _repository.WtRun.Run("show", last.Id).Expect(0).Output, StringComparison.Ordinal);
        AssertEnded();

        // The same name begins anew, and the old runs have nothing to do with it.
        _repository.RunInSession("chat", "test ! -e one && echo new > new").Expect(0);
        Assert.Contains("has run", _repository.WtRun.Run("drop", last.Id).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal("new", _repository.Git("show", "wt/session/chat:new"));
    }

    [Theory]
    [InlineData("land")]
    [InlineData("drop")]
    public void Says_of_its_earlier_runs_what_became_of_their_work(string command)
    {
        var isDropped = command == "drop";
        var before = _repository.RunInSession("chat", EngineScript.Commit("before")).Expect(0).Record;
        _repository.WtRun.Run("drop", "chat").Expect(0);
        var first = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        var failed = _repository.RunInSession("chat", "echo two > two; exit 3").Expect(3).Record;
        var last = _repository.RunInSession("chat", EngineScript.Commit("three")).Expect(0).Record;

        var ended = _repository.WtRun.Run(command, "chat", "--json").Expect(0).Record;

        Assert.All([first.Id, failed.Id], id =>
        {
            var record = _repository.Show(id);
            Assert.Equal(id == first.Id ? RunState.Succeeded : RunState.Failed, record.State);
            Assert.Equal(
                (isDropped ? MergeBackResult.Dropped : MergeBackResult.Landed, "main", isDropped ? $"refs/wt-run/{last.Id}" : null, null),
                (record.MergeBack!.Result, record.MergeBack.Target, record.RescueRef, record.Hint));
            Assert.Equal(isDropped ? record.MergeBack.Commit : ended.MergeBack!.Commit, record.MergeBack.Commit);
            Assert.NotNull(record.SettledAt);
            Assert.EndsWith($"Session 'chat', to which it belonged, was {(isDropped ? "dropped" : "landed")}: wt-run show {last.Id[..8]}", record.Message!, StringComparison.Ordinal);
        });
        var list = _repository.WtRun.Run("list").Expect(0).Output;
        Assert.DoesNotContain("(gone)", list, StringComparison.Ordinal);
        Assert.Matches($"(?m)^{first.Id} .*  {(isDropped ? $"refs/wt-run/{last.Id} .* dropped" : "main .* landed")}$", list);
        Assert.Matches($"(?m)^{failed.Id} .*  {(isDropped ? $"refs/wt-run/{last.Id} .* exit 3, dropped" : "main .* exit 3, landed")}$", list);
        Assert.Equal($"refs/wt-run/{before.Id}", _repository.Show(before.Id).RescueRef);
        Assert.Contains("has ended", _repository.WtRun.Run("land", first.Id).Expect(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("land")]
    [InlineData("drop")]
    public void That_was_killed_while_its_records_were_written_is_gone_on_with(string command)
    {
        var first = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        var last = _repository.RunInSession("chat", EngineScript.Commit("two")).Expect(0).Record;
        var other = _repository.RunInWorktree("true").Expect(0).Record;
        var file = _repository[$".git/wt-run/runs/{other.Id}/run.json"];
        File.Move(file, _scratch.Path("aside"));
        _scratch.Run(_scratch.Root, "mkfifo", file).Expect(0);
        using (var killed = _repository.WtRun.Start(command, "chat"))
        {
            // It looks for earlier runs of the session among all records, and waits for that one.
            var store = new RunStore(_repository[".git/wt-run"]);
            Eventually.True(() => store.TryRead(last.Id)?.SettledAt is not null, "the last run's record says what became of the session");
            killed.Kill();
        }

        File.Move(_scratch.Path("aside"), file, overwrite: true);
        Assert.NotEmpty(RepositoryState.Names(_repository[".git/wt-run/sessions"]));
        Assert.True(File.Exists(_repository[$".git/wt-run/active/{last.Id}"]));

        _repository.WtRun.Run("list").Expect(0);

        var result = command == "drop" ? MergeBackResult.Dropped : MergeBackResult.Landed;
        Assert.All([first.Id, last.Id], id => Assert.Equal(result, _repository.Show(id).MergeBack?.Result));
        AssertEnded();
    }

    [Fact]
    public void Is_refused_while_a_run_of_it_is_under_way()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--session", "chat", "--json", "--", "sh", "-c", $"echo one > one; {gate.Step}");
        gate.AwaitReached();
        var id = Assert.Single(_repository.Runs()).Id;

        foreach (var command in new[] { "land", "drop" })
        {
            Assert.Contains($"run {id} of it is under way", _repository.WtRun.Run(command, "chat").Expect(1).Error, StringComparison.Ordinal);
        }

        gate.Open();
        run.Wait().Expect(0);
        Land("chat").Expect(0);
    }

    [Fact]
    public void Is_refused_while_its_first_run_waits_and_the_session_s_name_means_that_run()
    {
        _repository.Configure("max_worktrees = 1");
        var gate = new Gate(_scratch);
        using var other = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var waiting = _repository.WtRun.Start("run", "--session", "chat", "--", "true");
        Eventually.True(() => _repository.Runs().Any(record => record.State == RunState.Queued), "a run waits");
        var id = _repository.Runs().Single(record => record.State == RunState.Queued).Id;

        foreach (var (command, named) in new[] { ("land", "chat"), ("drop", "chat"), ("land", id) })
        {
            Assert.Contains($"run {id} of it waits to begin", _repository.WtRun.Run(command, named).Expect(1).Error, StringComparison.Ordinal);
        }

        Assert.Equal(id, _repository.WtRun.Run("show", "chat", "--json").Expect(0).Record.Id);
        Assert.Equal($"Run {id} of session 'chat' is cancelled.\n", _repository.WtRun.Run("cancel", "chat").Expect(0).Output);
        waiting.Wait().Expect(122);
        gate.Open();
        other.Wait().Expect(0);
    }

    [Fact]
    public void Is_put_off_by_who_waits_and_the_name_means_who_works_else_who_worked_or_is_next()
    {
        var last = _repository.RunInSession("chat", "echo said").Expect(0).Record.Id;
        var gate = new Gate(_scratch);
        using var working = _repository.WtRun.Start("run", "--session", "chat", "--", "sh", "-c", $"echo works; {gate.Step}");
        gate.AwaitReached();
        using var waiting = _repository.WtRun.Start("run", "--session", "chat", "--", "true");
        Eventually.True(() => _repository.Runs().Any(record => record.State == RunState.Queued), "a run waits");
        var (atWork, next) = (_repository.Runs().Single(record => record.State == RunState.Running).Id, _repository.Runs().Single(record => record.State == RunState.Queued).Id);

        Assert.Contains($"run {atWork} of it is under way", _repository.WtRun.Run("land", "chat").Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains($"run {next} of it waits to begin", _repository.WtRun.Run("land", next).Expect(1).Error, StringComparison.Ordinal);
        var logs = _repository.WtRun.Run("logs", "chat").Expect(0);
        Assert.Equal(("works\n", $"wt-run: 'chat' is taken for run {atWork[..8]} of that session, which is at work; waiting: {next[..8]}\n"), (logs.Output, logs.Error));

        Assert.Contains($"Run {atWork} of session 'chat' is ", _repository.WtRun.Run("cancel", "chat").Expect(0).Output, StringComparison.Ordinal);
        working.Wait().Expect(122);
        waiting.Wait().Expect(0);
        Assert.NotEqual(last, next);
        Assert.Equal(next, _repository.WtRun.Run("show", "chat", "--json").Expect(0).Record.Id);
        Assert.Contains($"Run {next} is over already: succeeded", _repository.WtRun.Run("cancel", "chat").Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_what_prune_does_when_nobody_has_used_it_for_long()
    {
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;

        Assert.Matches(
            "^left session chat: last used [0-9]+s ago \\(sessions = 30d\\); land it: wt-run land chat; give it up: wt-run drop chat$", Assert.Single(_repository.Prune()));
        _repository.Commit("wt-run.toml", "[projects.repo]\npath = \".\"\n[retention]\nsessions = \"1s\"\n");
        Eventually.True(
            () => _repository.Prune().Any(item => item.StartsWith("took session chat: last used ", StringComparison.Ordinal)), "the session is a second old");

        Assert.Equal("work", _repository.Git("show", $"refs/wt-run/{run.Id}:one"));
        AssertEnded();
    }

    [Fact]
    public void Has_to_be_asked_for_by_its_name_which_list_and_show_tell()
    {
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;

        var list = _repository.WtRun.Run("list").Expect(0).Output;
        var show = _repository.WtRun.Run("show", "chat").Expect(0).Output;

        Assert.Contains($"chat     {run.Id}", list.Split("\n\n")[1], StringComparison.Ordinal);
        Assert.Contains("wt/session/chat", list.Split("\n\n")[1], StringComparison.Ordinal);
        Assert.Contains($"run         {run.Id}\n", show, StringComparison.Ordinal);
        Assert.Contains("land it:        wt-run land chat\n", show, StringComparison.Ordinal);
        Assert.Contains("give it up:     wt-run drop chat\n", show, StringComparison.Ordinal);
    }

    [Fact]
    public void Can_be_scripted_by_the_list_of_those_that_are_open()
    {
        Assert.Equal("No session is open.\n", _repository.WtRun.Run("list", "--sessions").Expect(0).Output);
        Assert.Equal("[]\n", _repository.WtRun.Run("list", "--sessions", "--json").Expect(0).Output);
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        var gate = new Gate(_scratch);
        using var working = _repository.WtRun.Start("run", "--session", "other", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var waiting = _repository.WtRun.Start("run", "--session", "other", "--", "true");
        Eventually.True(() => _repository.Runs().Any(record => record.State == RunState.Queued), "a run waits");

        var sessions = _repository.WtRun.Run("list", "--sessions", "--json").Expect(0).Json.AsArray();

        var (chat, other) = (sessions[0]!, sessions[1]!);
        Assert.Equal(2, sessions.Count);
        Assert.Equal(
            ["name", "project", "branch", "worktree", "base", "merge_back", "last_run", "active", "created_at", "last_used_at"],
            chat.AsObject().Select(field => field.Key));
        Assert.Equal(("chat", "repo", "wt/session/chat", run.Worktree, run.Id), (Text(chat, "name"), Text(chat, "project"), Text(chat, "branch"), Text(chat, "worktree"), Text(chat, "last_run")));
        Assert.Equal(("main", _repository.Head, "merge", "main"), (Text(chat["base"]!, "ref"), Text(chat["base"]!, "commit"), Text(chat["merge_back"]!, "policy"), Text(chat["merge_back"]!, "target")));
        Assert.Empty(chat["active"]!.AsArray());
        Assert.Equal(_repository.Runs().Where(record => record.Session == "other").Select(record => record.Id), other["active"]!.AsArray().Select(id => (string)id!));
        Assert.Matches("^chat +[0-9a-f]{12} ", _repository.WtRun.Run("list", "--sessions").Expect(0).Output.Split('\n')[1]);
        Assert.Contains("contradict", _repository.WtRun.Run("list", "--sessions", "--all").Expect(2).Error, StringComparison.Ordinal);
        gate.Open();
        working.Wait().Expect(0);
        waiting.Wait().Expect(0);

        static string Text(System.Text.Json.Nodes.JsonNode node, string field) => (string)node[field]!;
    }

    [Fact]
    public void Whose_name_looks_like_an_id_means_the_session_and_says_so()
    {
        var first = _repository.RunInWorktree("true").Expect(0).Record;
        var name = first.Id[..4];
        var run = _repository.RunInSession(name, "echo one > one").Expect(0).Record;

        var shown = _repository.WtRun.Run("show", name, "--json").Expect(0);

        Assert.Equal(run.Id, shown.Record.Id);
        Assert.Contains($"run {first.Id} begins like it", shown.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("land")]
    [InlineData("drop")]
    public void Is_refused_while_someone_is_at_work_in_its_worktree(string command)
    {
        var run = _repository.RunInSession("chat", $"{EngineScript.Commit("one")}; mkdir deep").Expect(0).Record;
        using (var person = new Peer(_scratch, Path.Combine(run.Worktree!, "deep"), "editor"))
        {
            var refused = _repository.WtRun.Run(command, "chat").Expect(1).Error;

            Assert.Contains(
                $"Session 'chat' cannot be {(command == "land" ? "landed" : "dropped")}: someone is at work in its worktree '{run.Worktree}': editor ({person.Pid}).", refused, StringComparison.Ordinal);
            Assert.True(Directory.Exists(run.Worktree));
            Assert.False(File.Exists(_repository["one"]));
        }

        _repository.WtRun.Run(command, "chat").Expect(0);
        AssertEnded();
    }

    [Fact]
    public void Is_put_off_by_prune_too_while_someone_is_at_work_in_its_worktree()
    {
        var run = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
        _repository.Commit("wt-run.toml", "[projects.repo]\npath = \".\"\n[retention]\nsessions = \"1s\"\n");
        using (var person = new Peer(_scratch, run.Worktree!, "editor"))
        {
            Eventually.True(
                () => _repository.Prune().Any(item => item.Contains($"someone is at work in its worktree '{run.Worktree}': editor ({person.Pid})", StringComparison.Ordinal)),
                "the session is a second old, and left");
            Assert.True(Directory.Exists(run.Worktree));
        }

        Assert.Contains(_repository.Prune(), item => item.StartsWith("took session chat: ", StringComparison.Ordinal));
        AssertEnded();
    }

    private Finished Land(string name) => _repository.WtRun.Run("land", name, "--json");

    private void AssertEnded()
    {
        Assert.Equal(["main"], _repository.Branches);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Empty(RepositoryState.Names(_repository[".git/wt-run/sessions"]));
        Assert.DoesNotContain("SESSION", _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
    }
}
