using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// One child, started with posix_spawn(3): all signals at their default and unblocked (the runtime ignores SIGPIPE), exactly the
/// environment that was given, and a pidfd to wait on and to signal. Disposing closes the handles; it does not end the child.
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    private int? _exitCode;

    private ChildProcess(int pid, int pidFd, int output, int error)
    {
        Pid = pid;
        PidFd = pidFd;
        OutputFd = output;
        ErrorFd = error;
    }

    public int Pid { get; }

    /// <summary>Readable for poll(2) as soon as the child has ended.</summary>
    public int PidFd { get; private set; }

    /// <summary>The read end of the pipe from standard output, or -1.</summary>
    public int OutputFd { get; private set; }

    /// <summary>The read end of the pipe from standard error, or -1.</summary>
    public int ErrorFd { get; private set; }

    /// <summary>Starts the child.</summary>
    /// <exception cref="WorktreeIsolatorException">
    /// <see cref="FailureKind.EngineNotFound"/> or <see cref="FailureKind.EngineNotExecutable"/> for the program;
    /// <see cref="FailureKind.System"/> for anything else.
    /// </exception>
    public static ChildProcess Start(ChildStart start)
    {
        if (!Directory.Exists(start.WorkingDirectory))
        {
            throw new WorktreeIsolatorException(
                FailureKind.System, $"'{start.Argv[0]}' cannot start in '{start.WorkingDirectory}': the directory does not exist.");
        }

        ChildSignal.RequireExitCodes();
        var program = Executable.Resolve(start.Argv[0], start.WorkingDirectory, start.Environment);
        var opened = new List<int>(6);
        int pid;
        int output = -1, error = -1;
        var actions = stackalloc byte[Libc.OpaqueSize];
        var attributes = stackalloc byte[Libc.OpaqueSize];
        _ = Libc.SpawnActionsInit(actions);
        _ = Libc.SpawnAttributesInit(attributes);
        try
        {
            if (!start.InheritInput)
            {
                Connect(actions, start.Input is { } bytes ? InputFile(bytes.Span, opened) : NullFile(opened), 0);
            }

            output = ConnectOutput(actions, start.Output, 1, opened);
            error = ConnectOutput(actions, start.Error, 2, opened);
            _ = Libc.SpawnActionsAddChdir(actions, start.WorkingDirectory);
            SetAttributes(attributes, start.Group);

            int result;
            lock (KnownChildren.Gate)
            {
                result = Spawn(program, start, actions, attributes, out pid);
                if (result == 0)
                {
                    KnownChildren.Add(pid);
                }
            }

            if (result != 0)
            {
                CloseAll([output, error]);
                throw SpawnFailed(start.Argv[0], program, result);
            }
        }
        finally
        {
            CloseAll(opened);
            _ = Libc.SpawnActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
        }

        return new ChildProcess(pid, OpenPidFd(pid, output, error), output, error);
    }

    /// <summary>Waits for the end, without limit, and reaps the child.</summary>
    /// <returns>The exit code, or 128 + the number of the signal that ended it.</returns>
    public int Wait()
    {
        if (_exitCode is { } known)
        {
            return known;
        }

        var errno = KnownChildren.Reap(Pid, out var info);
        if (errno != 0)
        {
            throw Libc.Failed($"waitid({Pid})", errno);
        }

        _exitCode = info.Code == Libc.CLD_EXITED ? info.Status : 128 + info.Status;
        return _exitCode.Value;
    }

    /// <summary>Sends a signal to the child alone; nothing happens if it has ended.</summary>
    public void Signal(int signal)
    {
        if (PidFd >= 0)
        {
            _ = Libc.PidFdSendSignal(PidFd, signal);
        }
    }

    /// <summary>
    /// Kills the rest of the child's process group, which it leads, if a signal has ended the child. Before it is reaped: until then no
    /// stranger can have its number.
    /// </summary>
    public void KillGroupIfKilled()
    {
        Libc.SigInfo info = default;
        if (_exitCode is null && Libc.WaitId(Libc.P_PID, Pid, &info, Libc.WEXITED | Libc.WNOWAIT | Libc.WNOHANG) == 0
            && info.Pid == Pid && info.Code != Libc.CLD_EXITED)
        {
            _ = Libc.Kill(-Pid, Libc.SIGKILL);
        }
    }

    /// <summary>Closes the read end of standard output.</summary>
    public void CloseOutput()
    {
        CloseAll([OutputFd]);
        OutputFd = -1;
    }

    /// <summary>Closes the read end of standard error.</summary>
    public void CloseError()
    {
        CloseAll([ErrorFd]);
        ErrorFd = -1;
    }

    public void Dispose()
    {
        CloseOutput();
        CloseError();
        CloseAll([PidFd]);
        PidFd = -1;
    }

    /// <summary>The child cannot be reaped by anyone but us, so its pid still means it, even if it has ended already.</summary>
    private static int OpenPidFd(int pid, int output, int error)
    {
        var pidFd = Libc.PidFdOpen(pid);
        if (pidFd >= 0)
        {
            return pidFd;
        }

        // Nothing may run that nobody watches.
        var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
        _ = Libc.Kill(pid, Libc.SIGKILL);
        CloseAll([output, error]);
        throw Libc.Failed("pidfd_open", errno, "wt-run needs Linux 5.3 or newer, and a sandbox that allows pidfd_open.");
    }

    private static int Spawn(string program, ChildStart start, byte* actions, byte* attributes, out int pid)
    {
        using var argv = new NativeStrings([.. start.Argv]);
        var variables = new string[start.Environment.Count];
        var count = 0;
        foreach (var (name, value) in start.Environment)
        {
            variables[count++] = $"{name}={value}";
        }

        using var envp = new NativeStrings(variables);
        var path = Encoding.UTF8.GetBytes(program + "\0");
        int child;
        int result;
        fixed (byte* p = path)
        {
            result = Libc.PosixSpawn(&child, p, actions, attributes, argv.Pointer, envp.Pointer);
        }

        pid = child;
        return result;
    }

    private static void SetAttributes(byte* attributes, ChildGroup group)
    {
        var signals = stackalloc byte[Libc.OpaqueSize];
        _ = Libc.SigFillSet(signals);
        _ = Libc.SpawnAttributesSetSigdefault(attributes, signals);
        _ = Libc.SigEmptySet(signals);
        _ = Libc.SpawnAttributesSetSigmask(attributes, signals);
        var flags = Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK;
        flags |= group switch
        {
            ChildGroup.OwnSession => Libc.POSIX_SPAWN_SETSID,
            ChildGroup.OwnGroup => Libc.POSIX_SPAWN_SETPGROUP,
            _ => 0,
        };
        _ = Libc.SpawnAttributesSetPgroup(attributes, 0);
        _ = Libc.SpawnAttributesSetFlags(attributes, (short)flags);
    }

    private static int ConnectOutput(byte* actions, ChildOutput kind, int target, List<int> opened)
    {
        switch (kind)
        {
            case ChildOutput.Inherit:
                return -1;
            case ChildOutput.Null:
                Connect(actions, NullFile(opened), target);
                return -1;
            default:
                var ends = stackalloc int[2];
                Check(Libc.Pipe2(ends, Libc.O_CLOEXEC), "pipe2");
                opened.Add(ends[1]);
                Connect(actions, ends[1], target);
                return ends[0];
        }
    }

    private static int NullFile(List<int> opened)
    {
        var fd = Check(Libc.Open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0), "open /dev/null");
        opened.Add(fd);
        return fd;
    }

    /// <summary>Input lies in memory, not in a pipe: no one has to feed it while the child runs, and it may be any size.</summary>
    private static int InputFile(ReadOnlySpan<byte> bytes, List<int> opened)
    {
        const uint MfdCloexec = 1;
        var fd = Check(Libc.MemfdCreate("wt-run-input", MfdCloexec), "memfd_create");
        opened.Add(fd);
        fixed (byte* start = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                written += (int)Check(Libc.Write(fd, start + written, (nuint)(bytes.Length - written)), "write to memfd");
            }
        }

        _ = Libc.Seek(fd, 0, 0);
        return fd;
    }

    // A descriptor that already has the wanted number would stay close-on-exec: dup2 onto itself changes nothing in old C libraries.
    // Ours never has: 0, 1 and 2 are open in every process that the runtime starts.
    private static void Connect(byte* actions, int fd, int target) => _ = Libc.SpawnActionsAddDup2(actions, fd, target);

    private static WorktreeIsolatorException SpawnFailed(string name, string program, int error) => error switch
    {
        Libc.ENOENT => new(
            FailureKind.EngineNotFound, $"'{name}' was found at '{program}', but the interpreter in its first line does not exist."),
        Libc.EACCES or Libc.ENOEXEC => new(
            FailureKind.EngineNotExecutable,
            $"'{program}' cannot be executed: {Libc.ErrorText(error)}.",
            "Is it a program for this machine, or a script whose first line names its interpreter ('#!/bin/sh')?"),
        _ => Libc.Failed($"Starting '{program}' failed", error),
    };

    private static nint Check(nint result, string what) =>
        result >= 0 ? result : throw Libc.Failed(what, System.Runtime.InteropServices.Marshal.GetLastPInvokeError());

    private static int Check(int result, string what) => (int)Check((nint)result, what);

    private static void CloseAll(IEnumerable<int> fds)
    {
        foreach (var fd in fds)
        {
            if (fd >= 0)
            {
                _ = Libc.Close(fd);
            }
        }
    }
}
