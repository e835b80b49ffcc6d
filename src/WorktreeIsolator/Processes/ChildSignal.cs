using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>The disposition of SIGCHLD.</summary>
internal static unsafe class ChildSignal
{
    private static bool _checked;

    /// <summary>
    /// Whoever started us may ignore SIGCHLD, which is inherited: then the kernel reaps our children at once and no exit code is left to
    /// ask for.
    /// </summary>
    public static void RequireExitCodes()
    {
        if (_checked)
        {
            return;
        }

        var action = stackalloc byte[Libc.OpaqueSize];
        if (Libc.SigAction(Libc.SIGCHLD, null, action) == 0 && *(nint*)action == Libc.SIG_IGN)
        {
            _ = Libc.Signal(Libc.SIGCHLD, Libc.SIG_DFL);
        }

        _checked = true;
    }
}
