namespace WorktreeIsolator.Platform;

/// <summary>Reads files of <c>/proc</c>, which vanish at any moment and have no length: what cannot be read is empty.</summary>
internal static unsafe class ProcFile
{
    /// <summary>Fills the buffer from the start of the file, with a single read(2): enough for the short files that the kernel makes at once.</summary>
    /// <returns>The number of bytes, 0 if the file is empty, is gone, or may not be read.</returns>
    public static int Read(string path, Span<byte> buffer)
    {
        var fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return 0;
        }

        int length;
        fixed (byte* start = buffer)
        {
            length = (int)Libc.Read(fd, start, (nuint)buffer.Length);
        }

        _ = Libc.Close(fd);
        return Math.Max(length, 0);
    }

    /// <summary>The whole file, whatever its size.</summary>
    public static byte[] ReadWhole(string path)
    {
        var fd = Libc.Open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return [];
        }

        var buffer = new byte[8192];
        var length = Fill(fd, buffer);
        while (length == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 4);
            length += Fill(fd, buffer.AsSpan(length));
        }

        _ = Libc.Close(fd);
        return buffer[..length];
    }

    private static int Fill(int fd, Span<byte> buffer)
    {
        var length = 0;
        fixed (byte* start = buffer)
        {
            while (length < buffer.Length)
            {
                var got = Libc.Read(fd, start + length, (nuint)(buffer.Length - length));
                if (got <= 0)
                {
                    break;
                }

                length += (int)got;
            }
        }

        return length;
    }
}
