namespace WorktreeIsolator.Platform;

/// <summary>
/// What we make inside a directory that a group may write stays writable for that group, whatever the umask: git does the same in a repository
/// with <c>core.sharedRepository</c>, whose directories say so by their mode.
/// </summary>
internal static class Sharing
{
    private const UnixFileMode OfGroup = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    /// <summary>Makes a directory, and those above it; nothing if it is there.</summary>
    /// <exception cref="WorktreeIsolatorException">Something else is there, or the system refuses.</exception>
    public static void CreateDirectory(string path)
    {
        if (!Directory.Exists(path))
        {
            if (Path.GetDirectoryName(path) is { } parent)
            {
                CreateDirectory(parent);
            }

            Make(path);
        }

        // Also one that is there: who made it may not have come this far yet.
        LikeParent(path, OfGroup | UnixFileMode.SetGroup);
    }

    /// <summary>Gives a file that we have made to the group as well, if its directory is the group's.</summary>
    public static void ShareFile(string path) => LikeParent(path, UnixFileMode.GroupRead | UnixFileMode.GroupWrite);

    private static void Make(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            var why = e is UnauthorizedAccessException ? "this user may not write there" : e.Message.TrimEnd('.');
            throw OwnDirectory.WhyUnfit(path)
                ?? new WorktreeIsolatorException(FailureKind.System, $"The directory '{path}' cannot be made: {why}.", $"ls -ld '{Path.GetDirectoryName(path)}'", e);
        }
    }

    private static void LikeParent(string path, UnixFileMode which)
    {
        try
        {
            var parent = File.GetUnixFileMode(Path.GetDirectoryName(Path.GetFullPath(path))!);
            var mode = File.GetUnixFileMode(path);
            var wanted = mode | (parent & which);
            if (parent.HasFlag(UnixFileMode.GroupWrite) && !parent.HasFlag(UnixFileMode.StickyBit) && wanted != mode)
            {
                File.SetUnixFileMode(path, wanted);
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // It is another user's, who has done so; or it is gone.
        }
    }
}
