using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace WorktreeIsolator.Platform;

/// <summary>
/// Copies files whose names may be any bytes: .NET's own paths are UTF-8, and a name that is not cannot even be opened by them. A symbolic
/// link is copied as a link, never followed.
/// </summary>
internal static unsafe class FileCopy
{
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xf000, RegularFile = 0x8000, SymbolicLink = 0xa000;
    private const int LongestLink = 4096;

    /// <summary>Copies one file or link, with its mode and time; directories above the copy are made, what is in its place is replaced.</summary>
    /// <param name="fromDirectory">Absolute path.</param>
    /// <param name="toDirectory">Absolute path; it exists.</param>
    /// <param name="name">Below both, with slashes; the bytes that the file system has.</param>
    /// <returns>How many bytes were copied.</returns>
    /// <exception cref="WorktreeIsolatorException">It cannot be read or written, or is neither a file nor a link.</exception>
    /// <exception cref="IOException">It cannot be read to its end, or the disk is full.</exception>
    public static long Copy(string fromDirectory, string toDirectory, ReadOnlySpan<byte> name)
    {
        var from = PathOf(fromDirectory, name);
        var to = PathOf(toDirectory, name);
        fixed (byte* source = from, target = to)
        {
            Libc.StatX stat;
            Require(Libc.StatxOf(AtFdCwd, source, AtSymlinkNoFollow, BasicStats, &stat), name, "cannot be looked at");
            MakeDirectoriesAbove(to, Encoding.UTF8.GetByteCount(toDirectory), name);
            if (Libc.Unlink(target) != 0 && Marshal.GetLastPInvokeError() != Libc.ENOENT)
            {
                throw Libc.Failed($"The earlier copy of '{Shown(name)}' cannot be replaced", Marshal.GetLastPInvokeError());
            }

            return (stat.Mode & TypeMask) switch
            {
                RegularFile => CopyFile(source, target, name),
                SymbolicLink => CopyLink(source, target, name),
                _ => throw new WorktreeIsolatorException(FailureKind.System, $"'{Shown(name)}' is neither a file nor a link."),
            };
        }
    }

    /// <summary>A name as people read it.</summary>
    public static string Shown(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);

    private static long CopyFile(byte* source, byte* target, ReadOnlySpan<byte> name)
    {
        const uint onlyForUs = 0x180;
        var input = Require(Libc.OpenBytes(source, Libc.O_RDONLY | Libc.O_CLOEXEC, 0), name, "cannot be read");
        using var reader = new FileStream(new SafeFileHandle(input, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        var output = Require(
            Libc.OpenBytes(target, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_CLOEXEC, onlyForUs), name, "cannot be copied");
        using var writer = new FileStream(new SafeFileHandle(output, ownsHandle: true), FileAccess.Write, bufferSize: 0);
        reader.CopyTo(writer);
        File.SetUnixFileMode(writer.SafeFileHandle, File.GetUnixFileMode(reader.SafeFileHandle));
        File.SetLastWriteTimeUtc(writer.SafeFileHandle, File.GetLastWriteTimeUtc(reader.SafeFileHandle));
        return writer.Position;
    }

    private static long CopyLink(byte* source, byte* target, ReadOnlySpan<byte> name)
    {
        var destination = stackalloc byte[LongestLink + 1];
        var length = Require((int)Libc.ReadLink(source, destination, LongestLink), name, "cannot be read");
        destination[length] = 0;
        Require(Libc.SymLink(destination, target), name, "cannot be copied");
        return 0;
    }

    private static void MakeDirectoriesAbove(byte[] path, int root, ReadOnlySpan<byte> name)
    {
        const uint forAll = 0x1ff;
        fixed (byte* start = path)
        {
            for (var i = root + 1; i < path.Length; i++)
            {
                if (path[i] == (byte)'/')
                {
                    path[i] = 0;
                    var failed = Libc.MakeDirectory(start, forAll) != 0 && Marshal.GetLastPInvokeError() != Libc.EEXIST;
                    path[i] = (byte)'/';
                    Require(failed ? -1 : 0, name, "cannot be copied");
                }
            }
        }
    }

    /// <summary>A null-terminated path.</summary>
    private static byte[] PathOf(string directory, ReadOnlySpan<byte> name) => [.. Encoding.UTF8.GetBytes(directory), (byte)'/', .. name, 0];

    private static int Require(int result, ReadOnlySpan<byte> name, string what) =>
        result >= 0 ? result : throw Libc.Failed($"'{Shown(name)}' {what}", Marshal.GetLastPInvokeError());
}
