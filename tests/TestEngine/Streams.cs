using System.Text;
using WorktreeIsolator.Platform;

namespace TestEngine;

/// <summary>Standard input and output without Console, whose buffers and terminal settings would be in the way.</summary>
internal static unsafe class Streams
{
    public static void Print(int fd, string text) => Write(fd, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes so many bytes without a newline.</summary>
    public static void Flood(long bytes)
    {
        var block = new byte[64 << 10];
        block.AsSpan().Fill((byte)'x');
        for (var left = bytes; left > 0; left -= block.Length)
        {
            Write(1, block.AsSpan(0, (int)Math.Min(left, block.Length)));
        }
    }

    public static void SaveInput(string file)
    {
        using (var target = File.Create(file + ".new"))
        {
            var buffer = new byte[64 << 10];
            fixed (byte* start = buffer)
            {
                for (nint count; (count = Libc.Read(0, start, (nuint)buffer.Length)) > 0;)
                {
                    target.Write(buffer, 0, (int)count);
                }
            }
        }

        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Makes a file appear with all of its content: whoever waits for it may read it at once.</summary>
    public static void Publish(string file, string content)
    {
        File.WriteAllText(file + ".new", content);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static void Write(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                var count = Libc.Write(fd, start + written, (nuint)(bytes.Length - written));
                if (count < 0)
                {
                    return;
                }

                written += (int)count;
            }
        }
    }
}
