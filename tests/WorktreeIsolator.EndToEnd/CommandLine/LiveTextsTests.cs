using System.Text.RegularExpressions;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

/// <summary>What a person sees on a terminal while runs wait and work, as tmux(1) shows it.</summary>
public sealed class LiveTextsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly Gate _gate;

    public LiveTextsTests()
    {
        _repository = new TestRepository(_scratch).Configure("concurrent = false");
        _gate = new Gate(_scratch);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Who_waits_is_told_behind_whom_and_for_how_long_that_one_has_been_at_work()
    {
        using var active = _repository.WtRun.Start("run", "--trigger", "cron", "--trigger-id", "nightly", "--", "sh", "-c", _gate.Step);
        _gate.AwaitReached();
        var id = Assert.Single(_repository.Runs()).Id;
        using var first = _repository.WtRun.Start("run", "--", "true");
        Eventually.True(() => _repository.Runs().Any(run => run.State == RunState.Queued), "a run waits");
        using var terminal = new Tmux(_scratch, _repository.Path, columns: 120, rows: 10);

        terminal.Type($"'{WtRun.Program}' run --prompt x -- true; echo ended: $?");

        var line = $@"^wt-run: Queued — waiting for active run to finish \(position 2, behind {id[..8]} cron:nightly, (?<age>[0-9]+) s\)$";
        var before = terminal.AwaitLine(line).Groups["age"].Value;
        Eventually.True(
            () => terminal.Lines.Where(shown => shown.Contains("Queued", StringComparison.Ordinal)).ToList() is [var shown]
                && Regex.Match(shown, line, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)) is { Success: true } match && match.Groups["age"].Value != before,
            "the age goes on, in the same line");
        var last = _repository.Runs().Single(run => run.Queue?.Position == 2);
        Assert.Matches($@"{last.Id} .*  position 2, behind {id[..8]} cron:nightly, [0-9]+ s; waiting for active run to finish\n", _repository.WtRun.Run("list").Expect(0).Output);
        Assert.Single(last.Events("step"), step => step.Contains("Queued", StringComparison.Ordinal));

        _gate.Open();
        terminal.AwaitLine("^ended: 0$");
        Assert.DoesNotContain(terminal.Lines, shown => shown.Contains("Queued", StringComparison.Ordinal));
        active.Wait().Expect(0);
        first.Wait().Expect(0);
    }

    [Theory]
    [InlineData(80, " s; waiting for act")]
    [InlineData(50, " cro")]
    public void Who_waits_at_a_narrow_terminal_is_told_behind_whom_before_what_for(int columns, string part)
    {
        using var active = _repository.WtRun.Start("run", "--trigger", "cron", "--trigger-id", "nightly", "--", "sh", "-c", _gate.Step);
        _gate.AwaitReached();
        var id = Assert.Single(_repository.Runs()).Id;
        using var terminal = new Tmux(_scratch, _repository.Path, columns, rows: 10);

        terminal.Type($"clear; '{WtRun.Program}' run --prompt x -- true; echo ended: $?");

        var line = $"wt-run: Queued: position 1, behind {id[..8]} cro";
        Eventually.True(
            () => terminal.Lines.Any(shown => shown.StartsWith(line, StringComparison.Ordinal) && shown.Contains(part, StringComparison.Ordinal) && shown.EndsWith('…')), () => string.Join('\n', terminal.Lines));
        _gate.Open();
        terminal.AwaitLine("^ended: 0$");
        active.Wait().Expect(0);
    }

    [Fact]
    public void A_watched_list_is_drawn_anew_in_a_terminal_of_another_size_and_leaves_it_in_order()
    {
        for (var i = 0; i < 3; i++)
        {
            _repository.WtRun.Run("run", "--", "true").Expect(0);
        }

        using var terminal = new Tmux(_scratch, _repository.Path, columns: 140, rows: 12);
        terminal.Type($"echo before; '{WtRun.Program}' list --watch; echo ended: $?");
        Eventually.True(() => Shown(terminal) == 3, "the runs are shown");
        terminal.Resize(70, 20);
        Eventually.True(() => Shown(terminal) == 3 && terminal.Lines.Count(line => line.Contains("STATE", StringComparison.Ordinal)) == 1, "they are shown once, in a narrow terminal");
        terminal.Resize(140, 12);
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", _gate.Step);
        _gate.AwaitReached();
        Eventually.True(
            () => Shown(terminal) == 4 && terminal.Lines.Count(line => line.Contains("STATE", StringComparison.Ordinal)) == 1 && terminal.Lines.Any(line => line.Contains("* running", StringComparison.Ordinal)),
            "the new run is shown as well, once");
        Assert.False(terminal.CursorIsShown);

        terminal.Interrupt();

        terminal.AwaitLine("^(\\^C)?ended: 0$");
        Assert.True(terminal.CursorIsShown);
        terminal.Type("stty -a | grep -o ' echo '; echo typed");
        terminal.AwaitLine("^ echo $|^ echo");
        terminal.AwaitLine("^typed$");
        _gate.Open();
        run.Wait().Expect(0);

        int Shown(Tmux tmux) => _repository.Runs().Count(record => tmux.Lines.Count(line => line.Contains(record.Id, StringComparison.Ordinal)) == 1);
    }

    [Fact]
    public void A_log_that_is_followed_ends_with_its_run_whatever_state_that_was_in()
    {
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", $"echo begun; {_gate.Step}; echo ended");
        _gate.AwaitReached();
        var first = Assert.Single(_repository.Runs()).Id;
        using var queued = _repository.WtRun.Start("run", "--", "sh", "-c", "echo second");
        Eventually.True(() => _repository.Runs().Any(run => run.State == RunState.Queued), "a run waits");
        var second = _repository.Runs().Single(run => run.State == RunState.Queued).Id;
        using var ofActive = _repository.WtRun.Start("logs", "-f", first);
        using var ofQueued = _repository.WtRun.Start("logs", "-f", second);
        _gate.Open();

        Assert.Equal("begun\nended\n", ofActive.Wait().Expect(0).Output);
        Assert.Equal("second\n", ofQueued.Wait().Expect(0).Output);
        Assert.Equal("second\n", _repository.WtRun.Run("logs", "-f", second).Expect(0).Output);
        active.Wait().Expect(0);
        queued.Wait().Expect(0);
    }
}
