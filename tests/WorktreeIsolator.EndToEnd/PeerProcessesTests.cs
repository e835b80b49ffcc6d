using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Who counts as a peer: a process that we did not start, of a configured name, at work in the project.</summary>
public sealed class A_peer_process : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("agent")]
    [InlineData("a-name-of-more-than-fifteen")]
    public void Is_known_by_its_name_and_works_in_the_directory_or_below_it(string name)
    {
        var project = _scratch.Directory("project");
        using var top = new Peer(_scratch, project, name);
        using var below = new Peer(_scratch, _scratch.Directory("project/src/deep"), name);
        using var beside = new Peer(_scratch, _scratch.Directory("project.other"), name);
        using var stranger = new Peer(_scratch, project, "stranger");

        var found = PeerProcesses.Find(["nobody", name], project, null);

        PeerProcess[] expected = [new(top.Pid, name, project), new(below.Pid, name, Path.Combine(project, "src/deep"))];
        Assert.Equal(expected.OrderBy(peer => peer.Pid), found);
        Assert.Equal($"{name} (pid {found[0].Pid})", found[0].ToString());
        Assert.Empty(PeerProcesses.Find([], project, null));
    }

    [Fact]
    public void Is_known_by_its_argv_0_whatever_the_program_behind_it_is_called()
    {
        var project = _scratch.Directory("project");
        var gate = new Gate(_scratch);
        using var peer = Peer.Start(_scratch, project, "bash", "-c", "exec -a '/opt/tools/agent' sh -c \"$0\"", gate.Step);
        gate.AwaitReached();

        Assert.Equal("sh", ProcessEntry.Read(peer.Pid)!.Name);
        Assert.Equal([new PeerProcess(peer.Pid, "agent", project)], PeerProcesses.Find(["agent"], project, null));
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("agent.sh")]
    public void Is_known_by_the_script_that_an_interpreter_runs(string name)
    {
        var project = _scratch.Directory("project");
        var gate = new Gate(_scratch);
        using var peer = Peer.Start(_scratch, project, "sh", _scratch.Write("bin/agent.sh", gate.Step));
        gate.AwaitReached();

        Assert.Equal([new PeerProcess(peer.Pid, name, project)], PeerProcesses.Find([name], project, null));
        Assert.Empty(PeerProcesses.Find(["age", "gate"], project, null));
    }

    [Fact]
    public void Is_found_through_a_symbolic_link_to_the_project()
    {
        using var peer = new Peer(_scratch, _scratch.Directory("project"));
        File.CreateSymbolicLink(_scratch.Path("link"), _scratch.Path("project"));

        Assert.Equal(peer.Pid, Assert.Single(PeerProcesses.Find(["agent"], _scratch.Path("link"), null)).Pid);
    }

    [Fact]
    public void Is_none_in_a_worktree_of_a_run_or_in_one_that_an_agent_made_for_itself()
    {
        var repository = new TestRepository(_scratch);
        repository.Git("worktree", "add", "--quiet", "--detach", ".agent/own");
        using var inRun = new Peer(_scratch, _scratch.Directory("repo/.worktrees/0123456789ab"));
        using var inOwn = new Peer(_scratch, repository[".agent/own"]);
        using var inNested = new Peer(_scratch, new TestRepository(_scratch, "repo/nested").Path);

        var found = PeerProcesses.Find(["agent"], repository.Path, repository[".worktrees"]);

        Assert.Equal([inNested.Pid], found.Select(peer => peer.Pid));
        Assert.Equal([inOwn.Pid], PeerProcesses.Find(["agent"], repository[".agent/own"], repository[".worktrees"]).Select(peer => peer.Pid));
        Assert.Equal([inRun.Pid], PeerProcesses.Find(["agent"], repository[".worktrees/0123456789ab"], repository[".worktrees"]).Select(peer => peer.Pid));
    }

    [Fact]
    public void Is_never_ourselves_or_whoever_called_us_or_something_that_a_run_started_or_one_that_has_ended()
    {
        var here = ProcessEntry.Read(Environment.ProcessId)!;
        var caller = ProcessEntry.Read(here.Parent)!;
        var directory = here.ReadCurrentDirectory()!;
        Assert.DoesNotContain(PeerProcesses.Find([here.Name, caller.Name], directory, null), peer => peer.Pid == here.Pid || peer.Pid == caller.Pid);
        Assert.DoesNotContain(PeerProcesses.Find([caller.Name], caller.ReadCurrentDirectory()!, null), peer => peer.Pid == caller.Pid);

        var project = _scratch.Directory("project");
        using (new Peer(_scratch, project))
        {
            Assert.Single(PeerProcesses.Find(["agent"], project, null));
        }

        Assert.Empty(PeerProcesses.Find(["agent"], project, null));
        _scratch.Set("WT_RUN_ID", "0123456789ab");
        using var engine = new Peer(_scratch, project);
        Assert.Empty(PeerProcesses.Find(["agent"], project, null));
    }

    [Fact]
    public void Is_never_wt_run_itself()
    {
        var project = new TestRepository(_scratch);
        var gate = new Gate(_scratch);
        using var run = project.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();

        Assert.Empty(PeerProcesses.Find(["wt-run", "wt-run.dll", "dotnet", "sh"], project.Path, null));
        gate.Open();
        run.Wait().Expect(0);
    }
}

/// <summary>A run of a project in which a peer is at work.</summary>
public sealed class A_peer_at_work_in_a_project : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_peer_at_work_in_a_project() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("--no-worktree")]
    [InlineData("--worktree")]
    public void Makes_it_busy_for_a_run_that_is_to_skip_then(string where)
    {
        _repository.Configure("peer_processes = [\"agent\"]");
        using (var peer = new Peer(_scratch, _repository.Path))
        {
            var skipped = _repository.WtRun.Run("run", where, "--if-busy", "skip", "--json", "--", "touch", _scratch.Path("ran")).Expect(121).Record;

            Assert.Equal((RunState.Skipped, $"'repo' is busy: held by agent (pid {peer.Pid})."), (skipped.State, skipped.Message));
            Assert.False(File.Exists(_scratch.Path("ran")));
            Assert.Equal(["main"], _repository.Branches);
        }

        _repository.WtRun.Run("run", where, "--if-busy", "skip", "--", "true").Expect(0);
    }

    [Fact]
    public void Is_waited_for_by_a_run_in_place_that_may_not_be_concurrent()
    {
        _repository.Configure("concurrent = false", "peer_processes = [\"agent\"]");
        var peer = new Peer(_scratch, _repository.Path);
        var late = _repository.WtRun.Run("run", "--wait-timeout", "50ms", "--json", "--", "true").Expect(123).Record;
        using var waiting = _repository.WtRun.Start("run", "--", "touch", _scratch.Path("ran"));
        _repository.AwaitStep($"waiting for active run to finish (position 1, behind agent (pid {peer.Pid}))");
        Assert.False(File.Exists(_scratch.Path("ran")));
        Assert.Equal($"'repo' is busy: held by agent (pid {peer.Pid}). Waited for active run to finish as long as --wait-timeout allows, 50ms.", late.Message);

        peer.Dispose();

        waiting.Wait().Expect(0);
        Assert.True(File.Exists(_scratch.Path("ran")));
    }

    [Fact]
    public void Is_warned_of_where_runs_in_place_may_be_concurrent_and_hinders_no_run_in_a_worktree()
    {
        _repository.Configure("peer_processes = [\"agent\"]", "merge_back = \"branch\"");
        using var peer = new Peer(_scratch, _repository.Path);

        var inPlace = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0);
        var inWorktree = _repository.WtRun.Run("run", "--worktree", "--json", "--", "true").Expect(0);

        Assert.Contains($"The process agent (pid {peer.Pid}) works in", inPlace.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("agent", inWorktree.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_not_waited_for_by_what_it_calls_itself_nor_is_the_engine_of_a_run()
    {
        _repository.Configure("concurrent = false", "peer_processes = [\"agent\"]");
        var agent = _scratch.Script("agent", $"'{WtRun.Program}' run --if-busy skip -- true\n");

        _scratch.Run(_repository.Path, agent).Expect(0);

        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--", _scratch.Script("bin/agent", gate.Step + "\n"));
        gate.AwaitReached();
        Assert.DoesNotContain("works in", _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
        gate.Open();
        run.Wait().Expect(0);
    }
}

/// <summary>A landing on a branch in whose checkout a peer works.</summary>
public sealed class A_peer_at_work_where_the_target_is_checked_out : IDisposable
{
    private const string Work = "echo work > work";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Keeps_the_landing_away_for_land_wait_and_is_named()
    {
        var repository = new TestRepository(_scratch).Configure("peer_processes = [\"agent\"]", "land_wait = \"0s\"");
        var before = RepositoryState.Of(repository);
        using (var peer = new Peer(_scratch, _scratch.Directory("repo/src")))
        {
            var record = repository.RunInWorktree(Work).Expect(120).Record;

            Assert.Equal((RunState.NeedsMerge, MergeBackResult.TargetBusy), (record.State, record.MergeBack?.Result));
            Assert.Equal(
                $"'main' is not free: agent (pid {peer.Pid}) at work in '{repository.Path}', where 'main' is checked out.", record.Message);
            Assert.False(File.Exists(repository["work"]));
            Assert.Contains(
                $"\nagent (pid {peer.Pid}) works in {repository["src"]}: it counts as an active user run of repo\n",
                repository.WtRun.Run("list").Expect(0).Output,
                StringComparison.Ordinal);
            Assert.Single(repository.WtRun.Run("list", "--json").Expect(0).Records);
        }

        var landed = repository.Land(repository.Runs()[0]).Expect(0).Record;
        Assert.Equal((MergeBackResult.Landed, "work\n"), (landed.MergeBack?.Result, repository.Read("work")));
        Assert.DoesNotContain("agent", repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);
        Assert.NotEqual(before, RepositoryState.Of(repository));
    }

    [Fact]
    public void Costs_the_landing_that_waits_next_to_nothing()
    {
        var repository = new TestRepository(_scratch).Configure("peer_processes = [\"agent\"]");
        using var peer = new Peer(_scratch, repository.Path);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", Work);
        repository.AwaitStep($"agent (pid {peer.Pid}) at work");

        // The first looks follow each other closely.
        _ = ProcReads.Of(_scratch, run.Pid, seconds: 3);
        Assert.InRange(ProcReads.Of(_scratch, run.Pid, seconds: 4), 0, ProcReads.OfSixteenLooks);
        peer.Dispose();
        run.Wait().Expect(0);
    }

    [Fact]
    public void Is_waited_for_and_the_work_lands_when_it_has_ended()
    {
        var repository = new TestRepository(_scratch).Configure("peer_processes = [\"agent\"]");
        var peer = new Peer(_scratch, repository.Path);
        using var run = repository.WtRun.Start("run", "--worktree", "--json", "--", "sh", "-c", Work);
        repository.AwaitStep($"agent (pid {peer.Pid}) at work");

        peer.Dispose();

        Assert.Equal(MergeBackResult.Landed, run.Wait().Expect(0).Record.MergeBack?.Result);
    }

    [Fact]
    public void Hinders_nobody_where_the_target_is_checked_out_elsewhere_or_no_name_means_it()
    {
        var repository = new TestRepository(_scratch).Configure("peer_processes = [\"agent\"]", "land_wait = \"0s\"");
        using var other = new Peer(_scratch, repository.Path, "editor");
        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree(Work).Expect(0).Record.MergeBack?.Result);

        repository.Git("switch", "--quiet", "-c", "topic");
        using var peer = new Peer(_scratch, repository.Path);
        Assert.Equal(MergeBackResult.Landed, repository.RunInWorktree("echo more > more", "--base", "main").Expect(0).Record.MergeBack?.Result);
    }
}
