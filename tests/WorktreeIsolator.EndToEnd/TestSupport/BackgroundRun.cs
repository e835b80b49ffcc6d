using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A program that runs while the test goes on; its output is read all the time. Disposing kills it if it still runs.</summary>
internal sealed class BackgroundRun : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private readonly IReadOnlyList<string> _argv;
    private readonly CapturedCommand _command;
    private readonly Thread _reader;
    private CapturedResult? _result;

    internal BackgroundRun(IReadOnlyList<string> argv, CapturedCommand command)
    {
        _argv = argv;
        _command = command;
        Pid = command.Pid;

        // Nobody reaps it before the reader has begun.
        Identity = ProcessIdentity.Of(Pid)!.Value;
        _reader = new Thread(() => Volatile.Write(ref _result, _command.Finish(timeout: null))) { IsBackground = true };
        _reader.Start();
    }

    public int Pid { get; }

    /// <summary>The process for all time: the pid may be a stranger's once it has ended.</summary>
    public ProcessIdentity Identity { get; }

    public bool HasEnded => Volatile.Read(ref _result) is not null;

    /// <summary>Waits for the end.</summary>
    /// <exception cref="TimeoutException">It still runs.</exception>
    public Finished Wait(TimeSpan? within = null) => _reader.Join(within ?? Deadline)
        ? new Finished(_argv, _result!)
        : throw new TimeoutException($"Still running after {within ?? Deadline}: {string.Join(' ', _argv)}");

    /// <summary>Sends a signal to the process alone.</summary>
    public void Signal(int signal) => _command.Signal(signal);

    public void Interrupt() => Signal(Libc.SIGINT);

    public void Terminate() => Signal(Libc.SIGTERM);

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public void Kill()
    {
        Signal(Libc.SIGKILL);
        _ = Wait();
    }

    public void Dispose()
    {
        if (!HasEnded)
        {
            Kill();
        }

        _reader.Join();
        _command.Dispose();
    }
}
