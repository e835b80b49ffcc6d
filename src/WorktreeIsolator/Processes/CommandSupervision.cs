using System.Diagnostics;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// One supervised command while it runs: a single poll(2) loop over the root's pidfd, its output, cancellation, and, when it is being
/// ended, the other processes of the run.
/// </summary>
internal sealed unsafe class CommandSupervision : IDisposable
{
    private const int BufferSize = 64 << 10;
    private const int LosingStatus = 128 + Libc.SIGKILL;

    /// <summary>How long the rest of the output may take when all who could write it are gone.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    /// <summary>How often adopted children that have ended are reaped while the command runs.</summary>
    private static readonly TimeSpan ReapInterval = TimeSpan.FromSeconds(15);

    private readonly SupervisedCommand _command;
    private readonly CancellationToken _cancel;
    private readonly CancellationToken _kill;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly WakeUp _wake = new();
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly ProcessTree _tree;
    private readonly List<Libc.PollFd> _fds = new(8);
    private ChildProcess? _root;
    private TerminalHandover? _terminal;
    private TreeEnding? _ending;
    private OutputEcho? _echo;
    private CommandEnd _end;
    private bool _rootEnded;
    private TimeSpan _lastOutput;
    private TimeSpan _lastReap;

    public CommandSupervision(SupervisedCommand command, CancellationToken cancel, CancellationToken kill)
    {
        _command = command;
        _cancel = cancel;
        _kill = kill;
        _echo = command.Echo;
        var marked = command.Environment.GetValueOrDefault(ProcessTree.RunIdVariable) == command.RunId;
        _tree = ProcessTree.OfNewCommand(marked ? command.RunId : null, command.KeepProcesses);
    }

    public CommandResult Run()
    {
        using var onCancel = _cancel.UnsafeRegister(static wake => ((WakeUp)wake!).Set(), _wake);
        using var onKill = _kill.UnsafeRegister(static wake => ((WakeUp)wake!).Set(), _wake);
        var completed = false;
        try
        {
            Start();
            while (_ending is not { IsOver: true })
            {
                Wait();
                ReadOutput();
                Decide();
                _ending?.Advance();
            }

            Drain();
            completed = true;
        }
        finally
        {
            _terminal?.TakeBack();
            if (!completed && _root is not null)
            {
                // The record could not be written, or the like: a run that nobody supervises must not go on.
                using var killing = new TreeEnding(_tree, TimeSpan.Zero, [Libc.SIGKILL], _clock);
                killing.Run();
            }
        }

        var processes = _ending!.Result;
        return new(ReapRoot(processes), _end, processes, _clock.Elapsed);
    }

    public void Dispose()
    {
        _ending?.Dispose();
        _terminal?.Dispose();
        _root?.Dispose();
        _tree.Dispose();
        _wake.Dispose();
    }

    private void Start()
    {
        var output = _command.Interactive ? ChildOutput.Inherit : ChildOutput.Pipe;
        if (_command.Interactive)
        {
            _command.Log.Note("the output goes to the terminal and is not logged");
            _terminal = TerminalHandover.Open(_wake);
        }

        _root = ChildProcess.Start(new ChildStart
        {
            Argv = _command.Argv,
            WorkingDirectory = _command.WorkingDirectory,
            Environment = _command.Environment,
            Input = _command.Input,
            InheritInput = _command.Interactive,
            Output = output,
            Error = output,
            Group = _command.Interactive ? ChildGroup.OwnGroup : ChildGroup.OwnSession,
        });

        // The root is not reaped before the end: as long as it is a zombie its pid, and with it its session and group, mean it alone.
        var identity = ProcessIdentity.Of(_root.Pid)
            ?? throw new WorktreeIsolatorException(FailureKind.System, $"/proc/{_root.Pid}/stat cannot be read.");
        _tree.SetRoot(identity);
        _terminal?.Give(_root.Pid);
        _command.Started?.Invoke(identity);
    }

    private void Wait()
    {
        _fds.Clear();
        Add(_wake.Fd);
        Add(_root!.OutputFd);
        Add(_root.ErrorFd);
        if (!_rootEnded)
        {
            Add(_root.PidFd);
        }

        if (_ending is not null)
        {
            foreach (var fd in _ending.PidFds)
            {
                Add(fd);
            }
        }

        var wait = NextDue() - _clock.Elapsed;
        fixed (Libc.PollFd* fds = CollectionsMarshal.AsSpan(_fds))
        {
            var milliseconds = (int)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, int.MaxValue);
            if (Libc.Poll(fds, (nuint)_fds.Count, milliseconds) < 0)
            {
                _fds.Clear(); // a signal came; nothing was looked at
            }
        }

        void Add(int fd) => _fds.Add(new() { Fd = fd, Events = Libc.POLLIN });
    }

    private TimeSpan NextDue()
    {
        if (_ending is not null)
        {
            return _ending.NextStep;
        }

        var due = _lastReap + ReapInterval;
        if (_command.Timeout is { } timeout && timeout < due)
        {
            due = timeout;
        }

        return IdleTimeout is { } idle && _lastOutput + idle < due ? _lastOutput + idle : due;
    }

    private TimeSpan? IdleTimeout => _command.Interactive ? null : _command.IdleTimeout;

    private void ReadOutput()
    {
        foreach (var fd in _fds)
        {
            if (fd.Revents == 0)
            {
                continue;
            }

            if (fd.Fd == _wake.Fd)
            {
                _wake.Clear();
            }
            else if (fd.Fd == _root!.OutputFd)
            {
                Read(OutputStream.Standard);
            }
            else if (fd.Fd == _root.ErrorFd)
            {
                Read(OutputStream.Error);
            }
            else if (fd.Fd == _root.PidFd)
            {
                _rootEnded = true;
            }
        }
    }

    /// <summary>Begins to end the processes when it is time to, for the first reason that holds.</summary>
    private void Decide()
    {
        if (_rootEnded)
        {
            _terminal?.TakeBack(); // from now on Ctrl-C is for us
        }

        if (_ending is null)
        {
            if (_rootEnded)
            {
                Begin(CommandEnd.Ended, TreeEnding.TerminateFirst);
            }
            else if (_cancel.IsCancellationRequested || _kill.IsCancellationRequested)
            {
                Begin(CommandEnd.Cancelled, TreeEnding.InterruptFirst);
            }
            else if (_clock.Elapsed >= _command.Timeout)
            {
                Begin(CommandEnd.TimedOut, TreeEnding.InterruptFirst);
            }
            else if (_clock.Elapsed - _lastOutput >= IdleTimeout)
            {
                Begin(CommandEnd.IdleTimedOut, TreeEnding.InterruptFirst);
            }
            else
            {
                WhileRunning();
            }
        }

        if (_ending is not null && _kill.IsCancellationRequested)
        {
            _ending.KillNow();
        }
    }

    private void Begin(CommandEnd end, int[] signals)
    {
        _end = end;
        _ending = new TreeEnding(_tree, _command.Grace, signals, _clock);
    }

    private void WhileRunning()
    {
        _terminal?.FollowStop(_root!.Pid, _clock);
        if (_clock.Elapsed - _lastReap >= ReapInterval)
        {
            KnownChildren.ReapAllAdopted();
            _lastReap = _clock.Elapsed;
        }
    }

    private void Read(OutputStream stream)
    {
        var isStandard = stream == OutputStream.Standard;
        nint count;
        fixed (byte* buffer = _buffer)
        {
            count = Libc.Read(isStandard ? _root!.OutputFd : _root!.ErrorFd, buffer, BufferSize);
        }

        if (count > 0)
        {
            _lastOutput = _clock.Elapsed;
            var bytes = _buffer.AsSpan(0, (int)count);
            _command.Log.Write(bytes);
            Echo(stream, bytes);
        }
        else if (count == 0 || Marshal.GetLastPInvokeError() is not (Libc.EINTR or Libc.EAGAIN))
        {
            if (isStandard)
            {
                _root.CloseOutput();
            }
            else
            {
                _root.CloseError();
            }
        }
    }

    private void Echo(OutputStream stream, ReadOnlySpan<byte> bytes)
    {
        try
        {
            _echo?.Invoke(stream, bytes);
        }
        catch (IOException)
        {
            // Whoever watched is gone; the log has it all.
            _echo = null;
        }
    }

    /// <summary>
    /// Takes what is still in the pipes. All who are allowed to write are gone, so an empty pipe is the end, even if a process that is kept
    /// holds its other side.
    /// </summary>
    private void Drain()
    {
        var until = _clock.Elapsed + DrainTime;
        var fds = stackalloc Libc.PollFd[2];
        while (_clock.Elapsed < until)
        {
            fds[0] = new() { Fd = _root!.OutputFd, Events = Libc.POLLIN };
            fds[1] = new() { Fd = _root.ErrorFd, Events = Libc.POLLIN };
            if (Libc.Poll(fds, 2, 0) <= 0)
            {
                return;
            }

            if (fds[0].Revents != 0)
            {
                Read(OutputStream.Standard);
            }

            if (fds[1].Revents != 0)
            {
                Read(OutputStream.Error);
            }
        }
    }

    private int ReapRoot(TreeEnd processes) =>
        processes.NotEnded.Any(p => p.Identity == _tree.Root) ? LosingStatus : _root!.Wait();
}
