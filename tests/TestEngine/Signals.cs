using WorktreeIsolator.Platform;

namespace TestEngine;

internal static class Signals
{
    public static void Ignore()
    {
        foreach (var signal in new[] { Libc.SIGHUP, Libc.SIGINT, Libc.SIGTERM })
        {
            _ = Libc.Signal(signal, Libc.SIG_IGN);
        }
    }

    /// <summary>Dies by a signal, even by one that the runtime would turn into an orderly end, or stops by it.</summary>
    public static void Raise(int signal)
    {
        _ = Libc.Signal(signal, Libc.SIG_DFL);
        _ = Libc.Raise(signal);
    }
}
