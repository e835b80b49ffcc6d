using System.ComponentModel;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>Sees how often a file is opened, which is how a waiter asks for a lock.</summary>
internal sealed unsafe partial class FileOpens : IDisposable
{
    private const int NonBlocking = 0x800; // IN_NONBLOCK
    private const uint Open = 0x20; // IN_OPEN
    private const int EventSize = 16; // struct inotify_event without a name: what is watched is no directory

    private readonly int _fd;
    private int _count;

    /// <summary>Looks from now on.</summary>
    /// <param name="file">The file.</param>
    public FileOpens(string file)
    {
        _fd = InotifyInit(NonBlocking);
        if (_fd < 0 || InotifyAddWatch(_fd, file, Open) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"inotify on '{file}'");
        }
    }

    /// <summary>How often so far; what happens several times before anyone looks may count once.</summary>
    public int Count
    {
        get
        {
            const int most = 64;
            var events = stackalloc byte[most * EventSize];
            if ((int)Libc.Read(_fd, events, most * EventSize) is > 0 and var length)
            {
                _count += length / EventSize;
            }

            return _count;
        }
    }

    public void Dispose() => _ = Libc.Close(_fd);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int InotifyInit(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int InotifyAddWatch(int fd, string path, uint mask);
}
