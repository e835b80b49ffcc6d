using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>
/// Files that are replaced whole: a reader sees the old content or the new, and after a crash one of both is there. Whoever replaces one holds the lock
/// under which that is done, so the name of what is written aside is always the same, and what a writer left who was killed goes with the next one.
/// </summary>
internal static class DurableFile
{
    /// <summary>What the name of a file ends with that is just being written.</summary>
    public const string Aside = ".new";

    /// <summary>Writes a file aside and renames it into place.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="sync">Whether it must survive a power cut from now on; costs a disk flush.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, bool sync)
    {
        var aside = path + Aside;
        try
        {
            // One that is there may be another user's, and not for us to write.
            File.Delete(aside);
            using (var stream = new FileStream(aside, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
            {
                stream.Write(content);
                if (sync)
                {
                    stream.Flush(flushToDisk: true);
                }
            }

            Sharing.ShareFile(aside);
            File.Move(aside, path, overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(aside);
            throw;
        }

        if (sync)
        {
            SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Reads a file whole. The runtime's shortest way would lock it for that moment.</summary>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static byte[] Read(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var content = new byte[RandomAccess.GetLength(file)];
        var length = 0;
        while (length < content.Length && RandomAccess.Read(file, content.AsSpan(length), length) is var got and > 0)
        {
            length += got;
        }

        return length == content.Length ? content : content[..length];
    }

    /// <summary>Makes the names in a directory survive a power cut.</summary>
    public static void SyncDirectory(string directory)
    {
        var fd = Libc.Open(directory, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            throw Libc.Failed($"The directory '{directory}' cannot be opened", Marshal.GetLastPInvokeError());
        }

        try
        {
            // Some file systems do not sync directories and say EINVAL; there is nothing more that could be done on them.
            _ = Libc.Fsync(fd);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }
}
