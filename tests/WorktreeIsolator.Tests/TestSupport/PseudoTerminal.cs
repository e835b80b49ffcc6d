using System.Runtime.InteropServices;
using System.Text;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Tests.TestSupport;

/// <summary>A terminal with a person before it: a pseudo-terminal on which a shell runs, what is typed into it, and what it shows.</summary>
internal sealed unsafe partial class PseudoTerminal : IDisposable
{
    public const char CtrlC = '\x03', CtrlD = '\x04', CtrlZ = '\x1a';

    private const nuint SetWindowSize = 0x5414; // TIOCSWINSZ
    private const int NameLength = 128;

    private readonly int _master;
    private readonly StringBuilder _shown = new();
    private readonly Thread _reader;
    private readonly ChildProcess _shell;

    /// <summary>Starts a program as the leader of a session whose controlling terminal is this one.</summary>
    public PseudoTerminal(ScratchDirectory scratch, int columns, int rows, params string[] argv)
    {
        _master = OpenMaster(Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        var name = stackalloc byte[NameLength];
        if (_master < 0 || Grant(_master) != 0 || Unlock(_master) != 0 || SlaveName(_master, name, NameLength) != 0)
        {
            throw Libc.Failed("posix_openpt", Marshal.GetLastPInvokeError());
        }

        var size = stackalloc ushort[4] { (ushort)rows, (ushort)columns, 0, 0 };
        _ = Ioctl(_master, SetWindowSize, size);
        _reader = new Thread(Read) { IsBackground = true };

        // The first terminal that a session leader opens becomes its controlling terminal.
        var slave = Marshal.PtrToStringUTF8((nint)name)!;
        _shell = ChildProcess.Start(new ChildStart
        {
            Argv = ["/bin/sh", "-c", "exec <\"$0\" >\"$0\" 2>&1; exec \"$@\"", slave, .. argv],
            WorkingDirectory = scratch.Path,
            Environment = TestPrograms.Environment(("PS1", "$ "), ("TERM", "dumb")),
            Group = ChildGroup.OwnSession,
        });
        Eventually.True(() => ForegroundGroup == _shell.Pid, "the session has its terminal");
        _reader.Start();
    }

    public int ShellPid => _shell.Pid;

    public int ForegroundGroup => Libc.TcGetPgrp(_master);

    public string Shown
    {
        get
        {
            lock (_shown)
            {
                return _shown.ToString();
            }
        }
    }

    /// <summary>Echo, line editing and the like. On the master side Linux gives those of the other side.</summary>
    public byte[] Modes
    {
        get
        {
            var modes = new byte[Libc.OpaqueSize];
            fixed (byte* start = modes)
            {
                _ = Libc.TcGetAttr(_master, start);
            }

            return modes;
        }
    }

    public void Type(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
        {
            _ = Libc.Write(_master, start, (nuint)bytes.Length);
        }
    }

    public void Type(char key) => Type(key.ToString());

    public int WaitForEnd() => _shell.Wait();

    public void Dispose()
    {
        _shell.Signal(Libc.SIGKILL);
        _ = _shell.Wait();
        _shell.Dispose();
        _ = _reader.Join(TimeSpan.FromSeconds(5)); // reading fails when the last process has closed the other side
        _ = Libc.Close(_master);
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int fd);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int fd);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int SlaveName(int fd, byte* name, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, ushort* size);

    private void Read()
    {
        var buffer = stackalloc byte[4096];
        for (nint count; (count = Libc.Read(_master, buffer, 4096)) > 0;)
        {
            lock (_shown)
            {
                _shown.Append(Encoding.UTF8.GetString(buffer, (int)count));
            }
        }
    }
}
