using System.Text.Json.Nodes;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary><c>wt-run doctor</c> in real situations: each is found, says what helps, and nothing changes.</summary>
public sealed class The_doctor : IDisposable
{
    private const string Nobody = "65534";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public The_doctor() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Finds_nothing_wrong_where_all_is_well_and_changes_nothing()
    {
        var before = Everything();

        var findings = Examine(exitCode: 0);

        Assert.Equal(
            [
                "git", "proc", "state_home", "repository", "state", "worktrees_dir", "disk", "identity", "locks", "held_locks", "git_locks", "dead_runs", "needs_person",
                "worktrees", "sessions", "branches", "rescues", "records",
            ],
            findings.Select(finding => finding.Check));
        Assert.All(findings.Where(finding => finding.Check != "disk"), finding => Assert.Equal("ok", finding.Status));
        Assert.Equal(before, Everything());
        Assert.Contains("ok       repo: git_locks: No lock file", _repository.WtRun.Run("doctor").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_what_runs_left_and_what_needs_a_person()
    {
        _repository.Configure("land_wait = \"0s\"");
        var failed = _repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record;
        var conflict = _repository.RunInWorktree($"echo mine > README; {EngineScript.CommitInCheckout(_repository, "README")}").Expect(120).Record;
        var unfinished = _repository.RunInWorktree("git checkout -q -b side; git commit -q --allow-empty -m x; git checkout -q -; touch \"$(git rev-parse --git-dir)/MERGE_HEAD\"; git rev-parse side > \"$(git rev-parse --git-dir)/MERGE_HEAD\"").Record;
        var dropped = _repository.WtRun.Run("drop", failed.Id, "--json").Expect(0).Record;
        Assert.NotNull(dropped.RescueRef);
        Assert.NotNull(unfinished.Kept);
        _scratch.Directory("repo/.git/worktrees/0123456789ab");
        var before = Everything();

        var findings = Examine(exitCode: 0);

        Assert.All(Of(findings, "needs_person"), finding => Assert.Equal("note", finding.Status));
        Assert.Contains(Of(findings, "needs_person"), f => f.Message.Contains(conflict.Id, StringComparison.Ordinal) && f.Help == $"wt-run show {conflict.Id[..8]}");
        Assert.Contains(Of(findings, "worktrees"), f => f.Message.Contains($"'{unfinished.Worktree}' stays: kept on purpose", StringComparison.Ordinal));
        Assert.Contains(Of(findings, "worktrees"), f => f.Message.Contains("0123456789ab' is left over: a 'git worktree add' was killed", StringComparison.Ordinal) && f.Help == "wt-run prune");
        Assert.Contains(conflict.Branch!, Assert.Single(Of(findings, "branches")).Message, StringComparison.Ordinal);
        var rescues = Assert.Single(Of(findings, "rescues"));
        Assert.Contains("1 ref keeps what no branch holds (", rescues.Message, StringComparison.Ordinal);
        Assert.Contains(dropped.RescueRef!, rescues.Message, StringComparison.Ordinal);
        Assert.Equal(before, Everything());
    }

    [Fact]
    public void Finds_a_stale_lock_of_gits_and_leaves_it_there()
    {
        var file = _repository[".git/index.lock"];
        File.WriteAllText(file, "");
        Assert.Equal("note", Assert.Single(Of(Examine(exitCode: 0), "git_locks")).Status);

        File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        var stale = Assert.Single(Of(Examine(exitCode: 1), "git_locks"));
        Assert.Equal("problem", stale.Status);
        Assert.Contains("has been there for 2h", stale.Message, StringComparison.Ordinal);
        Assert.StartsWith($"rm {file}", stale.Help, StringComparison.Ordinal);
        Assert.True(File.Exists(file));

        using var git = new Peer(_scratch, _repository.Path, "git");
        var held = Assert.Single(Of(Examine(exitCode: 0), "git_locks"));
        Assert.Contains($"git (pid {git.Pid}) at work", held.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refs/heads/main.lock")]
    [InlineData("refs/heads/release/1.0.lock")]
    public void Finds_the_stale_lock_of_a_branch(string name)
    {
        var file = _scratch.Write($"repo/.git/{name}", "");
        Assert.Equal("note", Assert.Single(Of(Examine(exitCode: 0), "git_locks")).Status);

        File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        var stale = Assert.Single(Of(Examine(exitCode: 1), "git_locks"));

        Assert.Equal("problem", stale.Status);
        Assert.StartsWith($"rm {file}", stale.Help, StringComparison.Ordinal);
        Assert.True(File.Exists(file));
    }

    [Fact]
    public void Finds_that_nothing_can_be_made_in_a_file_system_of_the_kernels()
    {
        var found = _scratch.Run(_repository.Path, "env", "XDG_STATE_HOME=/proc/none", WtRun.Program, "doctor").Expect(1).Output;

        Assert.Contains("problem  state_home: '/proc/none/wt-run', where runs wait for engines, cannot be written: '/proc' refuses.", found, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_who_holds_a_turn_and_that_the_repository_lock_is_held_too_long()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var turn = Assert.Single(Of(Examine(exitCode: 0), "held_locks"));
        Assert.Contains("turns/main.lock' is held by process ", turn.Message, StringComparison.Ordinal);
        Assert.Contains(_repository.Runs()[0].Id, turn.Message, StringComparison.Ordinal);
        gate.Open();
        run.Wait().Expect(0);

        var lockFile = _scratch.Write("repo/.git/wt-run/repo.lock", "");
        var held = new Gate(_scratch, "held");
        using var holder = Peer.Start(_scratch, _scratch.Root, "flock", lockFile, "-c", held.Step);
        Eventually.True(() => !FileLock.IsFree(lockFile), "flock(1) has the lock");
        var locks = Assert.Single(Of(Examine(exitCode: 1), "locks"));
        Assert.Contains("has not been free for 1 s. It is held by process ", locks.Message, StringComparison.Ordinal);
        Assert.Contains("(flock)", locks.Message, StringComparison.Ordinal);
        held.Open();
        holder.Wait().Expect(0);
    }

    [Fact]
    public void Finds_runs_that_died_and_says_why_they_cannot_be_brought_to_their_end()
    {
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        run.Kill();
        var record = Directory.GetDirectories(_repository[".git/wt-run/runs"])[0] + "/run.json";

        var dead = Assert.Single(Of(Examine(exitCode: 0), "dead_runs"));
        Assert.Equal(("note", "wt-run prune"), (dead.Status, dead.Help));

        // As a container would have written it.
        File.WriteAllText(record, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(record), "\"pid_namespace\": ?[0-9]+", "\"pid_namespace\":1", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        dead = Assert.Single(Of(Examine(exitCode: 1), "dead_runs"));
        Assert.Equal("problem", dead.Status);
        Assert.Contains("another pid namespace (a container)", dead.Message, StringComparison.Ordinal);
        gate.Open();
    }

    [Fact]
    public void Names_the_processes_of_a_dead_run_that_are_another_users()
    {
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);
        var gates = _scratch.Directory("gates");
        var gate = new Gate(_scratch, "gates/gate");
        _scratch.Run("/", "chown", "-R", $"{Nobody}:{Nobody}", _repository.Path, gates).Expect(0);
        _repository.Git("config", "--global", "safe.directory", "*");
        using var run = Peer.Start(
            _scratch, _repository.Path, "setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", WtRun.Program, "run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var record = Directory.GetDirectories(_repository[".git/wt-run/runs"])[0] + "/run.json";
        Eventually.True(() => JsonNode.Parse(File.ReadAllText(record))!["engine_process"] is not null, "the record names the engine");
        run.Kill();

        // As if the engine had been started with the rights of another user.
        using var engine = new Peer(_scratch, _scratch.Root);
        var started = ProcessIdentity.Of(engine.Pid)!.Value.StartTime;
        var json = JsonNode.Parse(File.ReadAllText(record))!;
        json["engine_process"]!["pid"] = engine.Pid;
        json["engine_process"]!["start_time"] = started;
        File.WriteAllText(record, json.ToJsonString());

        var dead = AsNobody("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "dead_runs")!;

        Assert.Contains($"Processes of it are another user's: agent (pid {engine.Pid}).", (string?)dead["message"], StringComparison.Ordinal);
        Assert.Equal($"sudo kill {engine.Pid}; wt-run prune", (string?)dead["help"]);
        Assert.NotNull(ProcessIdentity.Of(engine.Pid));

        // After the next boot it is a stranger that happens to have that pid.
        foreach (var process in new[] { "supervisor", "engine_process" })
        {
            json[process]!["boot_id"] = "0b1e2a3c-0000-4000-8000-000000000000";
        }

        File.WriteAllText(record, json.ToJsonString());
        dead = AsNobody("doctor", "--json").Json.AsArray().Single(f => (string?)f!["check"] == "dead_runs")!;
        Assert.Equal(("note", "wt-run prune"), ((string?)dead["status"], (string?)dead["help"]));
        gate.Open();
    }

    [Fact]
    public void Says_that_a_newer_version_wrote_a_record()
    {
        var id = _repository.RunInWorktree("true").Expect(0).Record.Id;
        var record = _repository[$".git/wt-run/runs/{id}/run.json"];
        File.WriteAllText(record, File.ReadAllText(record).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal).Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal));

        var finding = Assert.Single(Of(Examine(exitCode: 0), "records"));
        Assert.Equal("note", finding.Status);
        Assert.Contains("a newer wt-run wrote it", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_everything_that_is_wrong_with_what_the_configuration_names()
    {
        _scratch.Directory("plain");
        Directory.CreateSymbolicLink(new TestRepository(_scratch, "second")["trees"], _scratch.Directory("elsewhere"));
        _repository.Write("wt-run.toml", """
            [projects.gone]
            path = "../gone"
            [projects.plain]
            path = "../plain"
            [projects.second]
            path = "../second"
            worktrees_dir = "trees"
            """);

        var findings = Examine(exitCode: 1);

        Assert.Contains(findings, f => f is { Project: "gone", Check: "directory", Status: "problem", Help: "wt-run check" });
        Assert.Contains(findings, f => f is { Project: "plain", Check: "repository", Status: "note" });
        Assert.Contains(findings, f => f is { Project: "second", Check: "worktrees_dir", Status: "problem" } && f.Message.Contains("a symbolic link leads it to", StringComparison.Ordinal));
        Assert.Contains(findings, f => f is { Project: "repo", Check: "repository", Status: "ok" });

        _repository.Write("wt-run.toml", "[projects.repo]\npath = 3\n");
        Assert.Contains(Examine(exitCode: 1), f => f is { Check: "configuration", Status: "problem", Help: "wt-run check" });
    }

    [Fact]
    public void Says_that_git_is_too_old_or_is_not_there()
    {
        _scratch.PutFirstInPath(Path.GetDirectoryName(_scratch.Script("old/git", "echo git version 2.30.2\n"))!);
        var old = Assert.Single(Of(Examine(exitCode: 1), "git"));
        Assert.Equal(("problem", "git 2.30.2 is too old: wt-run needs git 2.38 or newer."), (old.Status, old.Message));

        _scratch.Set("PATH", _scratch.Directory("empty"));
        Assert.Equal("problem", Assert.Single(Of(Examine(exitCode: 1), "git")).Status);
    }

    [Fact]
    public void Says_that_git_knows_nobody_and_that_a_peer_is_at_work()
    {
        _repository.Configure("peer_processes = [\"agent\"]");
        _scratch.Write("gitconfig", "[user]\n\tuseConfigOnly = true\n");
        using var peer = new Peer(_scratch, _repository.Path);

        var findings = Examine(exitCode: 0);

        Assert.Equal("note", Assert.Single(Of(findings, "identity")).Status);
        Assert.Contains($"agent (pid {peer.Pid}) works in", Assert.Single(Of(findings, "peers")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_that_the_disk_is_nearly_full() => SmallDisk.Use(_scratch, "small", "16m", disk =>
    {
        var repository = new TestRepository(_scratch, "small/repo");

        var finding = repository.WtRun.Run("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "disk")!;

        Assert.Equal("problem", (string?)finding["status"]);
        Assert.StartsWith("df -h ", (string?)finding["help"], StringComparison.Ordinal);
    });

    [Fact]
    public void Tries_flock_in_a_project_without_git_where_runs_were()
    {
        var plain = new WtRun(_scratch, _scratch.Directory("plain"));
        _scratch.Write("plain/wt-run.toml", "[projects.plain]\npath = \".\"\n");
        Assert.Contains("No run was here yet", Locks(), StringComparison.Ordinal);

        plain.Run("run", "--", "true").Expect(0);

        Assert.StartsWith($"flock works where '{_scratch.Path("plain/.wt-run")}/", Locks(), StringComparison.Ordinal);

        string Locks() => (string)plain.Run("doctor", "--json").Json.AsArray().Single(finding => (string?)finding!["check"] == "locks")!["message"]!;
    }

    [Fact]
    public void Says_that_the_repository_is_another_users_or_that_the_state_cannot_be_written()
    {
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);

        var dubious = AsNobody("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "repository")!;
        Assert.Contains("dubious ownership", (string?)dubious["message"], StringComparison.Ordinal);
        Assert.Contains("safe.directory", (string?)dubious["help"], StringComparison.Ordinal);

        _repository.Git("config", "--global", "safe.directory", "*");
        var findings = AsNobody("doctor", "--json").Expect(1).Json.AsArray();
        var foreign = findings.Single(f => (string?)f!["check"] == "repository")!;
        Assert.Contains("belongs to another user (uid 0; this is uid 65534) and is not shared", (string?)foreign["message"], StringComparison.Ordinal);
        Assert.Equal("problem", (string?)findings.Single(f => (string?)f!["check"] == "state")!["status"]);
    }

    [Fact]
    public void Recommends_to_delete_nothing_of_open_sessions_and_of_runs_that_are_under_way()
    {
        var lockFile = _scratch.Path("engine.lock");
        _repository.Configure("max_worktrees = 8", $"[engines.e]\ncommand = [\"sh\", \"-c\", \"cat | sh\"]\nlock = \"{lockFile}\"\nmax_parallel = 2");
        var open = _repository.RunInSession("open", "echo mine > by-hand").Expect(0).Record;
        File.WriteAllText(Path.Combine(open.Worktree!, "not committed"), "mine");
        var gates = Enumerable.Range(0, 5).Select(i => new Gate(_scratch, $"gate{i}")).ToList();
        using var inSession = _repository.WtRun.Start("run", "--session", "busy", "--", "sh", "-c", $"echo x > x; {gates[0].Step}");
        using var inWorktree = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"{EngineScript.Commit("one")}; echo x > x; {gates[1].Step}");
        using var inPlace = _repository.WtRun.Start("run", "--", "sh", "-c", gates[2].Step);
        using var withLock = _repository.WtRun.Start("run", "--worktree", "--engine", "e", "--prompt", gates[3].Step);
        gates.GetRange(0, 4).ForEach(gate => gate.AwaitReached());
        using var waiting = _repository.WtRun.Start("run", "--worktree", "--engine", "e", "--prompt", gates[4].Step);
        Eventually.True(
            () => _repository.Runs().GroupBy(run => run.State).Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal)
                .SequenceEqual(["1 Queued", "1 Succeeded", "4 Running"], StringComparer.Ordinal)
                && _repository.Runs().Where(run => !run.State.IsFinal()).All(HasNotedWhereItIs),
            "a run waits for the engine's lock, and the others run");
        var before = Everything();

        var findings = Examine(exitCode: 0);

        AssertNoneIsToGo(findings);
        Assert.Equal("ok", Assert.Single(Of(findings, "worktrees")).Status);
        Assert.Equal("ok", Assert.Single(Of(findings, "branches")).Status);
        Assert.Equal(["'busy' is open", "'open' is open"], Of(findings, "sessions").Select(f => f.Message[..f.Message.IndexOf(':', StringComparison.Ordinal)]).Order(StringComparer.Ordinal));
        Assert.Equal("ok", Assert.Single(Of(findings, "state_home")).Status);
        Assert.Equal(before, Everything());
        gates.GetRange(0, 4).ForEach(gate => gate.Open());
        gates[4].AwaitReached();
        gates[4].Open();
        Assert.All([inSession, inWorktree, inPlace, withLock, waiting], run => run.Wait().Expect(0));
    }

    [Fact]
    public void Recommends_to_delete_nothing_of_a_session_that_is_just_being_made()
    {
        // As git does: the directory is there before the registration can be seen.
        var git = _scratch.Run(_scratch.Root, "sh", "-c", "command -v git").Expect(0).Output.Trim();
        var gate = new Gate(_scratch);
        var path = _repository[".worktrees/session-chat"];
        _scratch.Script("bin/git", $"case \" $* \" in *' worktree add '*) mkdir -p '{path}'; {gate.Step}; rmdir '{path}';; esac\nexec {git} \"$@\"\n");
        _scratch.PutFirstInPath(_scratch.Path("bin"));
        using var run = _repository.WtRun.Start("run", "--session", "chat", "--", "true");
        gate.AwaitReached();

        // Who makes it holds the repository lock meanwhile, for longer than it should.
        var findings = Examine(exitCode: 1);

        Assert.Equal("locks", Assert.Single(findings, finding => finding.Status == "problem").Check);
        AssertNoneIsToGo(findings);
        Assert.Equal("ok", Assert.Single(Of(findings, "worktrees")).Status);
        Assert.DoesNotContain(_repository.Prune("--dry-run"), item => item.Contains(path, StringComparison.Ordinal));
        gate.Open();
        run.Wait().Expect(0);
    }

    [Fact]
    public void Names_commands_that_help()
    {
        _scratch.PutFirstInPath(Path.GetDirectoryName(WtRun.Program)!);
        var indexLock = _repository[".git/index.lock"];
        File.WriteAllText(indexLock, "");
        File.SetLastWriteTimeUtc(indexLock, TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-2));
        _scratch.Directory("repo/.git/worktrees/0123456789ab");
        var gate = new Gate(_scratch);
        using (var dead = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", gate.Step))
        {
            gate.AwaitReached();
            dead.Kill();
        }

        _scratch.Write("gitconfig", "[user]\n\tuseConfigOnly = true\n");
        string[] checks = ["git_locks", "dead_runs", "worktrees", "identity"];

        foreach (var finding in checks.Select(check => Assert.Single(Of(Examine(exitCode: 1), check))).ToList())
        {
            Assert.NotEqual("ok", finding.Status);
            _scratch.Run(_repository.Path, "sh", "-c", finding.Help!).Expect(0);
        }

        var healed = Examine(exitCode: 0);
        Assert.All(checks, check => Assert.Equal("ok", Assert.Single(Of(healed, check)).Status));
        Assert.Equal(2, _repository.WtRun.Run("doctor", "--frob").ExitCode);
        Assert.Equal(2, _repository.WtRun.Run("doctor", "repo").ExitCode);
    }

    [Fact]
    public void Names_the_command_that_shows_who_holds_the_repository_lock()
    {
        var lockFile = _scratch.Write("repo/.git/wt-run/repo.lock", "");
        var held = new Gate(_scratch, "held");
        using var holder = Peer.Start(_scratch, _scratch.Root, "flock", lockFile, "-c", held.Step);
        held.AwaitReached();

        var help = Assert.Single(Of(Examine(exitCode: 1), "locks")).Help!;

        Assert.Contains("flock", _scratch.Run("/", "sh", "-c", help).Expect(0).Output, StringComparison.Ordinal);
        held.Open();
        holder.Wait().Expect(0);
    }

    [Fact]
    public void Looks_at_what_the_runs_of_all_repositories_share()
    {
        var home = _scratch.Path("home/.local/state/wt-run");
        _repository.Commit("wt-run.toml", "[projects.repo]\npath = \".\"\n[engines.e]\ncommand = [\"true\"]\nmax_parallel = 1\n");
        Assert.Contains($"'{home}' (not made yet)", Assert.Single(Of(Examine(exitCode: 0), "state_home")).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(home));
        _repository.WtRun.Run("run", "--engine", "e").Expect(0);
        Assert.Contains($"flock works where '{home}", Assert.Single(Of(Examine(exitCode: 0), "state_home")).Message, StringComparison.Ordinal);

        var gate = Path.Combine(home, "engines/e/.gate");
        var held = new Gate(_scratch, "held");
        using var holder = Peer.Start(_scratch, _scratch.Root, "flock", gate, "-c", held.Step);
        held.AwaitReached();
        var blocked = Assert.Single(Of(Examine(exitCode: 1), "state_home"));
        Assert.Contains("(flock)", blocked.Message, StringComparison.Ordinal);
        held.Open();
        holder.Wait().Expect(0);

        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);
        _repository.Git("config", "--global", "safe.directory", "*");
        var refused = AsNobody("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "state_home")!;
        Assert.Equal("problem", (string?)refused["status"]);
        Assert.Contains($"'{home}", (string?)refused["message"], StringComparison.Ordinal);
        Assert.StartsWith("ls -ld ", (string?)refused["help"], StringComparison.Ordinal);
    }

    [Fact]
    public void Names_the_command_that_lets_git_into_a_repository_of_another_user()
    {
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);
        var gitconfig = _scratch.Path("gitconfig");
        _scratch.Run("/", "chown", $"{Nobody}:{Nobody}", gitconfig, _scratch.Root).Expect(0);
        var dubious = AsNobody("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "repository")!;
        var help = (string)dubious["help"]!;

        _scratch.Run(_repository.Path, "setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "sh", "-c", help[(help.IndexOf(": ", StringComparison.Ordinal) + 2)..]).Expect(0);

        var now = AsNobody("doctor", "--json").Expect(1).Json.AsArray().Single(f => (string?)f!["check"] == "repository")!;
        Assert.DoesNotContain("dubious", (string?)now["message"], StringComparison.Ordinal);
    }

    private static void AssertNoneIsToGo(IEnumerable<Finding> findings) => Assert.All(findings, finding => Assert.DoesNotMatch(
        @"\brm\b|worktree remove|branch -[dD]|update-ref -d|wt-run prune(?! --dry-run)", $"{finding.Message}\n{finding.Help}"));

    private Finished AsNobody(params IReadOnlyList<string> arguments) => _scratch.Run(
        _repository.Path, ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", WtRun.Program, .. arguments]);

    private List<Finding> Examine(int exitCode) =>
    [
        .. _repository.WtRun.Run("doctor", "--json").Expect(exitCode).Json.AsArray().OfType<JsonNode>().Select(node => new Finding(
            (string)node["check"]!, (string?)node["project"], (string)node["status"]!, (string)node["message"]!, (string?)node["help"])),
    ];

    private static IEnumerable<Finding> Of(IEnumerable<Finding> findings, string check) => findings.Where(finding => finding.Check == check);

    /// <summary>Whether nothing more will be written of it before it comes further: the last that is noted of its state and its wait.</summary>
    private static bool HasNotedWhereItIs(RunRecord run) => run.State == RunState.Queued
        ? run.Events("step").Any(step => step.Contains("waiting for the lock", StringComparison.Ordinal))
        : run.Events("state").Contains(run.State.ToString());

    /// <summary>Every name in the repository, and when each file was written last, once what runs delete behind everyone's back is gone.</summary>
    private string Everything()
    {
        Eventually.True(() => RepositoryState.Names(_repository[".worktrees/.trash"]).Count == 0, "the files of removed worktrees are deleted");
        return string.Join(
            '\n',
            Directory.EnumerateFileSystemEntries(_repository.Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
                .Order(StringComparer.Ordinal).Select(path => $"{path} {File.GetLastWriteTimeUtc(path):O}"));
    }

    private sealed record Finding(string Check, string? Project, string Status, string Message, string? Help);
}
