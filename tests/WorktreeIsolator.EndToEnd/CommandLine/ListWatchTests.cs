using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class ListWatchTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public ListWatchTests()
    {
        _repository = new TestRepository(_scratch);
        _scratch.Set("TERM", "xterm");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Redraws_in_place_when_something_changes_and_ends_with_0_at_an_interrupt()
    {
        var old = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record.Id;
        var shown = _scratch.Path("shown");
        using var terminal = Watch(shown, rows: 12);
        Eventually.True(() => Shown(shown).Contains(old, StringComparison.Ordinal), "the list is shown");

        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        Eventually.True(() => Shown(shown).Contains("* running", StringComparison.Ordinal), "the run is shown");
        gate.Open();
        run.Wait().Expect(0);
        Eventually.True(
            () => Shown(shown).Split("\e[J")[^1] is var last && last.Split("succeeded").Length - 1 == 2 && !last.Contains("* ", StringComparison.Ordinal), "its end is shown");
        Assert.Matches(@"\r\e\[2A\e\[J", Shown(shown));

        Interrupt();
        terminal.Wait().Expect(0);
        Assert.Contains("\e[?25h", Shown(shown), StringComparison.Ordinal);
    }

    [Fact]
    public void Shows_no_more_than_the_terminal_has_rows_for()
    {
        for (var i = 0; i < 6; i++)
        {
            _repository.WtRun.Run("run", "--", "true").Expect(0);
        }

        var last = _repository.Runs()[^1].Id;
        var shown = _scratch.Path("shown");
        using var terminal = Watch(shown, rows: 5);
        Eventually.True(() => Shown(shown).Contains(last, StringComparison.Ordinal), "the list is shown");
        Interrupt();
        terminal.Wait().Expect(0);

        var first = Shown(shown).Split("\e[J")[0];
        Assert.Contains(last, first, StringComparison.Ordinal);
        Assert.Equal(3, first.Split("succeeded").Length - 1);
    }

    [Fact]
    public void Shows_who_works_and_who_is_next_if_there_are_more_in_line_than_the_terminal_has_rows_for()
    {
        _repository.Configure("concurrent = false");
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var working = Assert.Single(_repository.Runs()).Id;
        var queued = Enumerable.Range(0, 4).Select(_ => _repository.WtRun.Run("run", "--detach", "--", "true").Expect(0).Output.TrimEnd('\n')).ToList();
        var shown = _scratch.Path("shown");

        using var terminal = Watch(shown, rows: 5);
        Eventually.True(() => Shown(shown).Contains("position 2", StringComparison.Ordinal), "the list is shown");
        Interrupt();
        terminal.Wait().Expect(0);
        gate.Open();
        active.Wait().Expect(0);
        Eventually.True(() => _repository.Runs().All(run => run.State.IsFinal()), "all are over");

        var first = Shown(shown).Split("\e[J")[0];
        Assert.Equal([working, queued[0], queued[1]], queued.Prepend(working).Where(id => first.Contains(id[..8], StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("standard output is none", "list", "--watch")]
    [InlineData("--watch and --json contradict", "list", "--watch", "--json")]
    public void Is_refused_where_it_cannot_redraw(string message, params string[] arguments) =>
        Assert.Contains(message, _repository.WtRun.Run(arguments).Expect(2).Error, StringComparison.Ordinal);

    /// <summary>Watches the list on a terminal of its own, which shows what is in the file.</summary>
    private BackgroundRun Watch(string shown, int rows) => _scratch.Start(
        _repository.Path,
        "script", "--quiet", "--return", "--flush", "--command", $"sh -c 'stty rows {rows} cols 130; echo $$ > {Pid}; exec {WtRun.Program} list --watch'", shown);

    private string Pid => _scratch.Path("pid");

    private void Interrupt() => _ = Libc.Kill(int.Parse(File.ReadAllText(Pid), System.Globalization.CultureInfo.InvariantCulture), Libc.SIGINT);

    private static string Shown(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
