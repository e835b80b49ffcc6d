using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WorktreeIsolator.Platform;

/// <summary>
/// Files that several processes add to: whatever one write brings goes to the end as a whole, wherever that is by then (<c>O_APPEND</c>, which the
/// runtime's own way to append leaves out). In a directory of the group they are the group's.
/// </summary>
internal static class AppendedFile
{
    /// <summary>Opens a file, or makes it.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="access"><see cref="Libc.O_WRONLY"/> or <see cref="Libc.O_RDWR"/>.</param>
    /// <returns>The descriptor; -1, with errno, if that failed.</returns>
    public static int Open(string path, int access)
    {
        const uint ReadableByWhoeverUmaskAllows = 0x1b6; // 0666
        var fd = Libc.Open(path, access | Libc.O_CREAT | Libc.O_APPEND | Libc.O_CLOEXEC, ReadableByWhoeverUmaskAllows);
        if (fd >= 0)
        {
            Sharing.ShareFile(path);
        }

        return fd;
    }

    /// <summary>The same as a stream that can read, too. Where it is does not matter to what it writes (pwrite(2), "BUGS").</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static FileStream OpenStream(string path)
    {
        var fd = Open(path, Libc.O_RDWR);
        return fd >= 0
            ? new FileStream(new SafeFileHandle(fd, ownsHandle: true), FileAccess.ReadWrite, bufferSize: 0)
            : throw new IOException($"'{path}' cannot be written: {Libc.ErrorText(Marshal.GetLastPInvokeError())}.");
    }
}
