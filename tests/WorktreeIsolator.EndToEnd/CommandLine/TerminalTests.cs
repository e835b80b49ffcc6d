using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class TerminalTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public TerminalTests()
    {
        _repository = new TestRepository(_scratch);
        _scratch.Set("TERM", "xterm");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_command_of_a_person_at_a_terminal_gets_the_terminal()
    {
        var run = _repository.WtRun.RunOnTerminal("run", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo all three").Expect(0);

        Assert.Contains("all three", run.Output, StringComparison.Ordinal);
        var record = Assert.Single(new RunStore(_repository[".git/wt-run"]).ReadAll());
        Assert.Contains("not logged", File.ReadAllText(record.Log!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--prompt", "text")]
    [InlineData("--trigger", "cron")]
    public void With_a_prompt_or_another_trigger_it_does_not(string flag, string value) =>
        _repository.WtRun.RunOnTerminal("run", flag, value, "--", "sh", "-c", "! test -t 0 && ! test -t 1").Expect(0);

    [Fact]
    public void A_stage_is_one_line_that_the_next_one_replaces()
    {
        var run = _repository.WtRun.RunOnTerminal("run", "--worktree", "--prompt", "x", "--", "echo", "out").Expect(0);

        Assert.Contains("\e[Kout\r\n", run.Output.Replace("\e[?7h", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("checking out\r\n", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"\r\e\[K\e\[\?7lwt-run: checking out [0-9a-f]+\e\[\?7h\r\e\[K", run.Output);
    }

    [Fact]
    public void List_is_a_table_that_fits_the_terminal()
    {
        var id = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record.Id;

        var list = _repository.WtRun.RunOnTerminal("list").Expect(0).Output;

        Assert.Contains(id, list, StringComparison.Ordinal);
        Assert.Contains("succeeded", list, StringComparison.Ordinal);
        Assert.Contains("\e[", list, StringComparison.Ordinal);
    }
}
