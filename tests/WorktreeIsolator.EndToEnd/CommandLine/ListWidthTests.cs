using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

/// <summary>The table of runs on terminals of all widths, as tmux(1) shows it: one line for each run, and what matters most stays.</summary>
public sealed class The_list_on_a_terminal : IDisposable
{
    private const int Waiting = 200;

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public The_list_on_a_terminal()
    {
        _repository = new TestRepository(_scratch, "ein Projekt mit 漢字 und einem langen Namen").Configure("concurrent = false");
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(40, "ID +STATE +RESULT", false)]
    [InlineData(50, "ID +STATE +RESULT", false)]
    [InlineData(80, "ID +STATE +AGE +RESULT", true)]
    [InlineData(120, "ID +STATE +PROJECT +TRIGGER +WHERE +AGE +RESULT", true)]
    [InlineData(400, "ID +STATE +PROJECT +TRIGGER +ISOLATION +WHERE +AGE +RESULT", true)]
    public void Has_one_line_for_each_run_with_its_place_however_narrow_it_is(int columns, string headings, bool isWholeId)
    {
        var gate = new Gate(_scratch);
        using var active = _repository.WtRun.Start("run", "--trigger", "cron", "--trigger-id", "漢字-nightly", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        var first = Assert.Single(_repository.Runs());
        PretendThatMoreWait(first);

        using var terminal = new Tmux(_scratch, _repository.Path, columns, rows: Waiting + 10);
        terminal.Type($"clear; '{WtRun.Program}' list; echo ended: $?");
        terminal.AwaitLine("^ended: 0$");

        var lines = terminal.Lines.SkipWhile(line => !line.StartsWith("ID", StringComparison.Ordinal)).TakeWhile(line => !line.StartsWith("ended", StringComparison.Ordinal)).ToList();
        Assert.Matches($"^{headings}$", lines[0]);
        Assert.Equal(1 + 1 + Waiting, lines.Count);
        Assert.All(Enumerable.Range(1, Waiting), i => Assert.Matches($"^{(isWholeId ? IdOf(i) : IdOf(i)[..8] + " ")}.*\\* queued .*position {i}(,|…)", lines[1 + i]));
        Assert.True(columns < 80 || lines[2].Contains($"behind {first.Id[..8]}", StringComparison.Ordinal), lines[2]);
        Assert.Equal(columns >= 400, lines[2].EndsWith("; waiting for active run to finish", StringComparison.Ordinal));
        gate.Open();
        active.Wait().Expect(0);
    }

    private static string IdOf(int i) => (0xabc_0000_0000 + ((long)i << 16)).ToString("x12", CultureInfo.InvariantCulture);

    /// <summary>Two hundred processes would only be waited for: what is looked at is the list, so their records are enough, each held alive.</summary>
    private void PretendThatMoreWait(RunRecord first)
    {
        var store = new RunStore(_repository[".git/wt-run"]);
        foreach (var i in Enumerable.Range(1, Waiting))
        {
            var record = first with
            {
                Id = IdOf(i),
                State = RunState.Queued,
                CreatedAt = first.CreatedAt.AddSeconds(i),
                StartedAt = null,
                Queue = new QueueInfo(i, 0, first.Id, null, "active run to finish"),
            };
            Directory.CreateDirectory(store.DirectoryOf(record.Id));
            File.WriteAllBytes(Path.Combine(store.DirectoryOf(record.Id), "run.json"), RecordWriter.ToUtf8(record));
            File.WriteAllBytes(Path.Combine(_repository[".git/wt-run/active"], record.Id), []);
            File.CreateSymbolicLink(Path.Combine(store.DirectoryOf(record.Id), "alive"), Path.Combine(store.DirectoryOf(first.Id), "alive"));
        }
    }
}
