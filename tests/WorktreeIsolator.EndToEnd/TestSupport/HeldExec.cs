using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>
/// Keeps a program from being started until it is disposed: whoever does it waits in execve(2), because the test holds a lease on the file (at
/// most /proc/sys/fs/lease-break-time, 45 s).
/// </summary>
internal sealed partial class HeldExec : IDisposable
{
    private const int SetSignal = 10; // F_SETSIG
    private const int SetLease = 1024; // F_SETLEASE
    private const int WriteLease = 1; // F_WRLCK
    private const int GetLease = 1025; // F_GETLEASE: what is left of the lease when those who wait have got the file
    private const int Unlock = 2; // F_UNLCK
    private const int Urgent = 23; // SIGURG: by default ignored; that somebody wants the file is told by SIGIO otherwise, which kills

    private readonly SafeFileHandle _file;

    /// <summary>Takes the lease.</summary>
    /// <param name="program">The file, which nobody has open.</param>
    public HeldExec(string program)
    {
        _file = File.OpenHandle(program, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Control(SetSignal, Urgent);
        Control(SetLease, WriteLease);
    }

    /// <summary>Whether someone waits: it has a session and a group of its own by then.</summary>
    public bool IsWanted => Fcntl(_file, GetLease, 0) != WriteLease;

    /// <summary>Lets those who wait go on.</summary>
    public void Dispose()
    {
        if (!_file.IsClosed)
        {
            Control(SetLease, Unlock);
            _file.Dispose();
        }
    }

    private void Control(int command, int argument)
    {
        if (Fcntl(_file, command, argument) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"fcntl({command}, {argument})");
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeFileHandle file, int command, nint argument);
}
