using System.Diagnostics;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>What a short command printed and how it ended.</summary>
/// <param name="ExitCode">128 + signal if a signal ended it.</param>
/// <param name="Output">All of standard output.</param>
/// <param name="Error">All of standard error.</param>
/// <param name="TimedOut">Whether it was killed because its time was up.</param>
internal sealed record CapturedResult(int ExitCode, byte[] Output, byte[] Error, bool TimedOut);

/// <summary>Runs a short command to its end and keeps its output in memory.</summary>
internal sealed unsafe class CapturedCommand : IDisposable
{
    // A grandchild may hold the pipe after the command itself has ended; what the command wrote is in the pipe by then.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    private readonly ChildProcess _child;
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();

    private readonly bool _leadsGroup;

    private CapturedCommand(ChildProcess child, bool leadsGroup) => (_child, _leadsGroup) = (child, leadsGroup);

    public int Pid => _child.Pid;

    /// <summary>Starts the command; <see cref="Finish"/> collects it. Several may be under way at once.</summary>
    public static CapturedCommand Start(ChildStart start) => new(ChildProcess.Start(start), start.Group != ChildGroup.Parent);

    /// <summary>Starts the command and waits for its end.</summary>
    public static CapturedResult Run(ChildStart start, TimeSpan? timeout, CancellationToken cancellation = default)
    {
        using var command = Start(start);
        return command.Finish(timeout, cancellation);
    }

    /// <summary>Waits for the end, reading all output.</summary>
    /// <param name="timeout">From now; null for none. When it is over the command is killed.</param>
    /// <param name="cancellation">Sends the command SIGTERM; it is still waited for.</param>
    /// <exception cref="OperationCanceledException">It was cancelled and ended.</exception>
    public CapturedResult Finish(TimeSpan? timeout, CancellationToken cancellation = default)
    {
        using var registration = cancellation.Register(() => _child.Signal(Libc.SIGTERM));
        var clock = Stopwatch.StartNew();
        var limit = timeout;
        var timedOut = false;
        var ended = false;
        var buffer = stackalloc byte[16 * 1024];
        var fds = stackalloc Libc.PollFd[3];
        while (!(ended && _child.OutputFd < 0 && _child.ErrorFd < 0))
        {
            var remaining = limit is { } l ? (int)Math.Clamp((l - clock.Elapsed).TotalMilliseconds, 0, int.MaxValue) : -1;
            fds[0] = new Libc.PollFd { Fd = ended ? -1 : _child.PidFd, Events = Libc.POLLIN };
            fds[1] = new Libc.PollFd { Fd = _child.OutputFd, Events = Libc.POLLIN };
            fds[2] = new Libc.PollFd { Fd = _child.ErrorFd, Events = Libc.POLLIN };
            var ready = Libc.PollUninterrupted(fds, 3, remaining);
            if (ready == 0)
            {
                if (ended)
                {
                    break;
                }

                timedOut = true;
                limit = null;
                _child.Signal(Libc.SIGKILL);
                continue;
            }

            if (fds[1].Revents != 0 && !ReadSome(_child.OutputFd, _output, buffer, 16 * 1024))
            {
                _child.CloseOutput();
            }

            if (fds[2].Revents != 0 && !ReadSome(_child.ErrorFd, _error, buffer, 16 * 1024))
            {
                _child.CloseError();
            }

            if (fds[0].Revents != 0)
            {
                ended = true;
                limit = clock.Elapsed + DrainLimit;
                EndRest();
            }
        }

        var exitCode = _child.Wait();
        if (exitCode == 128 + Libc.SIGTERM)
        {
            cancellation.ThrowIfCancellationRequested();
        }

        return new CapturedResult(exitCode, _output.ToArray(), _error.ToArray(), timedOut);
    }

    /// <summary>Sends a signal to the command alone; from any thread, until it is disposed.</summary>
    public void Signal(int signal) => _child.Signal(signal);

    public void Dispose()
    {
        _child.Dispose();
        _output.Dispose();
        _error.Dispose();
    }

    /// <summary>What a command that was killed had started would go on with its work behind the back of whoever undoes it.</summary>
    private void EndRest()
    {
        if (_leadsGroup)
        {
            _child.KillGroupIfKilled();
        }
    }

    private static bool ReadSome(int fd, MemoryStream target, byte* buffer, int size)
    {
        var count = Libc.Read(fd, buffer, (nuint)size);
        if (count < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR)
        {
            return true;
        }

        if (count <= 0)
        {
            return false;
        }

        target.Write(new ReadOnlySpan<byte>(buffer, (int)count));
        return true;
    }
}
