using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace WorktreeIsolator.Platform;

/// <summary>
/// flock(2) on one file: the kernel frees it when the holder ends, however it ends, and flock(1) takes part. The file is opened
/// read-only if another user owns it, is close-on-exec, and is never unlinked. Its text only names the holder for people.
/// Disposing releases; twice is harmless.
/// </summary>
/// <remarks>
/// Nobody may open a lock file through .NET with <see cref="FileShare.Read"/> or <see cref="FileShare.None"/>: the runtime takes a
/// flock of its own then.
/// </remarks>
internal sealed unsafe class FileLock : IDisposable
{
    private int _fd;

    private FileLock(string path, int fd)
    {
        Path = path;
        _fd = fd;
    }

    public string Path { get; }

    /// <summary>Takes the lock if it is free; null if someone holds it.</summary>
    public static FileLock? TryAcquire(string path, bool shared = false)
    {
        while (true)
        {
            var fd = Open(path);
            if (Libc.Flock(fd, (shared ? Libc.LOCK_SH : Libc.LOCK_EX) | Libc.LOCK_NB) != 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                _ = Libc.Close(fd);
                return errno switch
                {
                    Libc.EAGAIN => null,
                    Libc.EINTR => TryAcquire(path, shared),
                    _ => throw Libc.Failed($"flock on '{path}'", errno, "wt-run needs a file system on which flock(2) works."),
                };
            }

            // A lock on a file that was unlinked or replaced in between protects nothing.
            if (IsStillAt(fd, path))
            {
                return new FileLock(path, fd);
            }

            _ = Libc.Close(fd);
        }
    }

    /// <summary>Whether nobody holds a lock on a file, or nothing is there; nothing is made.</summary>
    public static bool IsFree(string path)
    {
        var fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno == Libc.ENOENT ? true : throw Libc.Failed($"The lock file '{path}' cannot be opened", errno);
        }

        // Shared, so that two that only look do not take each other for the holder.
        var taken = Libc.Flock(fd, Libc.LOCK_SH | Libc.LOCK_NB) == 0;
        Release(fd);
        return taken;
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="longestPause">How long a free lock may go unnoticed at most: short for locks held for milliseconds.</param>
    /// <param name="shared">Whether others may share it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Null if the time was over.</returns>
    public static FileLock? Acquire(
        string path, TimeSpan timeout, TimeSpan longestPause, bool shared = false, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var pause = 0.5;
        while (true)
        {
            if (TryAcquire(path, shared) is { } taken)
            {
                return taken;
            }

            var remaining = timeout - clock.Elapsed;
            if (remaining <= TimeSpan.Zero)
            {
                return null;
            }

            // Jitter keeps waiters that began together from asking together for ever.
            pause = Math.Min(pause * (1.3 + (0.4 * Random.Shared.NextDouble())), longestPause.TotalMilliseconds);
            Waiting.Pause(TimeSpan.FromMilliseconds(Math.Min(pause, Math.Max(1, remaining.TotalMilliseconds))), cancellation);
        }
    }

    /// <summary>Refuses to go on where flock does not work: runs would collide. Lets go of the lock then.</summary>
    /// <exception cref="WorktreeIsolatorException">A second open of the file got the lock, too.</exception>
    /// <param name="directory">What the message names; null for the directory of the file.</param>
    public void RequireToExclude(string? directory = null)
    {
        if (Excludes())
        {
            return;
        }

        Dispose();
        throw new WorktreeIsolatorException(
            FailureKind.System,
            $"flock(2) does not work on the file system of '{directory ?? System.IO.Path.GetDirectoryName(Path)}': two processes can hold the same lock.",
            "Move the repository to a local file system, or mount it with working locks.");
    }

    /// <summary>Whether flock works where this lock lies: a second open of its file must not get it.</summary>
    public bool Excludes()
    {
        var fd = Open(Path);
        var taken = Libc.Flock(fd, Libc.LOCK_EX | Libc.LOCK_NB) == 0;
        _ = Libc.Close(fd);
        return !taken;
    }

    /// <summary>Writes who holds the lock, for people; a file that another user owns keeps its text.</summary>
    public void Describe(string holder)
    {
        var bytes = Encoding.UTF8.GetBytes(holder + "\n");
        fixed (byte* start = bytes)
        {
            if (Libc.FTruncate(_fd, 0) == 0)
            {
                _ = Libc.PWrite(_fd, start, (nuint)bytes.Length, 0);
            }
        }
    }

    /// <summary>Reads what <see cref="Describe"/> wrote, as much of it as there is room for; nothing is made on the heap.</summary>
    /// <returns>How many bytes; 0 if nothing is there, or it cannot be read.</returns>
    public static int ReadText(string path, Span<byte> buffer)
    {
        var fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return 0;
        }

        fixed (byte* start = buffer)
        {
            var length = Libc.Read(fd, start, (nuint)buffer.Length);
            _ = Libc.Close(fd);
            return length > 0 ? (int)length : 0;
        }
    }

    public void Dispose()
    {
        if (_fd >= 0)
        {
            Release(_fd);
            _fd = -1;
        }
    }

    /// <summary>
    /// A child that another thread is just starting has a copy of the descriptor until its execve(2), and with that the lock: to close ours alone would not
    /// free it.
    /// </summary>
    private static void Release(int fd)
    {
        _ = Libc.Flock(fd, Libc.LOCK_UN);
        _ = Libc.Close(fd);
    }

    private static int Open(string path)
    {
        const uint readWriteForAll = 0x1b6;
        var fd = Libc.Open(path, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        if (fd < 0 && Marshal.GetLastPInvokeError() == Libc.ENOENT)
        {
            fd = Libc.Open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_CLOEXEC, readWriteForAll);
            Sharing.ShareFile(path);
            if (fd < 0)
            {
                // Another user made it in between.
                fd = Libc.Open(path, Libc.O_RDWR | Libc.O_CLOEXEC, 0);
            }
        }

        if (fd < 0 && Marshal.GetLastPInvokeError() == Libc.EACCES)
        {
            fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        }

        return fd >= 0 ? fd : throw Libc.Failed($"The lock file '{path}' cannot be opened", Marshal.GetLastPInvokeError());
    }

    private static bool IsStillAt(int fd, string path) =>
        FileIdentity.Of(fd) is { } opened && FileIdentity.Of(path) is { } named && opened == named;
}
