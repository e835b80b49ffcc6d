using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>Files whose names are bytes: what a file system holds need not be UTF-8.</summary>
internal static unsafe partial class Libc
{
    public const int O_EXCL = 0x80;

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial nint ReadLink(string path, byte* target, nuint size);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial int Symlink(string target, string path);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshallingCustomType = typeof(ByteTextMarshaller))]
    public static partial int RemoveDirectory(string path);
}
