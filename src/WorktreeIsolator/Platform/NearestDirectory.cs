namespace WorktreeIsolator.Platform;

/// <summary>What is there of a directory that runs make when they need it.</summary>
internal static class NearestDirectory
{
    private const int WriteAndSearch = 3; // W_OK | X_OK

    /// <summary>The path itself, or what is nearest above it.</summary>
    /// <param name="path">An absolute path.</param>
    public static string Of(string path)
    {
        while (!Path.Exists(path))
        {
            path = Path.GetDirectoryName(path)!;
        }

        return path;
    }

    /// <summary>Whether files and directories can be made there.</summary>
    public static bool IsWritable(string directory) => Libc.Access(directory, WriteAndSearch) == 0;
}
