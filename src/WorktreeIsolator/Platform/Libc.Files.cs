using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>Files whose names are bytes: what a file system holds need not be UTF-8.</summary>
internal static unsafe partial class Libc
{
    public const int O_EXCL = 0x80;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    public static partial int OpenBytes(byte* path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatxOf(int dirFd, byte* path, int flags, uint mask, StatX* result);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true)]
    public static partial nint ReadLink(byte* path, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true)]
    public static partial int SymLink(byte* target, byte* path);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true)]
    public static partial int Unlink(byte* path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    public static partial int MakeDirectory(byte* path, uint mode);
}
