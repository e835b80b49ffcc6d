using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// The file <c>output.log</c> of a run: what its commands print, in the order in which it comes. After <c>limit</c> bytes it says so and
/// keeps only the last 64 KiB, which it writes when it is disposed. A log that cannot be written does not end a run: it stops, and
/// <see cref="Failure"/> says why. For one thread at a time.
/// </summary>
internal sealed unsafe class OutputLog : IDisposable
{
    /// <summary>The limit if none is given.</summary>
    public const long DefaultLimit = 64L << 20;

    /// <summary>How much of the end is kept of an output that is larger than the limit.</summary>
    public const int TailLength = 64 << 10;

    private readonly string _path;
    private readonly long _limit;
    private byte[]? _tail;
    private long _afterLimit;
    private int _fd;
    private bool _atLineStart = true;

    /// <summary>Opens the file, or makes it, to append to it.</summary>
    /// <param name="path">The file; its directory exists.</param>
    /// <param name="limit">How many bytes of output to log before only the end is kept.</param>
    public OutputLog(string path, long limit = DefaultLimit)
    {
        _path = path;
        _limit = limit;
        _fd = AppendedFile.Open(path, Libc.O_WRONLY);
        if (_fd < 0)
        {
            Fail(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Why logging stopped; null as long as it works.</summary>
    public string? Failure { get; private set; }

    /// <summary>How many bytes of output were logged, without the end of an output that is larger than the limit.</summary>
    public long Logged { get; private set; }

    /// <summary>Adds output of a command.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_tail is null)
        {
            var fits = (int)Math.Min(bytes.Length, _limit - Logged);
            Append(bytes[..fits]);
            Logged += fits;
            bytes = bytes[fits..];
            if (bytes.IsEmpty)
            {
                return;
            }

            _tail = new byte[TailLength];
            Note($"the limit of {Size(_limit)} is reached; of what follows only the last {Size(TailLength)} will be kept");
        }

        AddToTail(bytes);
    }

    /// <summary>Adds a line of wt-run's own, which the limit does not touch.</summary>
    public void Note(string text) => Append(Encoding.UTF8.GetBytes($"{(_atLineStart ? "" : "\n")}[wt-run: {text}]\n"));

    /// <summary>Completes and closes the file.</summary>
    public void Dispose()
    {
        if (_fd < 0)
        {
            return;
        }

        if (_tail is not null)
        {
            WriteTail(_tail);
        }

        Close();
    }

    private static string Size(long bytes) => bytes switch
    {
        >= 1 << 20 when bytes % (1 << 20) == 0 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB"),
        >= 1 << 10 when bytes % (1 << 10) == 0 => string.Create(CultureInfo.InvariantCulture, $"{bytes >> 10} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
    };

    private void AddToTail(ReadOnlySpan<byte> bytes)
    {
        // Only the end of a large piece can survive; the position in the ring follows from the count alone.
        var skipped = Math.Max(0, bytes.Length - TailLength);
        _afterLimit += skipped;
        bytes = bytes[skipped..];
        var position = (int)(_afterLimit % TailLength);
        var first = Math.Min(bytes.Length, TailLength - position);
        bytes[..first].CopyTo(_tail.AsSpan(position));
        bytes[first..].CopyTo(_tail);
        _afterLimit += bytes.Length;
    }

    private void WriteTail(byte[] tail)
    {
        var wrapped = _afterLimit > TailLength;
        var position = (int)(_afterLimit % TailLength);
        var older = wrapped ? tail.AsSpan(position) : tail.AsSpan(0, (int)_afterLimit);
        var newer = wrapped ? tail.AsSpan(0, position) : [];
        var cut = 0;
        while (wrapped && cut < Math.Min(3, older.Length) && (older[cut] & 0xC0) == 0x80)
        {
            cut++; // the rest of a character whose beginning is left out
        }

        Note(string.Create(CultureInfo.InvariantCulture, $"{_afterLimit - older.Length - newer.Length + cut} bytes are left out here"));
        Append(older[cut..]);
        Append(newer);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_fd < 0 || bytes.IsEmpty)
        {
            return;
        }

        _atLineStart = bytes[^1] == (byte)'\n';
        fixed (byte* start = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                var count = Libc.Write(_fd, start + written, (nuint)(bytes.Length - written));
                if (count >= 0)
                {
                    written += (int)count;
                    continue;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != Libc.EINTR)
                {
                    Fail(errno);
                    return;
                }
            }
        }
    }

    private void Fail(int errno)
    {
        Failure = $"The output is not logged any more: '{_path}': {Libc.ErrorText(errno)}.";
        Close();
    }

    private void Close()
    {
        if (_fd >= 0)
        {
            _ = Libc.Close(_fd);
            _fd = -1;
        }
    }
}
