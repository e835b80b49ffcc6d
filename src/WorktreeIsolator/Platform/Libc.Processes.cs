using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>Signals, sessions and the controlling terminal.</summary>
internal static unsafe partial class Libc
{
    public const int EPERM = 1, ECHILD = 10;

    public const int SIGQUIT = 3, SIGCHLD = 17;

    public const int O_WRONLY = 1, O_NOCTTY = 0x100, O_APPEND = 0x400;

    public const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;

    public const nint SIG_DFL = 0, SIG_IGN = 1;

    public const int SIG_BLOCK = 0, SIG_SETMASK = 2, TCSANOW = 0;

    /// <summary>Time since boot, with the time for which the machine was suspended.</summary>
    public const int CLOCK_BOOTTIME = 7;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    public static partial int ClockGetTime(int clock, long* time);

    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial int ChangeDirectory(string path);

    /// <summary>The signal handler as the kernel knows it; sa_handler is the first field in every C library for 64-bit Linux.</summary>
    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    public static partial int SigAction(int signal, byte* action, byte* old);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    public static partial int PthreadSigmask(int how, byte* set, byte* old);

    [LibraryImport("libc", EntryPoint = "sigaddset")]
    public static partial int SigAddSet(byte* set, int signal);

    /// <summary>Sends a signal to the calling thread: it is delivered before the call returns.</summary>
    [LibraryImport("libc", EntryPoint = "raise", SetLastError = true)]
    public static partial int Raise(int signal);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int TcGetAttr(int fd, byte* modes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int TcSetAttr(int fd, int when, byte* modes);
}
