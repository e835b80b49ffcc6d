using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Work that found its target busy lands when the run in place ends that was in its way.</summary>
public sealed class Work_that_waits_for_its_target : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public Work_that_waits_for_its_target()
    {
        _repository = new TestRepository(_scratch).Configure("land_wait = \"0s\"");
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Lands_oldest_first_when_the_run_in_place_ends_whose_result_stays_what_it_was(int exitCode)
    {
        using var user = StartInPlace(exitCode);
        var first = Waiting("first");
        var second = Waiting("second");
        Assert.Equal(new[] { first.Id, second.Id }.Order(StringComparer.Ordinal), Pending());

        _gate.Open();
        var ended = user.Wait().Expect(exitCode);

        Assert.Equal(exitCode == 0 ? RunState.Succeeded : RunState.Failed, ended.Record.State);
        var lines = ended.Error.Split('\n').Where(line => line.EndsWith("landed on main", StringComparison.Ordinal));
        Assert.Equal([$"wt-run: run {first.Id[..8]} landed on main", $"wt-run: run {second.Id[..8]} landed on main"], lines);
        Assert.All([first.Id, second.Id], id =>
        {
            var record = _repository.Show(id);
            Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (record.State, record.MergeBack?.Result, record.Hint));
        });
        Assert.Equal(("work\n", "work\n", ""), (_repository.Read("first"), _repository.Read("second"), _repository.Status));
        Assert.Equal(["main"], _repository.Branches);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Empty(Pending());
    }

    [Fact]
    public void Does_not_wait_for_the_run_inside_which_it_was_made_and_lands_when_that_ends()
    {
        _repository.Configure("land_wait = \"10m\"");

        _repository.WtRun.Run(
            "run", "--json", "--", "sh", "-c", $"'{WtRun.Program}' run --worktree --quiet -- sh -c 'echo work > work'; test $? = 120 && test ! -e work").Expect(0);

        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Empty(Pending());
    }

    [Fact]
    public void Stays_as_it_is_if_another_run_is_at_work_by_then_and_lands_after_that()
    {
        using var user = StartInPlace(0);
        var waiting = Waiting("work");
        var gate = new Gate(_scratch, "second");
        using var next = _repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        _gate.Open();
        user.Wait().Expect(0);

        var still = _repository.Show(waiting.Id);
        Assert.Equal((waiting.State, waiting.MergeBack?.Result, waiting.Message, waiting.FinishedAt), (still.State, still.MergeBack?.Result, still.Message, still.FinishedAt));
        Assert.Equal([waiting.Id], Pending());
        gate.Open();
        Assert.Contains($"run {waiting.Id[..8]} landed on main", next.Wait().Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal("work\n", _repository.Read("work"));
    }

    [Fact]
    public void Lands_before_the_next_in_the_queue_has_its_turn()
    {
        const int Queued = 4;
        _repository.Configure("land_wait = \"0s\"\nconcurrent = false");
        using var user = StartInPlace(0);
        var first = Waiting("first");
        var second = Waiting("second");

        // Each says what it finds, and none of them ends before the next one waits behind it.
        using var runs = new ManyRuns(
            Queued, _ => _repository.WtRun.Start("run", "--", "sh", "-c", $"ls first second >> '{_scratch.Path("found")}' 2>&1; sleep 0.2"));
        Eventually.True(() => _repository.Runs().Count(run => run.State == RunState.Queued) == Queued, "all of them queue");
        _gate.Open();
        var ended = user.Wait().Expect(0);
        runs.Wait().ForEach(run => run.Expect(0));

        Assert.Contains($"run {first.Id[..8]} landed on main", ended.Error, StringComparison.Ordinal);
        Assert.Contains($"run {second.Id[..8]} landed on main", ended.Error, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Repeat(new[] { "first", "second" }, Queued).SelectMany(names => names), File.ReadAllLines(_scratch.Path("found")));
        Assert.Empty(Pending());
    }

    [Fact]
    public void Is_not_even_tried_while_the_user_has_changed_a_file_that_it_would_touch()
    {
        var log = _scratch.Path("verified");
        _repository.Configure($"land_wait = \"0s\"\nverify = [\"sh\", \"-c\", \"echo verified >> '{log}'\"]");
        _repository.Write("file", "the user's");
        var dirty = Waiting("file");
        using (var user = StartInPlace(0))
        {
            var waiting = Waiting("work");
            File.Delete(log);
            _gate.Open();

            Assert.Contains($"run {waiting.Id[..8]} landed on main", user.Wait().Expect(0).Error, StringComparison.Ordinal);
        }

        Assert.Equal(["verified"], File.ReadAllLines(log));
        Assert.Equal([dirty.Id], Pending());
        Assert.Equal("the user's", _repository.Read("file"));

        File.Delete(_repository["file"]);
        Assert.Contains($"run {dirty.Id[..8]} landed on main", _repository.WtRun.Run("run", "--", "true").Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal("work\n", _repository.Read("file"));
    }

    [Fact]
    public void Lands_by_itself_if_the_run_in_its_way_left_before_it_could_say_so()
    {
        using var user = StartInPlace(0);

        // After the last look at its target the run's worktree goes, and only then its record says how it ended.
        var path = _scratch.Variables["PATH"];
        var (looked, left) = (_scratch.Path("looked"), _scratch.Path("left"));
        _scratch.Script(
            "bin/git",
            $"PATH={path}\ncase \" $* \" in *' worktree remove '*) touch '{looked}'; until test -e '{left}'; do sleep 0.02; done;; esac\nexec git \"$@\"\n");
        using var run = _repository.WtRun.With("PATH", $"{_scratch.Path("bin")}:{path}").Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit("work"));
        Eventually.True(() => File.Exists(looked), "the run removes its worktree");
        _gate.Open();
        user.Wait().Expect(0);
        File.WriteAllText(left, "");

        var record = run.Wait().Expect(0).Record;
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result));
        Assert.Equal("work\n", _repository.Read("work"));
        Assert.Empty(Pending());
    }

    [Fact]
    public void Needs_a_person_if_it_conflicts_by_then_and_is_not_tried_again()
    {
        using var user = StartInPlace(0);
        var first = Waiting("file", "one");
        var second = Waiting("file", "two");

        _gate.Open();
        var ended = user.Wait().Expect(0);

        Assert.Contains($"run {first.Id[..8]} landed on main", ended.Error, StringComparison.Ordinal);
        Assert.Contains($"run {second.Id[..8]} needs you: its work is not on main because it conflicts", ended.Error, StringComparison.Ordinal);
        var conflict = _repository.Show(second.Id);
        Assert.Equal((RunState.NeedsMerge, MergeBackResult.Conflict), (conflict.State, conflict.MergeBack?.Result));
        Assert.Empty(Pending());

        _repository.Git("revert", "--no-edit", "HEAD");
        Assert.DoesNotContain("landed", _repository.WtRun.Run("run", "--", "true").Expect(0).Error, StringComparison.Ordinal);
        Assert.Equal(conflict.FinishedAt, _repository.Show(second.Id).FinishedAt);
        Assert.Equal("two", _repository.Git("show", $"{conflict.Branch}:file"));
    }

    [Fact]
    public void Lands_only_if_verify_passes_on_what_it_would_be_then()
    {
        _repository.Configure("land_wait = \"0s\"\nverify = [\"sh\", \"-c\", \"! test -e forbidden\"]");
        using var user = StartInPlace(0, EngineScript.Commit("forbidden"));
        var waiting = Waiting("work");

        _gate.Open();
        var ended = user.Wait().Expect(0);

        Assert.Contains($"run {waiting.Id[..8]} needs you: its work is not on main because verify failed", ended.Error, StringComparison.Ordinal);
        Assert.Equal(MergeBackResult.VerifyFailed, _repository.Show(waiting.Id).MergeBack?.Result);
        Assert.False(File.Exists(_repository["work"]));
    }

    [Fact]
    public void Is_left_alone_once_it_was_dropped_or_landed_by_hand()
    {
        using var user = StartInPlace(0);
        var dropped = Waiting("dropped");
        var landed = Waiting("landed");
        _repository.WtRun.Run("drop", dropped.Id).Expect(0);
        Assert.Equal([landed.Id], Pending());
        _repository.Git("checkout", "--quiet", "-b", "mine");
        _repository.Land(landed).Expect(0);
        Assert.Empty(Pending());
        _repository.Git("checkout", "--quiet", "main");

        _gate.Open();

        Assert.DoesNotContain("landed on", user.Wait().Expect(0).Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_repository["dropped"]));
        Assert.Equal(RunState.Cancelled, _repository.Show(dropped.Id).State);
    }

    [Fact]
    public void Is_left_to_the_run_that_works_where_its_target_is_checked_out()
    {
        var linked = _scratch.Path("linked");
        _repository.Git("worktree", "add", "--quiet", "-b", "other", linked);
        using var user = StartInPlace(0);
        var waiting = Waiting("work");

        new WtRun(_scratch, linked).Run("run", "--", "true").Expect(0);
        Assert.Equal([waiting.Id], Pending());
        Assert.Equal(waiting.FinishedAt, _repository.Show(waiting.Id).FinishedAt);

        _gate.Open();
        Assert.Contains("landed on main", user.Wait().Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Lands_after_a_run_that_was_cancelled_or_detached()
    {
        var id = _repository.WtRun.Run("run", "--detach", "--quiet", "--", "sh", "-c", _gate.Step).Expect(0).Output.TrimEnd('\n');
        _gate.AwaitReached();
        var waiting = Waiting("work");

        _repository.WtRun.Run("cancel", id).Expect(0);

        Eventually.True(() => _repository.Show(waiting.Id).State == RunState.Succeeded, "the work has landed");
        Assert.Equal(RunState.Cancelled, _repository.Show(id).State);
        Assert.Equal("work\n", _repository.Read("work"));
    }

    [Fact]
    public void Is_found_again_after_a_kill_between_the_record_and_its_mark()
    {
        using var user = StartInPlace(0);
        var waiting = Waiting("work");
        File.Move(_repository[$".git/wt-run/pending/{waiting.Id}"], _repository[$".git/wt-run/active/{waiting.Id}"]);

        _gate.Open();
        user.Wait().Expect(0);
        Assert.False(File.Exists(_repository["work"]));
        _ = _repository.WtRun.Run("list").Expect(0);

        Assert.Equal([waiting.Id], Pending());
        Assert.Contains("landed on main", _repository.WtRun.Run("run", "--", "true").Expect(0).Error, StringComparison.Ordinal);
    }

    private BackgroundRun StartInPlace(int exitCode, string script = ":")
    {
        var run = _repository.WtRun.Start("run", "--no-worktree", "--json", "--", "sh", "-c", $"{_gate.Step}; {script}; exit {exitCode}");
        _gate.AwaitReached();
        return run;
    }

    /// <summary>A run whose work could not land because the run in place is in the way.</summary>
    private RunRecord Waiting(string file, string text = "work")
    {
        var record = _repository.RunInWorktree(EngineScript.Commit(file, text)).Expect(120).Record;
        Assert.Equal(MergeBackResult.TargetBusy, record.MergeBack?.Result);
        return record;
    }

    private IEnumerable<string?> Pending() =>
        Directory.Exists(_repository[".git/wt-run/pending"]) ? Directory.GetFiles(_repository[".git/wt-run/pending"]).Select(Path.GetFileName).Order(StringComparer.Ordinal) : [];
}
