using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Two users of one machine and one repository, in one group. Needs root, to be them.</summary>
public sealed class A_repository_of_two_users : IDisposable
{
    private const int Owner = 61001;
    private const int Other = 61002;
    private const int Team = 61000;

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_repository_of_two_users()
    {
        _repository = new TestRepository(_scratch);
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Is_refused_to_who_does_not_own_it_if_it_is_not_shared()
    {
        var before = RepositoryState.Of(_repository);
        GiveToOwner();

        var dubious = RunAs(Other, "run", "--worktree", "--", "true").Expect(125);
        Assert.Contains("dubious ownership", dubious.Error, StringComparison.Ordinal);
        Assert.Contains($"hint: It belongs to another user. If you trust it: git config --global --add safe.directory {_repository.Path}", dubious.Error, StringComparison.Ordinal);

        TrustAll();
        foreach (var place in new[] { "--worktree", "--no-worktree" })
        {
            var refused = RunAs(Other, "run", place, "--", "true").Expect(125);
            Assert.Contains($"The repository '{_repository.Path}/.git' belongs to another user (uid {Owner}; this is uid {Other}) and is not shared.", refused.Error, StringComparison.Ordinal);
            Assert.Contains("config core.sharedRepository group", refused.Error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(_repository[".git/wt-run"]));
        TrustAll();
        Assert.Equal(before, RepositoryState.Of(_repository));
        RunAs(Owner, "run", "--worktree", "--", "true").Expect(0);
    }

    [Theory]
    [InlineData("022")]
    [InlineData("077")]
    public void Works_for_both_if_it_is_shared_whatever_their_umask(string umask)
    {
        Share();

        var first = RunWithUmask(Owner, umask, Line("echo 1 > first")).Expect(0).Record;
        var second = RunWithUmask(Other, umask, Line("echo 2 > second")).Expect(0).Record;
        var third = RunWithUmask(Owner, umask, Line("echo 3 > third")).Expect(0).Record;

        Assert.All([first, second, third], record => Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (record.State, record.MergeBack?.Result)));
        Assert.Equal("1\n2\n3\n", _repository.Git("show", "HEAD:first", "HEAD:second", "HEAD:third") + "\n");
        Assert.Equal(3, RunWithUmask(Other, umask, "list", "--json").Expect(0).Records.Count);
        Assert.Equal(["main"], _repository.Branches);
        RunWithUmask(Other, umask, "prune").Expect(0);
        RunWithUmask(Other, umask, "doctor").Expect(0);
    }

    [Theory]
    [InlineData("022")]
    [InlineData("077")]
    public void Lets_each_land_and_drop_what_the_other_kept(string umask)
    {
        _repository.Configure("verify = [\"sh\", \"-c\", \"echo verified by $(id -u)\"]\ncopy = [\"placed-file\"]");
        Share();
        string[] kept = ["run", "--worktree", "--merge-back", "branch", "--json", "--", "sh", "-c"];
        var first = RunWithUmask(Owner, umask, [.. kept, "echo 1 > first"]).Expect(0).Record;
        var second = RunWithUmask(Owner, umask, [.. kept, "echo 2 > second"]).Expect(0).Record;

        var landed = RunWithUmask(Other, umask, "land", first.Id, "--json").Expect(0).Record;
        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed), (landed.State, landed.MergeBack?.Result));
        Assert.Contains($"verified by {Other}\n", landed.LogText(), StringComparison.Ordinal);
        RunWithUmask(Other, umask, "drop", second.Id).Expect(0);

        // And back: what the other has written since is the first one's to go on with.
        var third = RunWithUmask(Other, umask, [.. kept, "echo 3 > third"]).Expect(0).Record;
        RunWithUmask(Owner, umask, "land", third.Id).Expect(0);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData("022")]
    [InlineData("077")]
    public void Lands_what_found_its_target_busy_whoever_had_it(string umask)
    {
        _repository.Configure("land_wait = \"0s\"");
        Share();
        var gate = GateForAll();
        using var busy = StartAs(Owner, "run", "--no-worktree", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var first = RunWithUmask(Owner, umask, Line("echo 1 > first")).Expect(120).Record;
        var second = RunWithUmask(Other, umask, Line("echo 2 > second")).Expect(120).Record;
        Assert.Equal(MergeBackResult.TargetBusy, RunWithUmask(Other, umask, "land", first.Id, "--json").Expect(1).Record.MergeBack?.Result);

        gate.Open();
        busy.Wait().Expect(0);

        Assert.All([first, second], run => Assert.Equal(MergeBackResult.Landed, RunAs(Owner, "show", "--json", run.Id).Expect(0).Record.MergeBack?.Result));
        Assert.Equal("1\n2\n", _repository.Git("show", "HEAD:first", "HEAD:second") + "\n");
    }

    [Fact]
    public void Lets_runs_in_place_of_both_wait_for_each_other()
    {
        _repository.Configure("concurrent = false");
        Share();
        var gate = GateForAll();
        using var active = StartAs(Owner, "run", "--json", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        var skipped = RunAs(Other, "run", "--if-busy", "skip", "--json", "--", "true").Expect(121).Record;
        Assert.Contains(RunAs(Owner, "list", "--json").Expect(0).Records[0].Id[..8], skipped.Message, StringComparison.Ordinal);
        gate.Open();
        active.Wait().Expect(0);
        RunAs(Other, "run", "--", "true").Expect(0);
    }

    [Fact]
    public void Leaves_a_dead_run_to_the_user_whose_it_was()
    {
        Share();
        var gate = GateForAll();
        using var run = StartAs(Owner, "run", "--worktree", "--", "sh", "-c", $"echo work > work; {gate.Step}");
        gate.AwaitReached();
        run.Kill();

        var seen = Assert.Single(RunAs(Other, "list", "--json").Expect(0).Records);
        Assert.True(seen.State is RunState.Starting or RunState.Running, $"{seen.State}");
        Assert.Contains($"It belongs to another user (uid {Owner})", RunAs(Other, "doctor").Expect(1).Output, StringComparison.Ordinal);
        Assert.True(Directory.Exists(seen.Worktree));
        foreach (var (code, command) in new[] { (1, "cancel"), (1, "land"), (1, "drop"), (0, "show") })
        {
            var told = RunAs(Other, command, seen.Id).Expect(code);
            var text = told.Output + told.Error;
            Assert.Contains($"Its wt-run process died. It belongs to another user (uid {Owner}): a wt-run command of that user here, or of root, brings it to its end.", text, StringComparison.Ordinal);
            Assert.Contains("wt-run list   # as that user, or as root\n", text, StringComparison.Ordinal);
            Assert.DoesNotContain("wt-run prune", text, StringComparison.Ordinal);
            Assert.DoesNotContain("cancel it", text, StringComparison.Ordinal);
        }

        Assert.Contains($"left run {seen.Id}: It belongs to another user (uid {Owner}): a wt-run command of that user here, or of root", RunAs(Other, "prune").Expect(0).Output, StringComparison.Ordinal);
        var ended = Assert.Single(RunAs(Owner, "list", "--json").Expect(0).Records);
        Assert.Equal((RunState.Interrupted, MergeBackResult.Kept), (ended.State, ended.MergeBack?.Result));
        Assert.False(Directory.Exists(seen.Worktree));
    }

    [Fact]
    public void Says_of_a_session_whose_run_died_whose_that_is()
    {
        Share();
        var gate = GateForAll();
        using var run = StartAs(Owner, "run", "--session", "chat", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        run.Kill();

        foreach (var command in new[] { "land", "drop" })
        {
            var refused = RunAs(Other, command, "chat").Expect(1).Error;
            Assert.Contains($"It belongs to another user (uid {Owner})", refused, StringComparison.Ordinal);
            Assert.Contains("hint: wt-run list   # as that user, or as root\n", refused, StringComparison.Ordinal);
        }

        RunAs(Owner, "list").Expect(0);
    }

    [Fact]
    public void Leaves_a_landing_that_died_to_the_user_whose_it_was()
    {
        _repository.Configure($"verify = [\"{_scratch.Script("verify", $"test -e '{_scratch.Path("gates/once")}' && exit; touch '{_scratch.Path("gates/once")}'; kill -9 $PPID\n")}\"]");
        Share();
        _ = GateForAll();
        var run = RunAs(Owner, "run", "--worktree", "--merge-back", "branch", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;
        Assert.NotEqual(0, RunAs(Owner, "land", run.Id).ExitCode);

        Assert.Contains($"by another user (uid {Owner}) broke off", RunAs(Other, "drop", run.Id).Expect(1).Error, StringComparison.Ordinal);
        Assert.True(Directory.Exists(run.Worktree), "what the landing left is taken");

        RunAs(Owner, "list").Expect(0);
        Assert.False(Directory.Exists(run.Worktree));
        RunAs(Other, "drop", run.Id).Expect(0);
    }

    [Theory]
    [InlineData("022", false)]
    [InlineData("077", false)]
    [InlineData("022", true)]
    public void Leaves_a_session_to_the_user_who_began_it(string umask, bool isGone)
    {
        Share();
        var began = RunWithUmask(Owner, umask, "run", "--session", "chat", "--json", "--", "sh", "-c", EngineScript.Commit("one")).Expect(0).Record;
        if (isGone)
        {
            _scratch.Run(_scratch.Root, "rm", "-rf", began.Worktree!).Expect(0);
        }

        var ran = _scratch.Path("gates/ran");
        _ = GateForAll();
        foreach (var (code, command) in new (int, string[])[] { (125, ["run", "--session", "chat", "--", "touch", ran]), (1, ["land", "chat"]), (1, ["drop", "chat"]) })
        {
            var refused = RunWithUmask(Other, umask, command).Expect(code).Error;
            Assert.Contains(
                $"Session 'chat' cannot go on: its worktree '{began.Worktree}' was made by another user (uid {Owner}; this is uid {Other}) and cannot be written by this one.",
                refused,
                StringComparison.Ordinal);
            Assert.Contains("hint: wt-run land chat   # as that user", refused, StringComparison.Ordinal);
            Assert.DoesNotContain("enied", refused, StringComparison.Ordinal);
            Assert.DoesNotContain("made anew", refused, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(ran), "the engine was started");
        Assert.Contains("left session chat: its worktree", RunWithUmask(Other, umask, "prune").Expect(0).Output, StringComparison.Ordinal);
        RunWithUmask(Other, umask, "doctor").Expect(0);
        RunWithUmask(Owner, umask, "run", "--session", "chat", "--", "sh", "-c", EngineScript.Commit("two")).Expect(0);
        RunWithUmask(Owner, umask, "land", "chat").Expect(0);
        Assert.Equal("work\nwork", _repository.Git("show", "HEAD:one", "HEAD:two"));
        RunWithUmask(Other, umask, "run", "--session", "chat", "--", "true").Expect(0);
    }

    private Gate GateForAll()
    {
        _scratch.Directory("gates");
        var gate = new Gate(_scratch, "gates/gate");
        _scratch.Run(_scratch.Path("gates"), "chmod", "-R", "a+rwX", ".").Expect(0);
        return gate;
    }

    private static string[] Line(string script) => ["run", "--worktree", "--json", "--", "sh", "-c", script];

    private void GiveToOwner() => _scratch.Run("/", "chown", "-R", $"{Owner}:{Team}", _repository.Path).Expect(0);

    private void TrustAll() => _scratch.Run(_scratch.Root, "git", "config", "--global", "safe.directory", "*").Expect(0);

    /// <summary>As the hint says, and the checkout as well.</summary>
    private void Share()
    {
        TrustAll();
        GiveToOwner();
        _repository.Git("config", "core.sharedRepository", "group");

        // Each has one of his own in life.
        _scratch.Run(_scratch.Root, "chmod", "1777", _scratch.Path("home/.local/state")).Expect(0);
        _scratch.Run(_repository.Path, "sh", "-c", "chmod -R g+rwX . && find . -type d -exec chmod g+s {} +").Expect(0);
    }

    private Finished RunAs(int user, params IReadOnlyList<string> arguments) => RunWithUmask(user, "022", arguments);

    private Finished RunWithUmask(int user, string umask, params IReadOnlyList<string> arguments) =>
        _scratch.Run(_repository.Path, As(user, umask, arguments));

    private BackgroundRun StartAs(int user, params IReadOnlyList<string> arguments)
    {
        var argv = As(user, "022", arguments);
        return new BackgroundRun(argv, CapturedCommand.Start(_scratch.StartOf(_repository.Path, argv)));
    }

    private static string[] As(int user, string umask, IReadOnlyList<string> arguments) =>
    [
        "setpriv", "--reuid", user.ToString(CultureInfo.InvariantCulture), "--regid", Team.ToString(CultureInfo.InvariantCulture), "--clear-groups",
        "sh", "-c", $"umask {umask}; exec \"$0\" \"$@\"", WtRun.Program, .. arguments,
    ];
}
