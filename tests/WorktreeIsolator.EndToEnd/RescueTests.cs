using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>What only the index, or only the files of a run's worktree have, and what of it a ref can hold.</summary>
public sealed class What_an_engine_staged_hid_or_left_unmerged
{
    /// <summary>Each writes texts of its own, which have to be found again by the name of their blob.</summary>
    public static TheoryData<string, string, string[]> Versions { get; } = new()
    {
        { "staged and then edited", "echo staged > f; git add f; echo edited > f", ["staged", "edited"] },
        { "staged and then deleted", "echo staged > f; git add f; rm f", ["staged"] },
        { "staged over a commit, then put back", "echo staged > README; git add README; echo first > README", ["staged"] },
        { "edited though assume-unchanged", "git update-index --assume-unchanged README; echo hidden > README", ["hidden"] },
        { "edited though skip-worktree", "git update-index --skip-worktree README; echo hidden > README; echo other > f", ["hidden", "other"] },
        { "hidden, and committed beside it", $"git update-index --assume-unchanged README; echo hidden > README; {EngineScript.Commit("f", "other")}", ["hidden", "other"] },
    };

    [Theory]
    [MemberData(nameof(Versions))]
    public void Is_found_again_after_the_run_has_landed(string what, string engine, string[] texts) => AssertFound(what, engine, texts, 0);

    [Theory]
    [MemberData(nameof(Versions))]
    public void Is_found_again_after_the_run_has_failed(string what, string engine, string[] texts) => AssertFound(what, engine, texts, 3);

    [Fact]
    public void Is_found_again_if_uncommitted_work_is_rescued_alone()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("wt-run.toml", "[projects.p]\npath = \".\"\nuncommitted = \"rescue\"\n");

        var record = repository.RunInWorktree($"{EngineScript.Commit("landed")}; echo staged > f; git add f; echo edited > f; echo new > g").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.False(File.Exists(repository["f"]));
        var rescue = record.RescueRef!;
        Assert.Equal(("edited", "new", "staged", record.MergeBack!.Commit), (repository.Git("show", $"{rescue}:f"), repository.Git("show", $"{rescue}:g"), repository.Git("show", $"{rescue}^2:f"), repository.Git("rev-parse", $"{rescue}^1")));
        Assert.Equal("fatal", repository.TryGit("show", $"{rescue}^2:g").Error[..5]);
    }

    [Theory]
    [InlineData("--skip-worktree")]
    [InlineData("--assume-unchanged")]
    public void Is_found_again_if_it_was_edited_in_the_second_in_which_it_was_staged(string flag)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        // git compares whole seconds, so at the beginning of one; and whatever writes the index afterwards does so in another.
        var record = repository.RunInWorktree(
            "until test \"$(date +%N | cut -c1)\" = 0; do :; done; echo 'edit 1' > README; git add README; "
            + $"git update-index {flag} README; echo 'edit 2' > README; sleep 1.1").Expect(0).Record;

        Assert.Equal("edit 1\n", repository.Read("README"));
        Assert.Equal("edit 2", repository.Git("show", $"{record.RescueRef}:README"));
    }

    [Fact]
    public void Is_not_rescued_where_there_is_nothing_but_the_flag()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree("git update-index --assume-unchanged README; echo work > work").Expect(0).Record;

        Assert.Null(record.RescueRef);
        Assert.Equal(["refs/heads/main"], repository.Refs);
    }

    [Fact]
    public void Is_kept_with_all_three_sides_of_a_conflict_and_the_state_of_the_operation()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            "echo ours > README; git commit -qam Ours; git checkout -q --detach HEAD~1; echo theirs > README; git commit -qam Theirs; "
            + "git checkout -q \"$WT_RUN_BRANCH\"; git rebase -q HEAD@{1}; echo half > README; true").Expect(120).Record;

        var rescue = record.RescueRef!;
        Assert.Equal("half", repository.Git("show", $"{rescue}:README"));
        var index = repository.Git("log", "-1", "--format=%(trailers:key=index,valueonly)", rescue);
        Assert.Equal(("first", "theirs", "ours"), (Stage(1), Stage(2), Stage(3)));
        Assert.Contains("pick", repository.Git("show", $"{index}:.state/rebase-merge/done"), StringComparison.Ordinal);
        Assert.Contains("where the run stood", repository.WtRun.Run("show", record.Id).Expect(0).Output, StringComparison.Ordinal);

        string Stage(int stage) => repository.Git("show", $"{index}:.stage{stage}/README");
    }

    private static void AssertFound(string what, string engine, string[] texts, int exitCode)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree($"{engine}; exit {exitCode}").Expect(exitCode).Record;

        Assert.Equal((what, $"refs/wt-run/{record.Id}"), (what, record.RescueRef));
        Assert.Equal([repository.Path], repository.Worktrees);
        repository.Git("reflog", "expire", "--expire=now", "--all");
        repository.Git("gc", "--quiet", "--prune=now");
        var objects = repository.Git("rev-list", "--objects", "--all");
        foreach (var text in texts)
        {
            var blob = scratch.Run(repository.Path, "sh", "-c", $"echo {text} | git hash-object --stdin").Expect(0).Output.Trim();
            Assert.Contains(blob, objects, StringComparison.Ordinal);
        }

        Assert.Equal("", repository.Status);
    }
}

public sealed class The_commands_that_show_prints_for_a_rescue
{
    [Theory]
    [InlineData("echo edited > README; echo staged > f; git add f; echo later > f; mkdir d; echo new > d/g; rm gone; exit 3", " M README AM f  D gone ?? d/g")]
    [InlineData("git update-index --assume-unchanged README; echo edited > README; echo later > f; mkdir d; echo new > d/g; exit 3", " M README")]
    public void Bring_back_the_files_and_what_was_staged(string engine, string status)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch, "a' b");
        repository.Commit("gone", "gone\n");
        var record = repository.RunInWorktree(engine).Expect(3).Record;

        var below = Directory.CreateDirectory(repository["below"]).FullName;
        foreach (var command in BringBack(repository, record))
        {
            scratch.Run(below, "sh", "-c", command).Expect(0);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(below));

        var place = scratch.Path($"rescue-{record.Id}");
        Assert.Equal(("edited\n", "later\n", "new\n"), (Read("README"), Read("f"), Read("d/g")));
        Assert.Equal(status, scratch.Run(place, "git", "status", "--porcelain", "-uall").Expect(0).Output.TrimEnd('\n').Replace('\n', ' '));

        string Read(string file) => File.ReadAllText(Path.Combine(place, file));
    }

    [Fact]
    public void Bring_back_the_sides_of_conflicts()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("d/it's", "base\n");
        var record = repository.RunInWorktree(
            "echo ours > \"d/it's\"; git commit -qam Ours; git checkout -q --detach HEAD~1; echo theirs > \"d/it's\"; git commit -qam Theirs; git merge -q $WT_RUN_BRANCH; exit 3").Expect(3).Record;

        var said = BringBack(repository, record).Select(command => scratch.Run(scratch.Root, "sh", "-c", command).Expect(0).Output).ToList();

        Assert.Contains("theirs\n", said);
    }

    [Fact]
    public void Bring_back_commits()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("one")}; git checkout -q --detach HEAD~1; {EngineScript.Commit("two")}; {EngineScript.NoteCommit(scratch)}; git checkout -q \"$WT_RUN_BRANCH\"").Expect(0).Record;

        var commands = BringBack(repository, record);
        foreach (var command in commands)
        {
            scratch.Run(repository.Path, "sh", "-c", command).Expect(0);
        }

        Assert.Equal(File.ReadAllText(scratch.Path("commits")).Trim(), repository.Git("rev-parse", $"rescue-{record.Id}"));
        Assert.Contains(commands, command => command.Contains(" branch rescue-", StringComparison.Ordinal));
    }

    private static List<string> BringBack(TestRepository repository, RunRecord record)
    {
        var lines = repository.WtRun.Run("show", record.Id).Expect(0).Output.Split('\n').ToList();
        var first = lines.FindIndex(line => line.StartsWith("bring back ", StringComparison.Ordinal));
        return [.. lines.Skip(first).Where(line => line.Length > 0).Select(line => line[12..])];
    }
}

public sealed class More_than_a_ref_should_hold
{
    [Theory]
    [InlineData(0, 120)]
    [InlineData(3, 3)]
    public void Keeps_the_worktree_and_stays_out_of_the_repository(int exitCode, int expected)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var bytes = HeavyTests.Count(few: 2, many: 200) << 20;
        repository.Write("wt-run.toml", $"[projects.p]\npath = \".\"\n{(HeavyTests.AreOn ? "" : "rescue_limit = \"1MiB\"\n")}");

        var record = repository.RunInWorktree(
            $"{EngineScript.Commit("work")}; echo edited > README; head -c {bytes} /dev/urandom > big; exit {exitCode}").Expect(expected).Record;

        Assert.Contains("rescue_limit", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.Equal(bytes, new FileInfo(Path.Combine(record.Worktree!, "big")).Length);
        Assert.Equal("edited", repository.Git("show", $"{record.RescueRef}:README"));
        Assert.False(File.Exists(repository["work"]));
        Assert.Equal([$"left worktree {record.Worktree}: kept on purpose: {record.Kept!.Reason}; land it: wt-run land {record.Id[..8]}; give it up: wt-run drop {record.Id[..8]}"], repository.Prune());
        Assert.True(Directory.Exists(record.Worktree));
    }

    [Fact]
    public void Lands_when_a_person_has_ignored_it()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("wt-run.toml", "[projects.p]\npath = \".\"\nrescue_limit = \"1MiB\"\n");
        var record = repository.RunInWorktree("echo work > work; head -c 2000000 /dev/urandom > big").Expect(120).Record;

        File.Delete(Path.Combine(record.Worktree!, "big"));
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, null), (landed.MergeBack?.Result, landed.Kept));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }
}

public sealed class A_submodule_in_the_worktree_of_a_run
{
    [Theory]
    [InlineData("cd sub; git checkout -q -B main; echo x > x; git add x; git commit -qm X; cd ..; git add sub; git commit -qm Sub", "recorded")]
    [InlineData("cd sub; git checkout -q -B main; echo x > x; git add x; git commit -qm X; git checkout -q HEAD~1", "not recorded")]
    [InlineData("cd sub; echo x > x; git add x; git stash -q", "stashed")]
    [InlineData("cd sub; echo x > x; git add x; git stash -q; git reflog expire --expire=now --all", "stashed, reflogs expired")]
    public void Keeps_the_worktree_if_it_has_commits_that_were_not_pushed(string engine, string what)
    {
        using var scratch = new Scratch();
        var repository = WithSubmodule(scratch);

        var record = repository.RunInWorktree(engine).Expect(120).Record;

        Assert.Equal((what, MergeBackResult.Blocked), (what, record.MergeBack?.Result));
        Assert.Contains("not pushed, which no ref here can keep: sub", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(record.Worktree!, "sub/.git")));
    }

    [Theory]
    [InlineData("prune")]
    [InlineData("drop")]
    public void Keeps_its_commits_though_a_person_deletes_the_directory(string command)
    {
        using var scratch = new Scratch();
        var repository = WithSubmodule(scratch);
        var record = repository.RunInWorktree($"cd sub; git checkout -q -B next; {EngineScript.Commit("x")}").Expect(120).Record;
        var module = repository[$".git/worktrees/{record.Id}/modules/sub"];
        var commit = scratch.Run(module, "git", "--git-dir=.", "rev-parse", "next").Expect(0).Output.Trim();

        scratch.Run(scratch.Root, "rm", "-rf", record.Worktree!).Expect(0);
        var told = repository.WtRun.Run(command == "drop" ? ["drop", record.Id] : ["prune"]);

        Assert.Contains("submodules that were not pushed", told.Output + told.Error, StringComparison.Ordinal);
        scratch.Run(module, "git", "--git-dir=.", "--work-tree=.", "cat-file", "-e", commit).Expect(0);
        scratch.Run(module, "git", "--git-dir=.", "--work-tree=.", "push", "-q", "origin", "next").Expect(0);
        repository.WtRun.Run("drop", record.Id).Expect(0);
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Theory]
    [InlineData("git checkout -q -B next; {commit}")]
    [InlineData("{commit}; git switch -qc side HEAD~1; echo y > y; git add y; git commit -qm Y; git checkout -q --detach HEAD~1; echo s > README; git stash -q")]
    [InlineData("{commit}; git reset -q --hard HEAD~1")]
    public void Keeps_its_commits_though_the_engine_deletes_the_directory_and_says_how_to_push_them(string engine)
    {
        using var scratch = new Scratch();
        var repository = WithSubmodule(scratch);

        var record = repository.RunInWorktree(
            $"cd sub; {engine.Replace("{commit}", EngineScript.Commit("x"), StringComparison.Ordinal)}; cd ..; git commit -qam Sub; rm -rf \"$WT_RUN_WORKTREE\"").Expect(125).Record;
        repository.Prune();

        var module = repository[$".git/worktrees/{record.Id}/modules/sub"];
        Assert.Equal(Path.GetDirectoryName(module), record.Kept?.Path);
        var commits = scratch.Run(module, "git", "--git-dir=.", "--work-tree=.", "log", "--format=%H", "--all", "--reflog").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var refused = repository.WtRun.Run("drop", record.Id).Expect(1).Error;
        var pushes = record.Hint!.Split('\n').Where(line => line.StartsWith("git ", StringComparison.Ordinal)).ToList();
        Assert.Contains(pushes[0], refused, StringComparison.Ordinal);
        scratch.Run("/", "sh", "-c", string.Join('\n', pushes)).Expect(0);
        repository.WtRun.Run("drop", record.Id).Expect(0);

        var library = scratch.Path("library.origin.git");
        Assert.All(commits, commit => Assert.NotEqual("", scratch.Run(library, "git", "for-each-ref", "--contains", commit).Expect(0).Output));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Lets_the_worktree_go_once_they_were_pushed()
    {
        using var scratch = new Scratch();
        var repository = WithSubmodule(scratch);
        var record = repository.RunInWorktree("cd sub; git checkout -q -B next; echo x > x; git add x; git commit -qm X; cd ..; git add sub; git commit -qm Sub").Expect(120).Record;

        scratch.Run(Path.Combine(record.Worktree!, "sub"), "git", "push", "-q", "origin", "next").Expect(0);
        var landed = repository.Land(record).Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, null), (landed.MergeBack?.Result, landed.Kept));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Keeps_nothing_if_it_was_only_read()
    {
        using var scratch = new Scratch();
        var repository = WithSubmodule(scratch);

        var record = repository.RunInWorktree("cat sub/README > copy").Expect(0).Record;

        Assert.Equal((MergeBackResult.Landed, null, null), (record.MergeBack?.Result, record.Kept, record.RescueRef));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    private static TestRepository WithSubmodule(Scratch scratch)
    {
        scratch.Write("gitconfig", File.ReadAllText(scratch.Path("gitconfig")) + "[protocol \"file\"]\n\tallow = always\n");
        var library = new TestRepository(scratch, "library");
        library.Commit("second", "second\n");

        var bare = library.AddBareRemote();
        var repository = new TestRepository(scratch);
        repository.Git("submodule", "--quiet", "add", bare, "sub");
        repository.Git("commit", "--quiet", "-m", "Add sub");
        repository.Write("wt-run.toml", "[projects.p]\npath = \".\"\nsubmodules = true\n");
        repository.Git("add", "wt-run.toml");
        repository.Git("commit", "--quiet", "-m", "Configure");
        return repository;
    }
}

public sealed class What_stands_in_the_way_of_keeping_the_work
{
    [Fact]
    public void Is_no_way_to_move_or_delete_a_branch_of_the_users()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Git("branch", "theirs");

        var record = repository.RunInWorktree(
            $"git checkout -q --detach; {EngineScript.Commit("work")}; {EngineScript.NoteCommit(scratch)}; git symbolic-ref \"refs/heads/$WT_RUN_BRANCH\" refs/heads/theirs; exit 3").Expect(3).Record;
        repository.Prune();
        repository.WtRun.Run("drop", record.Id).Expect(0);

        Assert.Equal(repository.Head, repository.Git("rev-parse", "theirs"));
        Assert.Equal(["main", "theirs"], repository.Branches);
        repository.AssertNothingIsLost(scratch, record);
    }

    [Fact]
    public void Does_not_last_if_it_is_a_lock_that_a_killed_git_of_ours_has_left()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            "echo staged > f; git add f; echo edited > f; touch \"$(git rev-parse --git-dir)/wt-run-rescue-index.lock\"; "
            + "mkdir -p \"$(git rev-parse --git-common-dir)/refs/wt-run\"; touch \"$(git rev-parse --git-common-dir)/refs/wt-run/$WT_RUN_ID.lock\"").Expect(0).Record;

        Assert.Equal(("edited\n", "staged"), (repository.Read("f"), repository.Git("show", $"{record.RescueRef}^2:f")));
    }

    [Fact]
    public void Is_not_a_line_of_its_journal_that_was_cut_off()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record;
        File.AppendAllText(Path.Combine(Path.GetDirectoryName(record.Log)!, "events.jsonl"), "{\"at\":\"2026\",\"event\":\"landing\",\"detail\":\"merge --f");

        Assert.Equal(MergeBackResult.Landed, repository.Land(record).Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void Is_not_a_change_of_the_configuration_that_the_target_has_already()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("wt-run.toml", "[projects.p]\npath = \".\"\nmerge_target = \"main\"\n");
        var start = repository.Head;
        repository.Commit("wt-run.toml", "[projects.p]\npath = \".\"\nmerge_target = \"main\"\nland_wait = \"1m\"\n");

        var record = repository.RunInWorktree("git merge -q main; echo work > work", "--base", start).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
    }
}

public sealed class A_repository_that_git_passes_over
{
    [Theory]
    [InlineData("cd tracked; git init -q; echo v1 > h; git add h; git commit -qm One", "tracked")]
    [InlineData("mkdir n; cd n; git init -q; echo v1 > h; git add h; git commit -qm One; rm .git/HEAD", "n")]
    [InlineData("mkdir -p n/deep; cd n; git init -q; echo v1 > deep/h; git add .; git commit -qm One; echo junk > .git/HEAD", "n")]
    public void Keeps_the_worktree(string engine, string name)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit("tracked/t", "t\n");

        var record = repository.RunInWorktree(engine).Record;

        Assert.Contains($"repositories of their own, which no ref can keep: {name}", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(record.Worktree!, name, ".git/objects")));
    }
}

public sealed class A_worktree_that_is_kept_after_verify_has_failed : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_worktree_that_is_kept_after_verify_has_failed()
    {
        _repository = new TestRepository(_scratch);
        _repository.Write("wt-run.toml", "[projects.p]\npath = \".\"\nkeep_on_failure = true\nverify = [\"sh\", \"-c\", \"echo left > left; echo verified > README; git add README; test -e ok\"]\n");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Stands_at_the_work_on_its_branch_and_lands_what_a_person_adds_there()
    {
        var record = _repository.RunInWorktree("echo work > work").Expect(120).Record;

        Assert.Equal(("", record.Branch), (InWorktree("status", "--porcelain"), InWorktree("branch", "--show-current")));
        _scratch.Run(record.Worktree!, "sh", "-c", "touch ok; git add ok; git commit -qm Ok").Expect(0);
        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);

        Assert.Equal(("first\n", false, true), (_repository.Read("README"), File.Exists(_repository["left"]), File.Exists(_repository["ok"])));

        string InWorktree(params IReadOnlyList<string> arguments) => _scratch.Run(record.Worktree!, ["git", .. arguments]).Expect(0).Output.Trim();
    }

    [Fact]
    public void Is_left_as_it_is_if_the_engine_failed_and_nothing_was_delivered()
    {
        _repository.Write("wt-run.toml", _repository.Read("wt-run.toml") + "uncommitted = \"rescue\"\n");

        var record = _repository.RunInWorktree("git checkout -q --detach; echo work > work; exit 3").Expect(3).Record;

        Assert.Equal("?? work", _scratch.Run(record.Worktree!, "git", "status", "--porcelain").Expect(0).Output.Trim());
        Assert.Equal("work", _repository.Git("show", $"{record.RescueRef}:work"));
    }

    [Fact]
    public void Lands_what_a_person_committed_on_the_branch_elsewhere()
    {
        var record = _repository.RunInWorktree("echo work > work").Expect(120).Record;
        _scratch.Run(record.Worktree!, "git", "checkout", "--quiet", "--detach").Expect(0);
        _repository.Git("worktree", "add", "--quiet", _scratch.Path("mine"), record.Branch!);
        _scratch.Run(_scratch.Path("mine"), "sh", "-c", "touch ok; git add ok; git commit -qm Ok").Expect(0);
        _repository.Git("worktree", "remove", _scratch.Path("mine"));

        Assert.Equal(MergeBackResult.Landed, _repository.Land(record).Expect(0).Record.MergeBack?.Result);
        Assert.Equal((true, true), (File.Exists(_repository["ok"]), File.Exists(_repository["work"])));
    }
}

public sealed class A_filter_that_never_ends
{
    [Fact]
    public void Is_ended_by_more_signals_and_the_worktree_is_kept()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var gate = new Gate(scratch);
        repository.Commit(".gitattributes", "*.x filter=endless\n");
        repository.Git("config", "filter.endless.clean", $"{gate.Step}; cat");

        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", "echo work > work.x");
        gate.AwaitReached();
        Eventually.True(
            () =>
            {
                run.Terminate();
                return run.HasEnded;
            },
            "it has ended");
        var record = run.Wait().Record;

        Assert.Equal("work\n", File.ReadAllText(Path.Combine(record.Kept!.Path, "work.x")));
    }
}
