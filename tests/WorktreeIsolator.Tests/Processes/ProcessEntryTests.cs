using System.Text;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

public class ProcessEntryTests
{
    private const string AfterName = " S 7 8 9 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 3 0 150336 3133440 362 18446744073709551615 0 0";

    [Theory]
    [InlineData("sh")]
    [InlineData("a b")]
    [InlineData("x) S 1 1 (y")]
    [InlineData("")]
    public void A_name_may_hold_spaces_and_parentheses(string name)
    {
        var entry = ProcessEntry.Parse(Encoding.UTF8.GetBytes($"42 ({name}){AfterName}"));

        Assert.Equal(new ProcessEntry(new(42, 150336), name, 'S', 7, 8, 9, 3, IsKernelThread: false), entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData("42 (sh")]
    [InlineData("42 (sh) S 1 2")]
    public void Half_a_line_is_nobody(string line) => Assert.Null(ProcessEntry.Parse(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData('Z', 1, false)]
    [InlineData('Z', 2, true)]
    [InlineData('X', 1, false)]
    [InlineData('T', 1, true)]
    [InlineData('D', 1, true)]
    public void A_process_whose_first_thread_alone_has_ended_still_runs(char state, int threads, bool runs) =>
        Assert.Equal(runs, new ProcessEntry(new(42, 1), "sh", state, 1, 42, 42, threads, IsKernelThread: false).IsRunning);

    [Fact]
    public void We_are_alive_and_a_process_that_was_before_us_under_our_pid_is_not()
    {
        var we = ProcessIdentity.Current;

        Assert.True(we.IsAlive);
        Assert.False((we with { StartTime = we.StartTime - 1 }).IsAlive);
        Assert.Equal(36, ProcessIdentity.BootId.Length);
        Assert.True(ProcessIdentity.PidNamespace > 0);
    }

    [Fact]
    public void A_child_that_has_ended_is_not_alive_even_before_it_is_reaped()
    {
        using var child = ChildProcess.Start(new ChildStart
        {
            Argv = ["true"],
            WorkingDirectory = "/",
            Environment = TestPrograms.Environment(),
        });
        var identity = ProcessIdentity.Of(child.Pid)!.Value;

        Eventually.True(() => !identity.IsAlive, "the child is not alive");
        Assert.Equal(identity, ProcessIdentity.Of(child.Pid));
        Assert.Equal(0, child.Wait());
    }

    [Fact]
    public void A_variable_is_found_only_whole()
    {
        using var child = ChildProcess.Start(new ChildStart
        {
            Argv = ["sleep", "600"],
            WorkingDirectory = "/",
            Environment = TestPrograms.Environment(("BIG", new string('x', 100_000)), ("WT_RUN_ID", "abcdef")),
        });

        // A start is over when the kernel has taken the new program; it gives the process its name and its environment after that.
        Eventually.True(() => ProcessEntry.Read(child.Pid)!.HasVariable("WT_RUN_ID=abcdef"u8), "the variable is found");
        var entry = ProcessEntry.Read(child.Pid)!;
        Assert.False(entry.HasVariable("WT_RUN_ID=abcde"u8));
        Assert.False(entry.HasVariable("T_RUN_ID=abcdef"u8));
        Assert.True(entry.IsNamed(["sleep"]));
        Assert.False(entry.IsNamed(["slee"]));

        child.Signal(9);
        Assert.Equal(128 + 9, child.Wait());
    }
}
