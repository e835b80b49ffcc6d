using System.Runtime.InteropServices;
using System.Text;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>
/// Standard output and error as plain descriptors. Not <c>System.Console</c>: its first write takes over the terminal (signals, modes, key
/// codes), which is the engine's, and it hides that a reader has gone.
/// </summary>
internal static partial class StandardStreams
{
    /// <summary>Standard output; an <see cref="IOException"/> if its reader has gone.</summary>
    public static StandardStream Out { get; } = new(1);

    /// <summary>Standard error; if nobody reads it, nothing happens.</summary>
    public static StandardStream Error { get; } = new(2);

    /// <summary>Whether standard input is a terminal.</summary>
    public static bool InputIsTerminal => IsATty(0) == 1;

    /// <summary>All of standard input.</summary>
    public static byte[] ReadInput()
    {
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(0, ownsHandle: false);
        using var input = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        return bytes.ToArray();
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsATty(int fd);

    /// <summary>One of the two.</summary>
    internal sealed unsafe partial class StandardStream(int fd)
    {
        private const int Interrupted = 4;
        private const int TryAgain = 11;
        private const short Writable = 4;
        private const nuint GetWindowSize = 0x5413;

        /// <summary>Whether a person sees it at once.</summary>
        public bool IsTerminal { get; } = IsATty(fd) == 1;

        /// <summary>How many columns the terminal has; 0 if that is unknown.</summary>
        public int Width => Size.Columns;

        /// <summary>How many rows the terminal has; 0 if that is unknown.</summary>
        public int Height => Size.Rows;

        private (int Rows, int Columns) Size
        {
            get
            {
                var size = stackalloc ushort[4];
                return Ioctl(fd, GetWindowSize, size) == 0 ? (size[0], size[1]) : default;
            }
        }

        public void WriteText(string text) => Write(Encoding.UTF8.GetBytes(text));

        /// <summary>Writes all of it.</summary>
        /// <exception cref="IOException">It cannot be written, as the reader has gone or the disk is full.</exception>
        public void Write(ReadOnlySpan<byte> bytes)
        {
            fixed (byte* start = bytes)
            {
                for (var written = 0; written < bytes.Length;)
                {
                    var count = Write(fd, start + written, (nuint)(bytes.Length - written));
                    if (count >= 0)
                    {
                        written += (int)count;
                        continue;
                    }

                    var errno = Marshal.GetLastPInvokeError();
                    if (errno == TryAgain)
                    {
                        // Whoever we share it with made it non-blocking.
                        var ready = new PollFd { Fd = fd, Events = Writable };
                        _ = Poll(&ready, 1, -1);
                    }
                    else if (errno != Interrupted)
                    {
                        throw new IOException($"Standard {(fd == 1 ? "output" : "error")} cannot be written: {Marshal.GetPInvokeErrorMessage(errno)}.");
                    }
                }
            }
        }

        /// <summary>Writes all of it, or nothing happens: for what is said to a person who may have gone.</summary>
        public void TryWriteText(string text) => TryWrite(Encoding.UTF8.GetBytes(text));

        /// <inheritdoc cref="TryWriteText"/>
        public void TryWrite(ReadOnlySpan<byte> bytes)
        {
            try
            {
                Write(bytes);
            }
            catch (IOException)
            {
                // There is nobody left to tell it to.
            }
        }

        [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
        private static partial nint Write(int fd, byte* bytes, nuint count);

        [LibraryImport("libc", EntryPoint = "poll")]
        private static partial int Poll(PollFd* fds, nuint count, int milliseconds);

        [LibraryImport("libc", EntryPoint = "ioctl")]
        private static partial int Ioctl(int fd, nuint request, ushort* size);

        [StructLayout(LayoutKind.Sequential)]
        private struct PollFd
        {
            public int Fd;
            public short Events;
            public short Revents;
        }
    }
}
