using System.Globalization;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>What a detached process said before it went on by itself, or ended.</summary>
/// <param name="ExitCode">128 + signal if a signal ended it; null if it goes on by itself.</param>
/// <param name="Output">What it wrote to standard output until then.</param>
/// <param name="Error">What it wrote to standard error until then.</param>
public sealed record DetachedStart(int? ExitCode, byte[] Output, byte[] Error);

/// <summary>
/// A process that outlives its caller: in a session of its own, which no terminal's hangup reaches. Its output goes to the caller until it
/// calls <see cref="LetGo"/>; from then on nothing connects the two, and the caller need not wait for it.
/// </summary>
public static unsafe class DetachedProcess
{
    /// <summary>The last byte on standard output says that the process goes on; it stands in no text and no JSON.</summary>
    private const byte Parting = 0;

    private const int BufferSize = 16 << 10;

    /// <summary>Starts the process, and waits until it lets go or has ended.</summary>
    /// <param name="argv">The program, as a path, and its arguments.</param>
    /// <param name="directory">Absolute path of the directory in which it starts.</param>
    /// <param name="environment">Its whole environment.</param>
    /// <param name="input">Bytes for its standard input; null for <c>/dev/null</c>.</param>
    /// <param name="terminate">As long as it has not let go, it is sent SIGTERM for each that is cancelled.</param>
    /// <exception cref="WorktreeIsolatorException">It could not be started.</exception>
    public static DetachedStart Start(
        IReadOnlyList<string> argv,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        ReadOnlyMemory<byte>? input,
        params IReadOnlyList<CancellationToken> terminate)
    {
        KeepDescriptors();
        using var wakeUp = new WakeUp();
        var registrations = terminate.Select(token => token.Register(wakeUp.Set)).ToList();
        try
        {
            return Start(argv, directory, environment, input, wakeUp);
        }
        finally
        {
            registrations.ForEach(registration => registration.Dispose());
        }
    }

    private static DetachedStart Start(
        IReadOnlyList<string> argv, string directory, IReadOnlyDictionary<string, string> environment, ReadOnlyMemory<byte>? input, WakeUp wakeUp)
    {
        using var child = ChildProcess.Start(new ChildStart
        {
            Argv = argv,
            WorkingDirectory = directory,
            Environment = environment,
            Input = input,
            Group = ChildGroup.OwnSession,
        });
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        for (var ended = false; !ended;)
        {
            ended = Await(child, wakeUp, out var isToEnd);
            var isParting = Drain(child.OutputFd, output, child.CloseOutput);

            // Second: what was said before the parting is in this pipe by the time the parting is seen.
            _ = Drain(child.ErrorFd, error, child.CloseError);
            if (isParting)
            {
                return new DetachedStart(null, output.ToArray(), error.ToArray());
            }

            if (isToEnd)
            {
                child.Signal(Libc.SIGTERM);
            }
        }

        return new DetachedStart(child.Wait(), output.ToArray(), error.ToArray());
    }

    /// <summary>
    /// For the process itself: tells the caller that it goes on, and lets go of standard input, output and error, and of the current directory, which
    /// may be deleted or unmounted and in which it is not at work.
    /// </summary>
    public static void LetGo()
    {
        _ = Libc.ChangeDirectory("/");

        var parting = Parting;
        _ = Libc.Write(1, &parting, 1);
        var nothing = Libc.Open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (nothing < 0)
        {
            throw Libc.Failed("open /dev/null", Marshal.GetLastPInvokeError());
        }

        for (var standard = 0; standard <= 2; standard++)
        {
            _ = Libc.Dup2(nothing, standard);
        }

        _ = Libc.Close(nothing);
    }

    /// <summary>
    /// What this process was given besides standard input, output and error is not handed on: a pipe that the caller reads to its end would
    /// not end before the run does.
    /// </summary>
    private static void KeepDescriptors()
    {
        const int SetFlags = 2; // F_SETFD
        const int CloseOnExec = 1; // FD_CLOEXEC
        foreach (var name in Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(Path.GetFileName))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var fd) && fd > 2)
            {
                _ = Libc.Fcntl(fd, SetFlags, CloseOnExec);
            }
        }
    }

    /// <summary>Waits for output, the end, or for someone to want its end; true if it has ended.</summary>
    private static bool Await(ChildProcess child, WakeUp wakeUp, out bool isToEnd)
    {
        var fds = stackalloc Libc.PollFd[4];
        fds[0] = new Libc.PollFd { Fd = child.PidFd, Events = Libc.POLLIN };
        fds[1] = new Libc.PollFd { Fd = child.OutputFd, Events = Libc.POLLIN };
        fds[2] = new Libc.PollFd { Fd = child.ErrorFd, Events = Libc.POLLIN };
        fds[3] = new Libc.PollFd { Fd = wakeUp.Fd, Events = Libc.POLLIN };
        _ = Libc.PollUninterrupted(fds, 4, -1);
        isToEnd = fds[3].Revents != 0;
        if (isToEnd)
        {
            wakeUp.Clear();
        }

        return fds[0].Revents != 0;
    }

    /// <summary>Takes what is in the pipe now, and closes it if there can be no more; true if a parting came.</summary>
    private static bool Drain(int fd, MemoryStream target, Action close)
    {
        var buffer = stackalloc byte[BufferSize];
        while (IsReady(fd))
        {
            var count = (int)Libc.Read(fd, buffer, BufferSize);
            if (count <= 0)
            {
                close();
                return false;
            }

            var isParting = buffer[count - 1] == Parting;
            target.Write(new ReadOnlySpan<byte>(buffer, isParting ? count - 1 : count));
            if (isParting)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsReady(int fd)
    {
        var ready = new Libc.PollFd { Fd = fd, Events = Libc.POLLIN };
        return fd >= 0 && Libc.PollUninterrupted(&ready, 1, 0) > 0;
    }
}
