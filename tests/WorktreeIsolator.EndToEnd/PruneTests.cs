using System.Globalization;
using System.Text.RegularExpressions;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Prune_by_age : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Prune_by_age() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Takes_old_records_with_logs_and_artifacts_and_leaves_the_latest_and_the_young()
    {
        _repository.Configure("artifacts = [\"*.log\"]", "[retention]", "keep_last = 1");
        var old = Age(_repository.RunInWorktree("echo '*.log' > .gitignore; echo a > a.log").Expect(0).Record, 31);
        var young = Age(_repository.RunInWorktree("true").Expect(0).Record, 29);
        var latest = _repository.RunInWorktree("true").Expect(0).Record;
        Assert.Equal(1, old.Artifacts?.Files);

        Assert.Contains($"took record {old.Id}: its run ended 31d ago (records = 30d)", _repository.Prune("--dry-run"));
        Assert.Equal(3, _repository.Runs().Count);
        Assert.Contains($"took record {old.Id}: its run ended 31d ago (records = 30d)", _repository.Prune());

        Assert.Equal([young.Id, latest.Id], _repository.Runs().Select(record => record.Id));
        Assert.False(Directory.Exists(_repository[$".git/wt-run/runs/{old.Id}"]));
        Eventually.True(() => RepositoryState.Names(_repository[".git/wt-run/trash"]).Count == 0, "the trash is deleted");
        Age(young, 40);
        Age(latest, 35);
        Assert.StartsWith($"took record {young.Id}: ", Assert.Single(Without(" trash ", _repository.Prune())), StringComparison.Ordinal);
        Assert.Equal(latest.Id, Assert.Single(_repository.Runs()).Id);
    }

    [Fact]
    public void Leaves_old_records_that_still_lead_to_work_and_says_why()
    {
        _repository.Configure("[retention]", "keep_last = 0");
        var failed = Age(_repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record, 100);
        var conflict = Age(_repository.RunInWorktree(
            $"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(_repository, "README")}").Expect(120).Record, 100);
        _repository.Git("branch", "-D", conflict.Branch!);
        var kept = Age(_repository.RunInWorktree("git init -q inner; echo a > inner/a; exit 3").Expect(3).Record, 100);
        var rescued = _repository.RunInWorktree($"{EngineScript.Commit("two")}; git commit -q --amend -m Amended").Expect(0).Record;
        rescued = Age(rescued, 40);
        var newer = Age(_repository.RunInWorktree("true").Expect(0).Record, 100);
        Rewrite(newer, text => text.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal));

        var pruned = _repository.Prune();

        Assert.Contains($"left record {failed.Id}: the branch of run {failed.Id} is still there; land it: wt-run land {failed.Id[..8]}; give it up: wt-run drop {failed.Id[..8]}", pruned);
        Assert.Contains($"left record {conflict.Id}: run {conflict.Id} needs you; land it: wt-run land {conflict.Id[..8]}; give it up: wt-run drop {conflict.Id[..8]}", pruned);
        Assert.Contains($"left record {kept.Id}: the worktree of run {kept.Id} is kept; land it: wt-run land {kept.Id[..8]}; give it up: wt-run drop {kept.Id[..8]}", pruned);
        Assert.Contains($"left record {rescued.Id}: refs/wt-run/{rescued.Id} keeps what was rescued of its run", pruned);
        Assert.Contains($"left record {newer.Id}: its record cannot be read: a newer wt-run wrote it, it is damaged, or this user may not read it", pruned);
        Assert.DoesNotContain(pruned, item => item.StartsWith("took record", StringComparison.Ordinal));
        Assert.Equal(5, RepositoryState.Names(_repository[".git/wt-run/runs"]).Count);
    }

    [Fact]
    public void Takes_old_rescue_refs_with_the_commit_id_and_leaves_younger_ones_with_their_last_day()
    {
        _repository.Configure("[retention]", "keep_last = 0");
        var old = Rescued("one");
        var commit = _repository.Git("rev-parse", old.RescueRef!);
        old = Age(old, 91);
        var young = Age(Rescued("two"), 80);
        var until = young.FinishedAt!.Value.AddDays(90).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var expected = new[]
        {
            $"took ref {old.RescueRef}: 91d old (rescue_refs = 90d); until git's next gc it can be brought back: git branch NAME {commit}",
            $"left ref {young.RescueRef}: it keeps what no branch holds of run {young.Id}, until {until} (rescue_refs = 90d); see it: wt-run show {young.Id[..8]}",
        };

        Assert.Equal(expected.Order(StringComparer.Ordinal), RefsIn(_repository.Prune("--dry-run")));
        Assert.Contains(old.RescueRef, _repository.Refs);
        Assert.Equal(expected.Order(StringComparer.Ordinal), RefsIn(_repository.Prune()));

        Assert.DoesNotContain(old.RescueRef, _repository.Refs);
        Assert.Contains(young.RescueRef, _repository.Refs);
        Assert.Null(_repository.Show(old.Id).RescueRef);
        Assert.Contains($"git branch NAME {commit}", _repository.WtRun.Run("show", old.Id).Expect(0).Output, StringComparison.Ordinal);
        _repository.Git("branch", "again", commit);
        Assert.Contains(_repository.Prune(), item => item.StartsWith($"took record {old.Id}: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Counts_the_age_of_a_rescue_ref_without_a_record_from_its_commit()
    {
        const string id = "0123456789ab", other = "0123456789ac";
        _scratch.Set("GIT_COMMITTER_DATE", "2001-02-03T04:05:06Z");
        var commit = _repository.Git("commit-tree", "-m", "Old", "HEAD^{tree}");
        _scratch.Set("GIT_COMMITTER_DATE", null);
        _repository.Git("update-ref", $"refs/wt-run/{id}", commit);
        _repository.Git("update-ref", $"refs/wt-run/{other}", _repository.Git("commit-tree", "-m", "New", "HEAD^{tree}"));
        _repository.Git("update-ref", "refs/wt-run/not-ours", commit);

        var pruned = _repository.Prune();

        Assert.Contains(pruned, item => item.StartsWith($"took ref refs/wt-run/{id}: ", StringComparison.Ordinal) && item.EndsWith(commit, StringComparison.Ordinal));
        Assert.Contains(pruned, item => item.StartsWith($"left ref refs/wt-run/{other}: it keeps", StringComparison.Ordinal));
        Assert.Contains("left ref refs/wt-run/not-ours: wt-run gives no ref such a name", pruned);
        Assert.Equal(["refs/heads/main", $"refs/wt-run/{other}", "refs/wt-run/not-ours"], _repository.Refs);
    }

    [Fact]
    public void Counts_from_the_drop_of_a_run_not_from_its_end()
    {
        var failed = Age(_repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record, 200);
        var dropped = _repository.WtRun.Run("drop", failed.Id, "--json").Expect(0).Record;

        Assert.StartsWith($"left ref {dropped.RescueRef}: ", Assert.Single(Without(" trash ", _repository.Prune())), StringComparison.Ordinal);

        Age(dropped, 91);
        Assert.StartsWith($"took ref {dropped.RescueRef}: 91d old", Assert.Single(Without(" trash ", _repository.Prune())), StringComparison.Ordinal);
        Assert.Equal(["refs/heads/main"], _repository.Refs);
    }

    [Fact]
    public void Tells_ages_below_a_minute_and_what_becomes_of_the_record_of_a_ref_that_it_takes()
    {
        _repository.Configure("[retention]", "keep_last = 0", "records = \"1s\"", "rescue_refs = \"1s\"");
        var record = Rescued("one");
        var then = TimeProvider.System.GetUtcNow().AddSeconds(-2);
        File.WriteAllBytes(_repository[$".git/wt-run/runs/{record.Id}/run.json"], RecordWriter.ToUtf8(record with { FinishedAt = then }));

        var pruned = _repository.Prune();

        var taken = Regex.Match(string.Join('\n', pruned), $@"^took ref {record.RescueRef}: (?<age>[0-9]+)s old \(rescue_refs = 1s\)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.InRange(int.Parse(taken.Groups["age"].Value, CultureInfo.InvariantCulture), 2, (TimeProvider.System.GetUtcNow() - then).TotalSeconds);
        Assert.Contains($"left record {record.Id}: it names the commit that {record.RescueRef} kept; the next prune takes it", pruned);
        Assert.Contains(_repository.Prune(), item => item.StartsWith($"took record {record.Id}: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Goes_on_beside_other_prunes_runs_and_whoever_reads()
    {
        _repository.Configure("[retention]", "keep_last = 0");
        var one = Age(_repository.RunInWorktree("true").Expect(0).Record, 100);
        var count = HeavyTests.Count(200, 2000);
        for (var i = 0; i < count; i++)
        {
            Copy(one, i.ToString("x12", CultureInfo.InvariantCulture));
        }

        using var prunes = new ManyRuns(3, _ => _repository.WtRun.Start("prune", "--json"));
        using var readers = new ManyRuns(3, _ => _repository.WtRun.Start("list", "--json"));
        using var runs = new ManyRuns(2, i => _repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", EngineScript.Commit($"file{i}")));
        var finished = runs.Wait().ConvertAll(run => run.Expect(0).Record.Id);
        Assert.All(readers.Wait(), reader => reader.Expect(0));
        var items = prunes.Wait().SelectMany(prune => prune.Expect(0).Json.AsArray()).Where(item => (string?)item!["kind"] == "record").ToList();

        Assert.All(items, item => Assert.True(
            (bool)item!["taken"]! || ((string)item["reason"]!).EndsWith("someone is at work with that run.", StringComparison.Ordinal), (string?)item["reason"]));
        Assert.Equal(finished.Order(StringComparer.Ordinal), RepositoryState.Names(_repository[".git/wt-run/runs"]));
    }

    [Fact]
    public void Takes_records_of_a_project_without_git_and_of_runs_that_never_began()
    {
        var project = _scratch.Directory("plain");
        var config = _scratch.Write("c.toml", $"[projects.plain]\npath = \"{project}\"\n[retention]\nkeep_last = 0\n");
        var store = new RunStore(Path.Combine(project, ".wt-run"));
        var old = _repository.WtRun.Run("run", "plain", "--config", config, "--json", "--", "true").Expect(0).Record;
        WriteAged(store, old, 31);
        var stillborn = Directory.CreateDirectory(Path.Combine(project, ".wt-run/runs/.0123456789ab.new")).FullName;
        Directory.SetLastWriteTimeUtc(stillborn, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var newborn = Directory.CreateDirectory(Path.Combine(project, ".wt-run/runs/.0123456789ac.new")).FullName;

        var pruned = _repository.WtRun.Run("prune", "--config", config).Expect(0).Output;

        Assert.Equal(
            $"took record {old.Id}: its run ended 31d ago (records = 30d)\ntook record {stillborn}: its wt-run was killed before the run began\n", pruned);
        Assert.Equal([Path.GetFileName(newborn)], RepositoryState.Names(Path.Combine(project, ".wt-run/runs")));
    }

    private RunRecord Rescued(string file) =>
        _repository.RunInWorktree($"{EngineScript.Commit(file)}; git commit -q --amend -m Amended-{file}").Expect(0).Record;

    /// <summary>As if the run had been that many days ago.</summary>
    private RunRecord Age(RunRecord record, int days) => WriteAged(new RunStore(_repository[".git/wt-run"]), record, days);

    private static RunRecord WriteAged(RunStore store, RunRecord record, int days)
    {
        var then = TimeProvider.System.GetUtcNow().AddDays(-days).AddMinutes(-1);
        var aged = record with { CreatedAt = then, FinishedAt = then, SettledAt = null };
        File.WriteAllBytes(Path.Combine(store.DirectoryOf(record.Id), "run.json"), RecordWriter.ToUtf8(aged));
        return aged;
    }

    private void Rewrite(RunRecord record, Func<string, string> change)
    {
        var file = _repository[$".git/wt-run/runs/{record.Id}/run.json"];
        File.WriteAllText(file, change(File.ReadAllText(file)));
    }

    private void Copy(RunRecord record, string id)
    {
        var directory = Directory.CreateDirectory(_repository[$".git/wt-run/runs/{id}"]).FullName;
        File.WriteAllBytes(Path.Combine(directory, "alive"), []);
        File.WriteAllBytes(Path.Combine(directory, "run.json"), RecordWriter.ToUtf8(record with { Id = id }));
    }

    private static IEnumerable<string> Without(string words, IReadOnlyList<string> items) => items.Where(item => !item.Contains(words, StringComparison.Ordinal));

    private static IEnumerable<string> RefsIn(IReadOnlyList<string> items) =>
        items.Where(item => item.Contains(" ref ", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}

public sealed class Prune_says_of : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Prune_says_of() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_branch_that_holds_a_run_s_work_how_to_land_it_and_how_to_give_it_up()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;

        Assert.Contains(
            $"left branch {failed.Branch}: it holds the work of run {failed.Id} (failed, kept); land it: wt-run land {failed.Id[..8]}; give it up: wt-run drop {failed.Id[..8]}",
            _repository.Prune());
        Assert.Contains(failed.Branch, _repository.Branches);
    }

    [Fact]
    public void A_branch_that_a_landed_run_had_to_leave_that_it_is_checked_out_and_takes_it_later()
    {
        var landed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; cd '{_repository.Path}'; git worktree add -q --force '{_scratch.Path("other")}' $WT_RUN_BRANCH").Expect(0).Record;
        Assert.Contains($"left branch {landed.Branch}: it is checked out in '{_scratch.Path("other")}', to let it go: git -C {_scratch.Path("other")} switch --detach && wt-run prune", _repository.Prune());

        _repository.Git("worktree", "remove", "--force", _scratch.Path("other"));
        Assert.Contains($"took branch {landed.Branch}: run {landed.Id} is over, and all of it is on 'refs/heads/main'", _repository.Prune());

        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void A_landed_run_nothing_of_landing_where_its_branch_had_to_stay()
    {
        _repository.Configure("merge_style = \"squash\"");
        var landed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; cd '{_repository.Path}'; git worktree add -q --force '{_scratch.Path("other")}' $WT_RUN_BRANCH").Expect(0).Record;
        Assert.Equal(MergeBackResult.Landed, landed.MergeBack?.Result);

        var pruned = _repository.Prune();

        Assert.Contains($"left branch {landed.Branch}: it is checked out in '{_scratch.Path("other")}', to let it go: git -C {_scratch.Path("other")} switch --detach && wt-run prune", pruned);
        Assert.Contains($"left ref {landed.RescueRef}: the branch of run {landed.Id} is still there", pruned);
        Assert.DoesNotContain(pruned, item => item.Contains("wt-run land", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, "main")]
    [InlineData(true, "--detach")]
    public void A_branch_that_a_person_merged_by_hand_and_has_checked_out_what_lets_it_go(bool isBeside, string to)
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        var at = isBeside ? _scratch.Path("it's beside") : _repository.Path;
        _repository.Git("merge", "--quiet", failed.Branch!);
        _repository.Git(isBeside ? ["worktree", "add", "--quiet", at, failed.Branch!] : ["switch", "--quiet", failed.Branch!]);
        var quoted = isBeside ? $"'{at.Replace("'", "'\\''", StringComparison.Ordinal)}'" : at;
        var expected = $"left branch {failed.Branch}: run {failed.Id} has been landed by hand: all of it is on 'main'; the branch is checked out in '{at}', to let it go: git -C {quoted} switch {to} && wt-run prune";

        Assert.Contains(expected, _repository.Prune("--dry-run"));
        Assert.Equal(RunState.Failed, _repository.Show(failed.Id).State);
        Assert.Contains(expected, _repository.Prune());
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (_repository.Show(failed.Id).State, _repository.Show(failed.Id).MergeBack?.Result));
        var again = Assert.Single(_repository.Prune(), item => item.StartsWith($"left branch {failed.Branch}: ", StringComparison.Ordinal));
        _scratch.PutFirstInPath(Path.GetDirectoryName(WtRun.Program)!);
        _scratch.Run(_repository.Path, "sh", "-c", again[(again.IndexOf("to let it go: ", StringComparison.Ordinal) + "to let it go: ".Length)..]).Expect(0);

        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void A_branch_that_a_person_merged_by_hand_that_its_run_is_landed_and_takes_it()
    {
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        var conflict = _repository.RunInWorktree(
            $"{EngineScript.Commit("README", "mine")}; {EngineScript.CommitInCheckout(_repository, "README")}").Expect(120).Record;
        var other = _repository.RunInWorktree($"{EngineScript.Commit("two")}; exit 3").Expect(3).Record;
        _repository.Git("merge", "--quiet", failed.Branch!);
        _ = _repository.TryGit("merge", "--quiet", conflict.Branch!);
        _repository.Resolve("README", "both\n");
        _repository.Git("branch", "-D", conflict.Branch!);
        string[] expected =
        [
            $"took branch {failed.Branch}: run {failed.Id} has been landed by hand: all of it is on 'main'",
            $"took branch {conflict.Branch}: run {conflict.Id} has been landed by hand: all of it is on 'main'",
        ];

        Assert.Equal(expected, _repository.Prune("--dry-run").Where(item => item.StartsWith("took branch", StringComparison.Ordinal)).OrderBy(item => item != expected[0]));
        Assert.Equal(RunState.NeedsMerge, _repository.Show(conflict.Id).State);
        Assert.Equal(expected, _repository.Prune().Where(item => item.StartsWith("took branch", StringComparison.Ordinal)).OrderBy(item => item != expected[0]));

        Assert.Equal(["main", other.Branch!], _repository.Branches);
        foreach (var record in new[] { failed, conflict })
        {
            var now = _repository.Show(record.Id);
            Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (now.State, now.MergeBack?.Result, now.Hint));
            Assert.Equal((record.FinishedAt, true), (now.FinishedAt, now.SettledAt > record.FinishedAt));
        }

        Assert.DoesNotContain(_repository.Prune(), item => item.Contains(conflict.Id, StringComparison.Ordinal));
    }

    [Fact]
    public void A_branch_whose_record_is_gone_that_it_is_yours()
    {
        _repository.Git("branch", "wt/0123456789ab");
        _repository.Git("branch", "wt/mine");

        Assert.Equal(["left branch wt/0123456789ab: the record of its run is gone; when you do not need it: git branch -D wt/0123456789ab"], _repository.Prune());
    }

    [Fact]
    public void A_worktree_whose_repository_was_moved_with_it_during_the_run()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"echo x > x; {gate.Step}");
        gate.AwaitReached();
        var moved = _scratch.Path("moved");
        Directory.Move(_repository.Path, moved);
        gate.Open();
        _ = run.Wait();

        var worktree = Assert.Single(Directory.GetDirectories(Path.Combine(moved, ".worktrees")), path => File.Exists(Path.Combine(path, "x")));
        Assert.Contains(
            $"directory {worktree}: git knows no worktree there; when you have what you need from it: rm -rf {worktree}",
            new WtRun(_scratch, moved).Run("prune").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_put_where_worktrees_are_made_that_it_is_not_its_own()
    {
        _repository.RunInWorktree("true").Expect(0);
        _repository.Git("worktree", "add", "--quiet", "-b", "mine", ".worktrees/mine");
        Directory.CreateDirectory(_repository[".worktrees/stuff"]);
        Eventually.True(() => RepositoryState.Names(_repository[".worktrees/.trash"]).Count == 0, "the trash is deleted");

        Assert.Equal(
            [
                $"left worktree {_repository[".worktrees/mine"]}: wt-run did not make it",
                $"left directory {_repository[".worktrees/stuff"]}: git knows no worktree there; when you have what you need from it: rm -rf {_repository[".worktrees/stuff"]}",
            ],
            _repository.Prune().Order(StringComparer.Ordinal).Reverse());
    }

    [Fact]
    public void A_worktree_that_was_left_over_that_someone_works_in_it_and_rescues_its_loose_commits_later()
    {
        var record = _repository.RunInWorktree($"{EngineScript.Commit("one")}; echo x > ../.trash").Expect(0).Record;
        File.Delete(_repository[".worktrees/.trash"]);
        _scratch.Run(record.Worktree!, "sh", "-c", $"git checkout -q --detach; {EngineScript.Commit("two")}; {EngineScript.NoteCommit(_scratch)}").Expect(0);
        var gate = new Gate(_scratch);
        using (var person = new BackgroundRun(["sh"], Processes.CapturedCommand.Start(_scratch.StartOf(record.Worktree!, ["sh", "-c", gate.Step]))))
        {
            gate.AwaitReached();
            Assert.Contains($"left worktree {record.Worktree}: someone is at work in it: sh ({person.Pid})", _repository.Prune());
        }

        Assert.Contains($"took worktree {record.Worktree}: run {record.Id} is over, and all that is in it is reachable elsewhere", _repository.Prune());

        Assert.Equal([_repository.Path], _repository.Worktrees);
        _repository.AssertNothingIsLost(_scratch, _repository.Show(record.Id));
    }

    [Fact]
    public void A_kept_worktree_that_was_deleted_by_hand_nothing_in_the_record_any_more()
    {
        _repository.Configure("keep_on_failure = true");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; {EngineScript.NoteCommit(_scratch)}; git checkout -q --detach; "
            + $"{EngineScript.Commit("two")}; {EngineScript.NoteCommit(_scratch)}; git checkout -q $WT_RUN_BRANCH; exit 3").Expect(3).Record;
        _scratch.Run(_scratch.Root, "rm", "-rf", failed.Worktree!).Expect(0);

        Assert.Contains(_repository.Prune(), item => item.StartsWith($"took worktree {failed.Worktree}: ", StringComparison.Ordinal));

        var now = _repository.Show(failed.Id);
        Assert.Null(now.Kept);
        _repository.AssertNothingIsLost(_scratch, now);
    }

    [Fact]
    public void A_project_that_it_cannot_prune_why_and_goes_on_with_the_others()
    {
        var broken = new TestRepository(_scratch, "broken");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        var config = _scratch.Write("c.toml", $"[projects.broken]\npath = \"{broken.Path}\"\n[projects.here]\npath = \"{_repository.Path}\"\n");
        Directory.CreateDirectory(broken[".git/wt-run/runs/0123456789ab"]);
        broken.Write(".git/packed-refs", "not refs\n");

        var pruned = _repository.WtRun.Run("prune", "--config", config).Expect(1);

        Assert.Contains("Project 'broken' could not be pruned: ", pruned.Error, StringComparison.Ordinal);
        Assert.Contains($"left branch {failed.Branch}: ", pruned.Output, StringComparison.Ordinal);
    }
}
