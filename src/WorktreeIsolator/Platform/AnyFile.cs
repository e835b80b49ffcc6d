using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WorktreeIsolator.Platform;

/// <summary>What has to be done to files whose names git gives us, and which may be any bytes (<see cref="ByteText"/>); nothing here follows a symbolic link.</summary>
internal static unsafe class AnyFile
{
    private const int LinkLimit = 4096;

    /// <summary>Whether there is anything of this name: a file, a directory, a link that leads nowhere.</summary>
    public static bool Exists(string path) => TryStat(path, out _);

    /// <summary>Where a symbolic link leads, as it is written in it; null if the path is none.</summary>
    public static string? LinkTarget(string path)
    {
        var buffer = stackalloc byte[LinkLimit];
        var length = Libc.ReadLink(path, buffer, LinkLimit);
        return length < 0 ? null : ByteText.Decode(new ReadOnlySpan<byte>(buffer, (int)length));
    }

    /// <summary>Copies a file with its mode, or a symbolic link as it is; makes the directories that are missing.</summary>
    /// <param name="source">What to copy.</param>
    /// <param name="target">A name that is free.</param>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static void Copy(string source, string target)
    {
        CreateDirectory(Path.GetDirectoryName(target)!);
        if (LinkTarget(source) is { } link)
        {
            Check(Libc.Symlink(link, target), target);
        }
        else if (ByteText.IsUtf8(source) && ByteText.IsUtf8(target))
        {
            // Shares the blocks where the file system can.
            File.Copy(source, target);
        }
        else
        {
            CopyContent(source, target);
        }
    }

    /// <summary>Deletes a file or a link, and then every directory above it that is empty now.</summary>
    /// <param name="path">What to delete.</param>
    /// <param name="top">A directory above it, which stays.</param>
    public static void DeleteUpTo(string path, string top)
    {
        Check(Libc.Unlink(path), path);
        for (var directory = Path.GetDirectoryName(path)!; directory.Length > top.Length && Libc.RemoveDirectory(directory) == 0;)
        {
            directory = Path.GetDirectoryName(directory)!;
        }
    }

    private static void CopyContent(string source, string target)
    {
        if (!TryStat(source, out var mode))
        {
            throw new FileNotFoundException($"'{source}' is gone.", source);
        }

        using var from = new FileStream(Open(source, Libc.O_RDONLY, 0), FileAccess.Read);
        using var to = new FileStream(Open(target, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, mode), FileAccess.Write);
        from.CopyTo(to);
        File.SetUnixFileMode(to.SafeFileHandle, (UnixFileMode)mode);
    }

    private static void CreateDirectory(string path)
    {
        if (Exists(path))
        {
            return;
        }

        CreateDirectory(Path.GetDirectoryName(path)!);
        const uint Everything = 0x1FF;
        if (Libc.MakeDirectory(path, Everything) != 0 && Marshal.GetLastPInvokeError() is var error and not Libc.EEXIST)
        {
            throw Failed(path, error);
        }
    }

    private static SafeFileHandle Open(string path, int flags, uint mode) =>
        new(Check(Libc.Open(path, flags | Libc.O_CLOEXEC, mode), path), ownsHandle: true);

    private static bool TryStat(string path, out uint mode)
    {
        const int AtFdCwd = -100;
        const int AtSymlinkNoFollow = 0x100;
        const uint StatxMode = 2;
        const uint Permissions = 0xFFF;
        Libc.StatX stat;
        var found = Libc.Statx(AtFdCwd, path, AtSymlinkNoFollow, StatxMode, &stat) == 0;
        mode = found ? stat.Mode & Permissions : 0;
        return found;
    }

    private static int Check(int result, string path) => result >= 0 ? result : throw Failed(path, Marshal.GetLastPInvokeError());

    private static IOException Failed(string path, int error) => new($"'{path}': {Libc.ErrorText(error)}.");
}
