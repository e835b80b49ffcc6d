using System.Diagnostics;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// Lends our controlling terminal to a command that runs in a process group of its own, as a shell does for a job: the foreground group
/// (to which the terminal sends Ctrl-C, Ctrl-Z and changes of its size) while it runs, ours again when it stops or ends.
/// </summary>
internal sealed unsafe class TerminalHandover : IDisposable
{
    private readonly Terminal _terminal;
    private readonly PosixSignalRegistration _onChildSignal;
    private readonly DefaultSignal _onContinue;
    private byte[]? _ourModes;
    private byte[]? _itsModes;
    private bool _isGiven;

    private TerminalHandover(Terminal terminal, WakeUp wake)
    {
        _terminal = terminal;

        // A stop does not show on a pidfd; SIGCHLD tells it.
        _onChildSignal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => wake.Set());

        // The runtime restores the terminal's modes when it is continued. We are in the background by then, so that would stop us again
        // (SIGTTOU), or change the modes under the engine.
        _onContinue = new DefaultSignal(Libc.SIGCONT);
    }

    /// <summary>Null if we have no controlling terminal.</summary>
    public static TerminalHandover? Open(WakeUp wake) =>
        Terminal.OpenControlling() is { } terminal ? new TerminalHandover(terminal, wake) : null;

    /// <summary>Gives the terminal to the group if it is ours to give, and lets the group run on if it wanted it too early.</summary>
    public void Give(int group)
    {
        if (_terminal.ForegroundGroup == Libc.GetPgrp())
        {
            _ourModes = _terminal.ReadModes();
            if (_itsModes is not null)
            {
                _terminal.WriteModes(_itsModes);
            }

            _isGiven = _terminal.SetForegroundGroup(group);
        }

        // Between its start and now it may have read the terminal, for which a background process is stopped.
        _ = Libc.Kill(-group, Libc.SIGCONT);
    }

    /// <summary>Takes the terminal back, with the modes in which it was when it was given.</summary>
    public void TakeBack()
    {
        if (!_isGiven)
        {
            return;
        }

        _isGiven = false;
        _ = _terminal.SetForegroundGroup(Libc.GetPgrp());
        if (_ourModes is not null)
        {
            _terminal.WriteModes(_ourModes);
        }
    }

    /// <summary>
    /// If the command has stopped (Ctrl-Z, or it wanted a terminal that it does not have), stops us as well, so that the shell sees its
    /// job stop; when the shell continues us, continues the command, with the terminal if we have got it.
    /// </summary>
    public void FollowStop(int pid, Stopwatch clock)
    {
        Libc.SigInfo info = default;
        if (Libc.WaitId(Libc.P_PID, pid, &info, Libc.WSTOPPED | Libc.WNOHANG) != 0 || info.Pid == 0 || info.Code != Libc.CLD_STOPPED)
        {
            return;
        }

        if (info.Status is Libc.SIGTTIN or Libc.SIGTTOU && _terminal.ForegroundGroup == Libc.GetPgrp())
        {
            Give(pid); // it asked before it was given; or the shell has put us into the foreground meanwhile
            return;
        }

        if (_isGiven)
        {
            _itsModes = _terminal.ReadModes();
            TakeBack();
        }

        // SIGTSTP rather than SIGSTOP: the kernel ignores it where no shell would ever continue us.
        var signal = info.Status is Libc.SIGTTIN or Libc.SIGTTOU ? info.Status : Libc.SIGTSTP;
        clock.Stop();
        StopOthersOfOurGroup(signal);

        // To this thread, so that it stops right here. A signal to the process may reach another thread first, and this one would go on
        // for a moment and give the terminal away.
        _ = Libc.Raise(signal);
        clock.Start();
        Give(pid);
    }

    /// <summary>The rest of the job, as in <c>wt-run run … | tee log</c>: the shell takes it for stopped only when all of it is.</summary>
    private static void StopOthersOfOurGroup(int signal)
    {
        var group = Libc.GetPgrp();
        foreach (var entry in ProcessEntry.ReadAll().Values)
        {
            if (entry.Group == group && entry.Pid != Environment.ProcessId)
            {
                using var handle = ProcessHandle.Open(entry);
                handle?.Send(signal);
            }
        }
    }

    public void Dispose()
    {
        TakeBack();
        _onContinue.Dispose();
        _onChildSignal.Dispose();
        _terminal.Dispose();
    }
}
