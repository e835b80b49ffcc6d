using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>A process that can be signalled and waited for without ever meaning a stranger that got its pid.</summary>
internal sealed unsafe class ProcessHandle : IDisposable
{
    private ProcessHandle(ProcessEntry process, int pidFd)
    {
        Process = new(process.Identity, process.Name);
        PidFd = pidFd;
    }

    public NamedProcess Process { get; }

    /// <summary>Readable for poll(2) as soon as the process has ended; -1 if no descriptor was free.</summary>
    public int PidFd { get; private set; }

    /// <summary>Whether the kernel did not let us signal it, because it belongs to another user.</summary>
    public bool IsForbidden { get; private set; }

    /// <summary>The last signal of a stop sequence that it got.</summary>
    public int LastSignal { get; private set; }

    public bool HasEnded
    {
        get
        {
            if (PidFd < 0)
            {
                return !Process.Identity.IsAlive;
            }

            var fd = new Libc.PollFd { Fd = PidFd, Events = Libc.POLLIN };
            return Libc.Poll(&fd, 1, 0) > 0;
        }
    }

    /// <summary>Null if the process is gone.</summary>
    public static ProcessHandle? Open(ProcessEntry process)
    {
        var fd = Libc.PidFdOpen(process.Pid);
        if (fd < 0 && Marshal.GetLastPInvokeError() == Libc.ESRCH)
        {
            return null;
        }

        // The handle holds whoever had the pid when it was opened. Is that the one we saw?
        if (ProcessIdentity.Of(process.Pid) != process.Identity)
        {
            _ = fd < 0 ? 0 : Libc.Close(fd);
            return null;
        }

        return new ProcessHandle(process, fd);
    }

    /// <summary>Sends a signal of the stop sequence, and remembers it.</summary>
    public void Stop(int signal)
    {
        LastSignal = signal;
        Send(signal);
    }

    public void Send(int signal)
    {
        // Without a descriptor (the table is full) there is a moment between look and signal; better than to let the run live.
        if (PidFd < 0 && !Process.Identity.IsAlive)
        {
            return;
        }

        var result = PidFd < 0 ? Libc.Kill(Process.Identity.Pid, signal) : Libc.PidFdSendSignal(PidFd, signal);
        if (result != 0 && Marshal.GetLastPInvokeError() == Libc.EPERM)
        {
            IsForbidden = true;
        }
    }

    public void Dispose()
    {
        if (PidFd >= 0)
        {
            _ = Libc.Close(PidFd);
            PidFd = -1;
        }
    }
}
