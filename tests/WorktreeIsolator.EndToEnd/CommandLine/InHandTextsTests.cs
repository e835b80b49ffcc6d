using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

/// <summary>What <c>list</c>, <c>list --watch</c>, <c>list --json</c> and <c>show</c> say of a run that is over while someone lands or drops it.</summary>
public sealed class A_run_that_is_over_and_in_someones_hands : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public A_run_that_is_over_and_in_someones_hands()
    {
        _repository = new TestRepository(_scratch);
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Is_shown_as_being_landed_and_by_whom_until_it_is()
    {
        var record = _repository.RunInWorktree("echo work > work", "--merge-back", "branch").Expect(0).Record;
        HoldVerify();
        using var landing = _repository.WtRun.Start("land", record.Id);
        _gate.AwaitReached();

        AssertTold(record.Id, "landing", RunState.Succeeded, landing.Pid);
        using (var terminal = new Tmux(_scratch, _repository.Path, columns: 50, rows: 6))
        {
            terminal.Type($"clear; '{WtRun.Program}' list --watch");
            terminal.AwaitLine($@"^{record.Id[..8]}[0-9a-f]*  \* landing ");
            _gate.Open();
            terminal.AwaitLine($"^{record.Id[..8]}[0-9a-f]*  succeeded .* landed$");
            terminal.Interrupt();
        }

        landing.Wait().Expect(0);
        AssertTold(record.Id, null, RunState.Succeeded, landing.Pid);
    }

    [Fact]
    public void Is_shown_as_being_landed_by_the_run_in_place_that_was_in_its_way()
    {
        _repository.Configure("land_wait = \"0s\"", $"verify = [\"sh\", \"-c\", \"test ! -e '{_scratch.Path("held")}' || {{ {_gate.Step}; }}\"]");
        var end = new Gate(_scratch, "end");
        using var inPlace = _repository.WtRun.Start("run", "--", "sh", "-c", end.Step);
        end.AwaitReached();
        var record = _repository.RunInWorktree("echo work > work").Expect(120).Record;
        _scratch.Write("held", "");
        end.Open();
        _gate.AwaitReached();

        AssertTold(record.Id, "landing", RunState.NeedsMerge, inPlace.Pid);
        _gate.Open();
        inPlace.Wait().Expect(0);
        AssertTold(record.Id, null, RunState.Succeeded, inPlace.Pid);
    }

    [Fact]
    public void Is_shown_as_being_dropped_and_no_more_once_who_did_was_killed()
    {
        _repository.Configure("uncommitted = \"rescue\"", "keep_on_failure = true");
        _repository.Git("config", "filter.slow.clean", $"test ! -e '{_scratch.Path("held")}' || {{ {_gate.Step}; }}; cat");
        _repository.Commit(".gitattributes", "*.slow filter=slow\n");
        var record = _repository.RunInWorktree("exit 3").Expect(3).Record;
        File.WriteAllText(Path.Combine(record.Worktree!, "a.slow"), "work");
        _scratch.Write("held", "");
        using var drop = _repository.WtRun.Start("drop", record.Id);
        _gate.AwaitReached();

        AssertTold(record.Id, "dropping", RunState.Failed, drop.Pid);
        drop.Kill();
        File.Delete(_scratch.Path("held"));
        AssertTold(record.Id, null, RunState.Failed, drop.Pid);
        Assert.Contains("wt-run drop", _repository.WtRun.Run("show", record.Id).Expect(0).Output, StringComparison.Ordinal);
    }

    private void HoldVerify() => _repository.Configure($"verify = [\"sh\", \"-c\", \"{_gate.Step}\"]");

    /// <summary>Looks at it in every way.</summary>
    /// <param name="id">The run.</param>
    /// <param name="doing">What is being done with it; null for nothing.</param>
    /// <param name="state">What it is so far.</param>
    /// <param name="pid">Who does that.</param>
    private void AssertTold(string id, string? doing, RunState state, int pid)
    {
        var name = RecordWriter.NameOf(state);
        var (list, shown) = (_repository.WtRun.Run("list").Expect(0).Output, _repository.WtRun.Run("show", id).Expect(0).Output);
        Assert.Matches(doing is null ? $"(?m)^{id}  {name} " : $@"(?m)^{id}  \* {doing} ", list);
        Assert.Matches(doing is null ? $"(?m)^state       {name}$" : $@"(?m)^state       {doing} \(pid {pid}\); so far {name}$", shown);
        Assert.DoesNotMatch(doing is null ? "so far" : "(?m)^hint ", shown);

        var listed = _repository.WtRun.Run("list", "--json").Expect(0).Json.AsArray().Single(record => record!["id"]!.GetValue<string>() == id)!;
        Assert.All([listed, _repository.WtRun.Run("show", id, "--json").Expect(0).Json], json =>
        {
            Assert.Equal(name, json["state"]!.GetValue<string>());
            Assert.Equal((doing, doing is null ? null : pid), (json["in_hand"]?["doing"]!.GetValue<string>(), json["in_hand"]?["process"]!["pid"]!.GetValue<int>()));
        });
        Assert.DoesNotContain("in_hand", File.ReadAllText(_repository[$".git/wt-run/runs/{id}/run.json"]), StringComparison.Ordinal);
    }
}
