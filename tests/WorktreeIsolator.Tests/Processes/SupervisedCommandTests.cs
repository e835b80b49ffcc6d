using System.Security.Cryptography;
using System.Text;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

public class SupervisedCommandTests : EngineInScratch
{
    [Theory]
    [InlineData(0, "print", "done")]
    [InlineData(3, "exit", "3")]
    [InlineData(128 + 9, "signal-self", "9")]
    [InlineData(128 + 15, "signal-self", "15")]
    public void The_exit_code_is_the_commands_own(int expected, string step, string argument)
    {
        var result = Run([step, argument]);

        Assert.Equal((expected, CommandEnd.Ended, false), (result.ExitCode, result.End, result.Killed));
        Assert.Empty(result.Processes.Ended);
        Assert.True(result.Processes.AllGone);
    }

    [Fact]
    public void A_command_that_does_not_exist_is_not_found()
    {
        var e = Assert.Throws<WorktreeIsolatorException>(() => Run([], c => c with { Argv = ["no-such-engine"] }));

        Assert.Equal(FailureKind.EngineNotFound, e.Kind);
    }

    [Fact]
    public void A_file_without_the_permission_is_not_executable()
    {
        File.WriteAllText(Scratch["engine"], "#!/bin/sh\n");

        var e = Assert.Throws<WorktreeIsolatorException>(() => Run([], c => c with { Argv = ["./engine"] }));

        Assert.Equal(FailureKind.EngineNotExecutable, e.Kind);
    }

    [Fact]
    public void Both_outputs_are_logged_and_shown()
    {
        var shown = new Dictionary<OutputStream, string> { [OutputStream.Standard] = "", [OutputStream.Error] = "" };

        Run(["print", "grün", "err", "rot"], c => c with { Echo = (stream, bytes) => shown[stream] += Encoding.UTF8.GetString(bytes) });

        Assert.Equal(("grün\n", "rot\n"), (shown[OutputStream.Standard], shown[OutputStream.Error]));
        Assert.Equal(["grün", "rot"], File.ReadAllLines(LogFile).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_reader_that_goes_away_does_not_end_the_run()
    {
        var calls = 0;

        var result = Run(["print", "one", "sleep", "0.1", "print", "two"], c => c with
        {
            Echo = (_, _) =>
            {
                calls++;
                throw new IOException("Broken pipe");
            },
        });

        Assert.Equal((0, 1), (result.ExitCode, calls));
        Assert.Equal("one\ntwo\n", LogText());
    }

    [Fact]
    public void A_megabyte_of_input_arrives_whole()
    {
        var input = RandomNumberGenerator.GetBytes(1 << 20);

        Run(["cat-stdin", "input"], c => c with { Input = input });

        Assert.Equal(input, File.ReadAllBytes(Scratch["input"]));
    }

    [Fact]
    public void Without_input_it_is_empty_and_there_is_no_terminal()
    {
        Run(["cat-stdin", "input", "tty-report", "tty"]);

        Assert.Empty(File.ReadAllBytes(Scratch["input"]));
        Assert.Equal("isatty 0 0 0\nsize 0x0\ndev-tty no\nforeground no\n", File.ReadAllText(Scratch["tty"]));
    }

    [Fact]
    public void The_environment_is_exactly_the_one_given()
    {
        var environment = TestPrograms.Environment((ProcessTree.RunIdVariable, RunId), ("ODD", "a=b \"c\" ü"));

        Run(["env", "env"], c => c with { Environment = environment });

        Assert.Equal(environment.Select(e => $"{e.Key}={e.Value}").Order(StringComparer.Ordinal), File.ReadAllLines(Scratch["env"]));
    }

    [Fact]
    public void The_root_process_is_told_once_and_leads_its_own_session()
    {
        var told = new List<(ProcessIdentity Root, int Session)>();

        Run(["sleep", "0.05"], c => c with { Started = root => told.Add((root, ProcessEntry.Read(root.Pid)!.Session)) });

        var (root, session) = Assert.Single(told);
        Assert.Equal(root.Pid, session);
        Assert.False(root.IsAlive);
    }

    [Fact]
    public void A_command_whose_start_cannot_be_recorded_is_killed()
    {
        ProcessIdentity? started = null;

        Assert.Throws<IOException>(() => Run(["sleep", "60"], c => c with
        {
            Started = root =>
            {
                started = root;
                throw new IOException("No space left on device");
            },
        }));

        Assert.False(started!.Value.IsAlive);
    }

    [Fact]
    public void Output_before_the_end_is_never_lost()
    {
        Run(["flood", "3000000", "print", "end"]);

        var log = LogText();
        Assert.Equal(3_000_004, log.Length);
        Assert.EndsWith("xend\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flood_without_a_newline_takes_neither_memory_nor_disk()
    {
        var bytes = (HeavyTests.AreOn ? 1024L : 64) << 20;
        var limit = HeavyTests.AreOn ? OutputLog.DefaultLimit : 1 << 20;

        var result = SupervisorProcess.Run(
            Scratch, ["--log", "output.log", "--log-limit", $"{limit}"], "flood", $"{bytes}", "print", "end");

        Assert.Equal("0", result["exit"]);
        Assert.InRange(int.Parse(result["peak-kib"], System.Globalization.CultureInfo.InvariantCulture), 1, 150 << 10);
        var length = new FileInfo(LogFile).Length;
        Assert.InRange(length, limit + OutputLog.TailLength, limit + OutputLog.TailLength + 300);
        var log = LogText();
        Assert.Contains($"[wt-run: the limit of {limit >> 20} MiB is reached", log, StringComparison.Ordinal);
        Assert.Contains($"[wt-run: {bytes + 4 - limit - OutputLog.TailLength} bytes are left out here]\nx", log, StringComparison.Ordinal);
        Assert.EndsWith("xend\n", log, StringComparison.Ordinal);
    }
}
