using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

/// <summary>An engine that gets the terminal, before a shell with job control.</summary>
public sealed class InteractiveTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private PseudoTerminal? _terminal;

    private PseudoTerminal Terminal => _terminal ??= StartShell();

    private ProcessIdentity Engine
    {
        get
        {
            WaitForFile("result.root");
            var parts = File.ReadAllText(_scratch["result.root"]).Split(' ');
            return new(int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
    }

    public void Dispose()
    {
        _terminal?.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void The_engine_has_the_terminal_with_its_size_and_the_foreground()
    {
        Terminal.Type(Supervise("", "print", "hello", "wait-for", "go", "tty-report", "tty", "exit", "3"));
        WaitForForeground(() => Engine.Pid);
        File.WriteAllText(_scratch["go"], "");

        var result = Result();

        Assert.Equal("isatty 1 1 1\nsize 97x31\ndev-tty yes\nforeground yes\n", File.ReadAllText(_scratch["tty"]));
        Assert.Equal(("3", "Ended"), (result["exit"], result["end"]));
        Eventually.True(() => Terminal.Shown.Contains("\nhello\r\n", StringComparison.Ordinal), () => $"the terminal shows 'hello'; it shows: {Terminal.Shown}");
        Assert.Equal(
            "[wt-run: the output goes to the terminal and is not logged]\n", File.ReadAllText(_scratch["output.log"]));
    }

    [Fact]
    public void Ctrl_C_reaches_the_engine_and_not_us()
    {
        Terminal.Type(Supervise("", "sleep", "60"));
        WaitForForeground(() => Engine.Pid);

        Terminal.Type(PseudoTerminal.CtrlC);

        var result = Result();
        Assert.Equal(($"{128 + Libc.SIGINT}", "Ended"), (result["exit"], result["end"]));
    }

    [Fact]
    public void Ctrl_Z_stops_the_job_and_fg_continues_it()
    {
        Terminal.Type(Supervise("", "wait-for", "go", "tty-report", "tty", "exit", "5"));
        WaitForForeground(() => Engine.Pid);
        var engine = Engine;

        for (var round = 0; round < 3; round++)
        {
            Terminal.Type(PseudoTerminal.CtrlZ);
            WaitForForeground(() => Terminal.ShellPid);
            Assert.True(ProcessEntry.Read(engine.Pid)!.IsStopped, Terminal.Shown);
            Assert.True(ProcessEntry.Read(ProcessEntry.Read(engine.Pid)!.Parent)!.IsStopped);

            Terminal.Type("fg\n");
            WaitForForeground(() => engine.Pid);
            Eventually.True(() => !ProcessEntry.Read(engine.Pid)!.IsStopped, "the engine goes on");
        }

        File.WriteAllText(_scratch["go"], "");

        Assert.Equal("5", Result()["exit"]);
        Assert.Contains("foreground yes", File.ReadAllText(_scratch["tty"]), StringComparison.Ordinal);
        WaitForForeground(() => Terminal.ShellPid);
    }

    [Fact]
    public void Continued_in_the_background_the_engine_goes_on_without_the_terminal()
    {
        Terminal.Type(Supervise("", "wait-for", "go", "tty-report", "tty"));
        WaitForForeground(() => Engine.Pid);
        Terminal.Type(PseudoTerminal.CtrlZ);
        WaitForForeground(() => Terminal.ShellPid);

        Terminal.Type("bg\n");
        File.WriteAllText(_scratch["go"], "");

        Assert.Equal("0", Result()["exit"]);
        Assert.Contains("foreground no", File.ReadAllText(_scratch["tty"]), StringComparison.Ordinal);
        Assert.Equal(Terminal.ShellPid, Terminal.ForegroundGroup);
    }

    [Fact]
    public void Started_in_the_background_it_does_not_take_the_terminal_before_it_gets_it()
    {
        Terminal.Type(Supervise("", "cat-stdin", "typed").TrimEnd('\n') + " &\n");
        var engine = Engine;
        Eventually.True(
            () => ProcessEntry.Read(engine.Pid) is { IsStopped: true } e && ProcessEntry.Read(e.Parent)!.IsStopped,
            "the engine wants to read the terminal, and the job stops");
        Assert.Equal(Terminal.ShellPid, Terminal.ForegroundGroup);

        Terminal.Type("fg\n");
        WaitForForeground(() => engine.Pid);
        Terminal.Type("hello\n");
        Terminal.Type(PseudoTerminal.CtrlD);

        Assert.Equal("0", Result()["exit"]);
        Assert.Equal("hello\n", File.ReadAllText(_scratch["typed"]));
    }

    [Fact]
    public void After_an_engine_that_dies_in_raw_mode_the_terminal_is_as_before()
    {
        // The modes that the shell gives its jobs: its own line editing has others.
        Terminal.Type("cat\n");
        Eventually.True(() => Terminal.ForegroundGroup != Terminal.ShellPid, "cat has the terminal");
        var before = Terminal.Modes;
        Terminal.Type(PseudoTerminal.CtrlD);
        WaitForForeground(() => Terminal.ShellPid);
        Terminal.Type(Supervise("", "raw-mode", "touch", "raw", "wait-for", "go", "signal-self", "9").TrimEnd('\n') + "; cat\n");
        WaitForFile("raw");
        Assert.NotEqual(before, Terminal.Modes);
        File.WriteAllText(_scratch["go"], "");

        Assert.Equal($"{128 + 9}", Result()["exit"]);
        Eventually.True(() => Terminal.Modes.SequenceEqual(before), "the modes are as before");
    }

    [Fact]
    public void Modes_of_the_engine_come_back_with_fg_and_the_shell_never_sees_them()
    {
        Terminal.Type(Supervise("", "raw-mode", "touch", "raw", "wait-for", "stop", "signal-self", "19", "wait-for", "go"));
        WaitForForeground(() => Engine.Pid);
        var engine = Engine;
        WaitForFile("raw");
        var raw = Terminal.Modes;

        File.WriteAllText(_scratch["stop"], "");
        WaitForForeground(() => Terminal.ShellPid);
        Assert.NotEqual(raw, Terminal.Modes);
        Terminal.Type("fg\n");
        WaitForForeground(() => engine.Pid);
        Assert.Equal(raw, Terminal.Modes);

        File.WriteAllText(_scratch["go"], "");
        Assert.Equal("0", Result()["exit"]);
    }

    [Fact]
    public void A_timeout_takes_the_terminal_back()
    {
        Terminal.Type(Supervise("--timeout 1 --grace 0.2", "raw-mode", "ignore-signals", "touch", "ignoring", "sleep", "60"));

        var result = Result();

        // On a busy machine the time may be over before the engine is so far, and then an interrupt ends it.
        Assert.Equal("TimedOut", result["end"]);
        Assert.True(result["killed"] == "True" || !File.Exists(_scratch["ignoring"]), "it was not killed");
        WaitForForeground(() => Terminal.ShellPid);
    }

    [Fact]
    public void Where_no_shell_would_continue_us_a_stop_is_undone()
    {
        _terminal = new PseudoTerminal(_scratch, 80, 24, [.. Arguments("--grace 0.2", "wait-for", "go", "exit", "4")]);
        WaitForForeground(() => Engine.Pid);

        Terminal.Type(PseudoTerminal.CtrlZ);
        File.WriteAllText(_scratch["go"], "");

        Assert.Equal("4", Result()["exit"]);
        Assert.Equal(0, Terminal.WaitForEnd());
    }

    private static string[] Arguments(string options, params string[] steps) =>
    [
        TestPrograms.Supervisor, "--interactive", "--log", "output.log", "--result", "result",
        .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--", TestPrograms.Engine, .. steps,
    ];

    private static string Supervise(string options, params string[] steps) => $"{string.Join(' ', Arguments(options, steps))}\n";

    private PseudoTerminal StartShell()
    {
        var terminal = new PseudoTerminal(_scratch, 97, 31, "/bin/sh", "-i");
        Eventually.True(() => terminal.Shown.Contains("$ ", StringComparison.Ordinal), "the shell asks for a command");
        return terminal;
    }

    private void WaitForForeground(Func<int> group) =>
        Eventually.True(() => Terminal.ForegroundGroup == group(), () => $"{group()} has the terminal, which shows: {Terminal.Shown}");

    private Dictionary<string, string> Result()
    {
        WaitForFile("result");
        return SupervisorProcess.ReadResult(_scratch["result"]);
    }

    private void WaitForFile(string name) =>
        Eventually.True(() => File.Exists(_scratch[name]), () => $"'{name}' exists; the terminal shows: {Terminal.Shown}");
}
