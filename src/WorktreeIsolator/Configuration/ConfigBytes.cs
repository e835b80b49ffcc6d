namespace WorktreeIsolator.Configuration;

/// <summary>Reads the bytes of a configuration file; it may be a pipe, so its length is not known before.</summary>
internal static class ConfigBytes
{
    /// <summary>More than anyone writes, and little enough that a wrong file (<c>/dev/zero</c>) is refused at once.</summary>
    public const int Largest = 8 * 1024 * 1024;

    /// <summary>The whole content.</summary>
    /// <exception cref="WorktreeIsolatorException">There is no such file, it cannot be read, or it is too large.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            var buffer = new byte[4096];
            var length = 0;
            int read;
            while ((read = file.Read(buffer.AsSpan(length))) > 0)
            {
                length += read;
                if (length > Largest)
                {
                    throw Unreadable(path, $"it is larger than {Largest} bytes", "Is it the right file?");
                }

                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
            }

            return buffer[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unreadable(path, "it does not exist", hint: null, e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Directory.Exists(path)
                ? Unreadable(path, "it is a directory", "Name the file itself, such as wt-run.toml in it.", e)
                : Unreadable(path, "permission is denied", "Who owns it, and may you read it?", e);
        }
        catch (IOException e)
        {
            throw Unreadable(path, $"reading it failed ({e.Message})", hint: null, e);
        }
    }

    private static WorktreeIsolatorException Unreadable(string path, string why, string? hint, Exception? cause = null) =>
        new(FailureKind.Configuration, $"The configuration file '{path}' cannot be read: {why}.", hint, cause);
}
