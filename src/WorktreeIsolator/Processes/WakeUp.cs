using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>Lets another thread, such as the one that cancels, wake a poll(2).</summary>
internal sealed unsafe class WakeUp : IDisposable
{
    private readonly Lock _gate = new();

    public WakeUp()
    {
        Fd = Libc.EventFd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (Fd < 0)
        {
            throw Libc.Failed("eventfd", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Readable after <see cref="Set"/>, until <see cref="Clear"/>.</summary>
    public int Fd { get; private set; }

    public void Set()
    {
        ulong one = 1;

        // Signal handlers and cancellation may come late; the number of a closed descriptor may be somebody else's by then.
        lock (_gate)
        {
            _ = Libc.Write(Fd, (byte*)&one, sizeof(ulong));
        }
    }

    public void Clear()
    {
        ulong count;
        _ = Libc.Read(Fd, (byte*)&count, sizeof(ulong));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (Fd >= 0)
            {
                _ = Libc.Close(Fd);
                Fd = -1;
            }
        }
    }
}
