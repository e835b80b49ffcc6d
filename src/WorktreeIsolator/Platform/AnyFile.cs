using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WorktreeIsolator.Platform;

/// <summary>
/// What has to be done to files whose names git gives us, and which may be any bytes (<see cref="ByteText"/>): .NET's own paths are UTF-8, and a name
/// that is not cannot even be opened by them. What is asked for is the link itself, where a name is one.
/// </summary>
internal static unsafe class AnyFile
{
    private const int TypeMask = 0xf000, DirectoryType = 0x4000, RegularType = 0x8000;
    private const int LongestLink = 4096;
    private const int ReadPermission = 4; // R_OK

    /// <summary>Whether there is anything of this name: a file, a directory, a link that leads nowhere.</summary>
    public static bool Exists(string path) => TryStat(path, out _);

    /// <summary>Whether this is a directory, and no link to one.</summary>
    public static bool IsDirectory(string path) => TryStat(path, out var stat) && (stat.Mode & TypeMask) == DirectoryType;

    /// <summary>In bytes; 0 for whatever is no regular file.</summary>
    public static long LengthOf(string path) => TryStat(path, out var stat) && (stat.Mode & TypeMask) == RegularType ? (long)stat.Size : 0;

    /// <summary>The user whom it belongs to; null if there is nothing.</summary>
    public static uint? OwnerOf(string path) => TryStat(path, out var stat) ? stat.Uid : null;

    /// <summary>Whether we may read it, if it is a regular file.</summary>
    public static bool IsReadable(string path) =>
        !TryStat(path, out var stat) || (stat.Mode & TypeMask) != RegularType || Libc.Access(path, ReadPermission) == 0;

    /// <summary>All of a file.</summary>
    public static byte[] ReadAllBytes(string path)
    {
        using var file = new FileStream(Open(path, Libc.O_RDONLY, 0, "cannot be read"), FileAccess.Read, bufferSize: 0);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Where a symbolic link leads, as it is written in it; null if the path is none.</summary>
    public static string? LinkTarget(string path)
    {
        var buffer = stackalloc byte[LongestLink];
        var length = Libc.ReadLink(path, buffer, LongestLink);
        return length < 0 ? null : ByteText.Decode(new ReadOnlySpan<byte>(buffer, (int)length));
    }

    /// <summary>
    /// Copies a file with its mode and time, or a symbolic link as it is. Directories above the copy are made, what is in its place is replaced.
    /// </summary>
    /// <returns>How many bytes the copy holds.</returns>
    /// <exception cref="WorktreeIsolatorException">It is neither a file nor a link, or a system call refuses.</exception>
    /// <exception cref="IOException">It cannot be read to its end, or the disk is full.</exception>
    public static long Copy(string source, string target)
    {
        CreateDirectory(Path.GetDirectoryName(target)!);
        if (Libc.Unlink(target) != 0 && Marshal.GetLastPInvokeError() is var error and not Libc.ENOENT)
        {
            throw Libc.Failed($"'{target}' cannot be replaced", error);
        }

        if (LinkTarget(source) is { } link)
        {
            _ = Require(Libc.Symlink(link, target), target, "cannot be made");
            return 0;
        }

        if (!TryStat(source, out var stat) || (stat.Mode & TypeMask) != RegularType)
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"'{source}' is neither a file nor a link.");
        }

        if (ByteText.IsUtf8(source) && ByteText.IsUtf8(target))
        {
            // Shares the blocks where the file system can.
            File.Copy(source, target);
        }
        else
        {
            CopyContent(source, target);
        }

        return (long)stat.Size;
    }

    /// <summary>Deletes a file or a link if that is possible: for what is only litter if it stays.</summary>
    /// <returns>Whether there is none of this name now.</returns>
    public static bool TryDelete(string path) => Libc.Unlink(path) == 0 || Marshal.GetLastPInvokeError() == Libc.ENOENT;

    /// <summary>Deletes a file or a link, and then every directory above it that is empty now.</summary>
    /// <param name="path">What to delete.</param>
    /// <param name="top">A directory above it, which stays.</param>
    public static void DeleteUpTo(string path, string top)
    {
        _ = Require(Libc.Unlink(path), path, "cannot be deleted");
        for (var directory = Path.GetDirectoryName(path)!; directory.Length > top.Length && Libc.RemoveDirectory(directory) == 0;)
        {
            directory = Path.GetDirectoryName(directory)!;
        }
    }

    private static void CopyContent(string source, string target)
    {
        const uint OnlyForUs = 0x180;
        using var from = new FileStream(Open(source, Libc.O_RDONLY, 0, "cannot be read"), FileAccess.Read, bufferSize: 0);
        using var to = new FileStream(Open(target, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, OnlyForUs, "cannot be made"), FileAccess.Write, bufferSize: 0);
        from.CopyTo(to);
        File.SetUnixFileMode(to.SafeFileHandle, File.GetUnixFileMode(from.SafeFileHandle));
        File.SetLastWriteTimeUtc(to.SafeFileHandle, File.GetLastWriteTimeUtc(from.SafeFileHandle));
    }

    private static void CreateDirectory(string path)
    {
        const uint ForAll = 0x1ff;
        if (Libc.MakeDirectory(path, ForAll) == 0 || Marshal.GetLastPInvokeError() is not (var error and not Libc.EEXIST))
        {
            return;
        }

        if (error != Libc.ENOENT)
        {
            throw Libc.Failed($"'{path}' cannot be made", error);
        }

        CreateDirectory(Path.GetDirectoryName(path)!);
        _ = Require(Libc.MakeDirectory(path, ForAll), path, "cannot be made");
    }

    private static SafeFileHandle Open(string path, int flags, uint mode, string otherwise) =>
        new(Require(Libc.Open(path, flags | Libc.O_CLOEXEC, mode), path, otherwise), ownsHandle: true);

    private static bool TryStat(string path, out Libc.StatX stat)
    {
        const int AtFdCwd = -100;
        const int AtSymlinkNoFollow = 0x100;
        const uint BasicStats = 0x7ff;
        fixed (Libc.StatX* result = &stat)
        {
            return Libc.Statx(AtFdCwd, path, AtSymlinkNoFollow, BasicStats, result) == 0;
        }
    }

    private static int Require(int result, string path, string otherwise) =>
        result >= 0 ? result : throw Libc.Failed($"'{path}' {otherwise}", Marshal.GetLastPInvokeError());
}
