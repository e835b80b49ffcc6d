using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class RunsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public RunsTests() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Where_nothing_has_run_list_says_so()
    {
        Assert.Equal("No runs yet.\n", _repository.WtRun.Run("list").Expect(0).Output);
        Assert.Empty(_repository.WtRun.Run("list", "--json").Expect(0).Records);
        Assert.False(Directory.Exists(_repository[".git/wt-run"]));
    }

    [Fact]
    public void List_shows_the_newest_last_and_marks_what_is_active()
    {
        var first = Run("true").Id;
        using var second = _repository.WtRun.Start("run", "--", "sh", "-c", $"touch {_scratch.Path("up")}; sleep 60");
        Eventually.True(() => File.Exists(_scratch.Path("up")) && _repository.Runs()[^1].State == RunState.Running, "the second run works, and its record says so");

        var lines = _repository.WtRun.Run("list").Expect(0).Output.TrimEnd('\n').Split('\n');

        Assert.Equal(3, lines.Length);
        Assert.Matches("^ID +STATE +PROJECT +TRIGGER +ISOLATION +WHERE +AGE +RESULT$", lines[0]);
        Assert.Matches($"^{first} +succeeded +repo +user +in_place +{_repository.Path} ", lines[1]);
        Assert.Matches(@"^[0-9a-f]{12} +\* running ", lines[2]);
        second.Terminate();
        second.Wait().Expect(122);
    }

    [Fact]
    public void List_shows_the_latest_hundred_unless_it_is_asked_for_all()
    {
        var first = Run("true").Id;
        var runs = _repository[".git/wt-run/runs"];
        foreach (var i in Enumerable.Range(1, 104))
        {
            var id = i.ToString("x12", System.Globalization.CultureInfo.InvariantCulture);
            Directory.CreateDirectory(Path.Combine(runs, id));
            File.WriteAllText(Path.Combine(runs, id, "run.json"), File.ReadAllText(Path.Combine(runs, first, "run.json")).Replace(first, id, StringComparison.Ordinal));
            Directory.SetLastWriteTimeUtc(Path.Combine(runs, id), DateTime.UnixEpoch.AddDays(i));
        }

        var list = _repository.WtRun.Run("list").Expect(0);

        Assert.Equal(1 + 100, list.Output.TrimEnd('\n').Split('\n').Length);
        Assert.Contains(first, list.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("000000000005", list.Output, StringComparison.Ordinal);
        Assert.Equal("wt-run: 5 older runs are not shown: wt-run list --all\n", list.Error);
        Assert.Equal(1 + 105, _repository.WtRun.Run("list", "--all").Expect(0).Output.TrimEnd('\n').Split('\n').Length);
        Assert.Equal(105, _repository.WtRun.Run("list", "--json").Expect(0).Records.Count);
    }

    [Fact]
    public void List_and_show_name_no_branch_as_there_that_was_never_made_or_is_gone()
    {
        _repository.Configure("max_worktrees = 1");
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var skipped = _repository.WtRun.Run("run", "--worktree", "--if-busy", "skip", "--json", "--", "true").Expect(121).Record;
        gate.Open();
        active.Wait().Expect(0);
        var kept = Run("echo x > new; git add new; git commit -qm New", "--merge-back", "branch");
        var merged = Run("echo x > other; git add other; git commit -qm Other", "--merge-back", "branch");
        _repository.Git("branch", "-D", merged.Branch!);

        var list = _repository.WtRun.Run("list").Expect(0).Output;

        Assert.Matches($"{skipped.Id} +skipped +repo +user +worktree +([0-9]+s ago|now)\n", list);
        Assert.Matches($"{kept.Id} .* {kept.Branch} +([0-9]+s ago|now) ", list);
        Assert.Matches($@"{merged.Id} .* {merged.Branch} \(gone\) ", list);
        Assert.DoesNotContain("wt/", Show(skipped), StringComparison.Ordinal);
        Assert.DoesNotContain(skipped.Worktree!, Show(skipped), StringComparison.Ordinal);
        Assert.Contains($"branch      {kept.Branch}\n", Show(kept), StringComparison.Ordinal);
        Assert.Contains($"branch      {merged.Branch} (gone)\n", Show(merged), StringComparison.Ordinal);
        Assert.DoesNotContain("its work is on it", Show(merged), StringComparison.Ordinal);

        string Show(RunRecord record) => _repository.WtRun.Run("show", record.Id).Expect(0).Output;
    }

    [Fact]
    public void List_covers_every_project_and_the_current_repository_each_once()
    {
        var other = new TestRepository(_scratch, "other");
        var here = Run("true").Id;
        var there = other.WtRun.Run("run", "--json", "--", "true").Expect(0).Record.Id;
        var config = _scratch.Write(
            "c.toml", $"[projects.a]\npath = \"{other.Path}\"\n[projects.b]\npath = \"{other.Path}\"\n[projects.gone]\npath = \"{_scratch.Path("gone")}\"\n");

        var list = _repository.WtRun.Run("list", "--json", "--config", config).Expect(0);

        Assert.Equal([here, there], list.Records.Select(record => record.Id));
        Assert.Contains("project 'gone' does not exist", list.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_wt_run_was_killed_is_interrupted_for_whoever_looks_next()
    {
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"touch {_scratch.Path("up")}; sleep 60");
        Eventually.True(() => File.Exists(_scratch.Path("up")), "the run works");
        run.Kill();

        var record = Assert.Single(_repository.WtRun.Run("list", "--json").Expect(0).Records);

        Assert.Equal(RunState.Interrupted, record.State);
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Fact]
    public void Show_takes_the_beginning_of_an_id_and_tells_everything()
    {
        var record = Run("echo x > new; git add new; git commit -qm New");

        var show = _repository.WtRun.Run("show", record.Id[..4].ToUpperInvariant()).Expect(0).Output;

        Assert.Contains($"run         {record.Id}\n", show, StringComparison.Ordinal);
        Assert.Contains("state       succeeded\n", show, StringComparison.Ordinal);
        Assert.Contains("merge back  merge: landed, target main", show, StringComparison.Ordinal);
        Assert.Equal(record.Id, _repository.WtRun.Run("show", record.Id, "--json").Expect(0).Record.Id);
    }

    [Fact]
    public void An_unknown_and_an_ambiguous_id_list_the_candidates()
    {
        var first = Run("true");
        CopyRun(first.Id, first.Id[..11] + (first.Id[11] == '0' ? '1' : '0'));

        var ambiguous = _repository.WtRun.Run("show", first.Id[..8]).Expect(1);
        var unknown = _repository.WtRun.Run("show", first.Id[..4] == "ffff" ? "eeee" : "ffff").Expect(1);

        Assert.Contains("names 2 runs", ambiguous.Error, StringComparison.Ordinal);
        Assert.Equal(2, ambiguous.Error.Split(first.Id[..11]).Length - 1);
        Assert.Contains(first.Id, unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Logs_are_the_engine_s_bytes()
    {
        var record = Run(@"printf '\000\377\033[31mred\n\nend'");

        var logs = _repository.WtRun.Run("logs", record.Id[..6]).Expect(0);

        Assert.Equal([0, 0xff, .. "\e[31mred\n\nend"u8], logs.OutputBytes);
        Assert.Equal("", logs.Error);
    }

    [Fact]
    public void Followed_logs_come_as_they_are_written_and_end_with_the_run()
    {
        var go = _scratch.Path("go");
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", $"echo first; touch {_scratch.Path("up")}; while [ ! -e {go} ]; do sleep 0.05; done; echo last");
        Eventually.True(() => File.Exists(_scratch.Path("up")), "the run works");
        var id = new RunStore(_repository[".git/wt-run"]).Ids().Single();

        using var logs = _repository.WtRun.Start("logs", "-f", id);
        File.WriteAllText(go, "");

        Assert.Equal("first\nlast\n", logs.Wait().Expect(0).Output);
        run.Wait().Expect(0);
    }

    [Fact]
    public void Followed_logs_of_a_run_that_died_say_that_there_is_no_more()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", $"echo first; {gate.Step}");
        gate.AwaitReached();
        var id = new RunStore(_repository[".git/wt-run"]).Ids().Single();
        var shown = _scratch.Write("shown", "");
        using var logs = _scratch.Start(_repository.Path, "sh", "-c", $"exec {WtRun.Program} logs -f {id} > '{shown}'");
        Eventually.True(() => File.ReadAllText(shown) == "first\n", "the log is shown");

        run.Kill();

        var ended = logs.Wait().Expect(1);
        Assert.Equal(("first\n", $"wt-run: The wt-run process of run {id} has died, so nothing more comes into its log.\nhint: What became of it: wt-run show {id[..8]}\n"), (File.ReadAllText(shown), ended.Error));
    }

    [Fact]
    public void Logs_of_a_run_that_was_cancelled_in_the_queue_say_that_there_are_none()
    {
        _repository.Configure("concurrent = false");
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var id = _repository.WtRun.Run("run", "--detach", "--", "true").Expect(0).Output.TrimEnd('\n');

        var waiting = _repository.WtRun.Run("logs", id).Expect(0);
        _repository.WtRun.Run("cancel", id).Expect(0);
        var cancelled = _repository.WtRun.Run("logs", "-f", id).Expect(0);
        gate.Open();
        active.Wait().Expect(0);

        Assert.Equal($"wt-run: run {id} has not started its engine yet: wt-run show {id[..8]}\n", waiting.Error);
        Assert.Equal($"wt-run: run {id} never started its engine: wt-run show {id[..8]}\n", cancelled.Error);
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2")]
    [InlineData("\"version\": 1,", "")]
    public void A_run_whose_record_cannot_be_read_is_told_of(string written, string instead)
    {
        var kept = _repository.RunInWorktree("exit 3").Expect(3).Record;
        var file = _repository[$".git/wt-run/runs/{kept.Id}/run.json"];
        File.WriteAllText(file, File.ReadAllText(file).Replace(written, instead, StringComparison.Ordinal));

        Assert.Equal(
            $"wt-run: warning: Run {kept.Id} is not listed: its record '{file}' cannot be read. 'wt-run doctor' says what is left of it.\n", _repository.WtRun.Run("list").Expect(0).Error);
        foreach (var command in (string[])["show", "logs", "land", "drop", "cancel"])
        {
            var error = _repository.WtRun.Run(command, kept.Id[..6]).Expect(1).Error;
            Assert.Contains($"The record of run {kept.Id} cannot be read", error, StringComparison.Ordinal);
            Assert.Contains(file, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Land_lands_what_was_kept_and_says_when_there_is_nothing()
    {
        var record = Run("echo x > new; git add new; git commit -qm New", "--merge-back", "branch");
        Assert.False(File.Exists(_repository["new"]));

        var landed = _repository.WtRun.Run("land", record.Id[..4]).Expect(0);
        var again = _repository.WtRun.Run("land", record.Id[..4]).Expect(1);

        Assert.Contains("landed on main: 1 file, 1 insertion, 0 deletions", landed.Error, StringComparison.Ordinal);
        Assert.Equal("x\n", _repository.Read("new"));
        Assert.Contains("has landed already", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Prune_says_what_it_would_take_and_takes_it()
    {
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"touch {_scratch.Path("up")}; sleep 60");
        Eventually.True(() => File.Exists(_scratch.Path("up")), "the run works");
        run.Kill();

        var dry = _repository.WtRun.Run("prune", "--dry-run").Expect(0);
        Assert.Equal(2, _repository.Worktrees.Count);
        var real = _repository.WtRun.Run("prune", "--json").Expect(0);

        Assert.StartsWith("would take run ", dry.Output, StringComparison.Ordinal);
        Assert.Equal("run", (string?)real.Json[0]!["kind"]);
        Assert.True((bool)real.Json[0]!["taken"]!);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Eventually.True(() => RepositoryState.Names(_repository[".worktrees/.trash"]).Count == 0, "the trash is deleted");
        Assert.Equal("Nothing to prune.\n", _repository.WtRun.Run("prune").Expect(0).Output);
    }

    private RunRecord Run(string script, params string[] flags)
    {
        string[] where = script.Contains("git ", StringComparison.Ordinal) ? ["--worktree"] : [];
        return _repository.WtRun.Run(["run", "--json", .. where, .. flags, "--", "sh", "-c", script]).Expect(0).Record;
    }

    private void CopyRun(string id, string copy)
    {
        var runs = _repository[".git/wt-run/runs"];
        Directory.CreateDirectory(Path.Combine(runs, copy));
        File.WriteAllText(
            Path.Combine(runs, copy, "run.json"), File.ReadAllText(Path.Combine(runs, id, "run.json")).Replace(id, copy, StringComparison.Ordinal));
    }
}
