using System.Globalization;
using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace TestEngine;

/// <summary>What the engine sees of a terminal, and what it may do to it.</summary>
internal static unsafe partial class Tty
{
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ

    public static void Report(string file)
    {
        var size = stackalloc ushort[4];
        var hasSize = Ioctl(0, GetWindowSize, size) == 0;
        var tty = Libc.Open("/dev/tty", Libc.O_RDWR | Libc.O_CLOEXEC, 0);
        var foreground = tty >= 0 && Libc.TcGetPgrp(tty) == Libc.GetPgrp();
        Streams.Publish(file, string.Create(CultureInfo.InvariantCulture, $"""
            isatty {Libc.IsATty(0)} {Libc.IsATty(1)} {Libc.IsATty(2)}
            size {(hasSize ? size[1] : 0)}x{(hasSize ? size[0] : 0)}
            dev-tty {(tty >= 0 ? "yes" : "no")}
            foreground {(foreground ? "yes" : "no")}

            """));
        if (tty >= 0)
        {
            _ = Libc.Close(tty);
        }
    }

    /// <summary>Leaves the terminal without echo and line editing, as a program does that is killed in the middle.</summary>
    public static void EnterRawMode()
    {
        var modes = stackalloc byte[Libc.OpaqueSize];
        if (Libc.TcGetAttr(0, modes) == 0)
        {
            MakeRaw(modes);
            _ = Libc.TcSetAttr(0, Libc.TCSANOW, modes);
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, ushort* size);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* modes);
}
