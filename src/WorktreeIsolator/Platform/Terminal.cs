namespace WorktreeIsolator.Platform;

/// <summary>Our controlling terminal. Where the terminal has gone away (a hangup), nothing here fails; nothing happens.</summary>
internal sealed unsafe class Terminal : IDisposable
{
    private int _fd;

    private Terminal(int fd) => _fd = fd;

    /// <summary>The process group that gets the terminal's input and signals; -1 if there is none.</summary>
    public int ForegroundGroup => Libc.TcGetPgrp(_fd);

    /// <summary>Null if we have none.</summary>
    public static Terminal? OpenControlling()
    {
        var fd = Libc.Open("/dev/tty", Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC, 0);
        return fd < 0 ? null : new Terminal(fd);
    }

    public bool SetForegroundGroup(int group) => WithoutStopping(() => Libc.TcSetPgrp(_fd, group) == 0);

    /// <summary>Echo, line editing and the like, as tcgetattr(3) gives them; null if they cannot be read.</summary>
    public byte[]? ReadModes()
    {
        var modes = new byte[Libc.OpaqueSize];
        fixed (byte* start = modes)
        {
            return Libc.TcGetAttr(_fd, start) == 0 ? modes : null;
        }
    }

    public void WriteModes(byte[] modes) => WithoutStopping(() =>
    {
        // Not "when the output has drained": where Ctrl-S holds it, or nobody reads it, that is never.
        fixed (byte* start = modes)
        {
            return Libc.TcSetAttr(_fd, Libc.TCSANOW, start) == 0;
        }
    });

    public void Dispose()
    {
        if (_fd >= 0)
        {
            _ = Libc.Close(_fd);
            _fd = -1;
        }
    }

    /// <summary>A background process that changes the terminal is stopped by SIGTTOU, unless its thread blocks that.</summary>
    private static bool WithoutStopping(Func<bool> action)
    {
        var blocked = stackalloc byte[Libc.OpaqueSize];
        var before = stackalloc byte[Libc.OpaqueSize];
        _ = Libc.SigEmptySet(blocked);
        _ = Libc.SigAddSet(blocked, Libc.SIGTTOU);
        _ = Libc.PthreadSigmask(Libc.SIG_BLOCK, blocked, before);
        try
        {
            return action();
        }
        finally
        {
            _ = Libc.PthreadSigmask(Libc.SIG_SETMASK, before, null);
        }
    }
}
