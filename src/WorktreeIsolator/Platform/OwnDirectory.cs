namespace WorktreeIsolator.Platform;

/// <summary>A directory that we make when we need it, and in whose place people or other programs may have put something else.</summary>
internal static class OwnDirectory
{
    private const int ReadAndSearch = 5; // R_OK | X_OK

    /// <summary>Why a path cannot be a directory of ours, with what helps; null if it is one, or nothing is there yet.</summary>
    /// <param name="path">Absolute path.</param>
    public static WorktreeIsolatorException? WhyUnfit(string path)
    {
        if (Directory.Exists(path))
        {
            return Libc.Access(path, ReadAndSearch) == 0 ? null : Unfit($"The directory '{path}' may not be read by this user.", HowToOpen(path));
        }

        if (AnyFile.LinkTarget(path) is { } target)
        {
            return Unfit($"'{path}' is a symbolic link to '{target}', where no directory is.", $"If that is on a disk that is not mounted, mount it. Else take the link away:\nrm '{path}'");
        }

        return AnyFile.Exists(path) ? Unfit($"'{path}' is a file, and wt-run needs a directory there.", $"Move it away:\nmv '{path}' '{path}.aside'") : null;
    }

    /// <summary>Why nothing can be made in a directory of ours, with what helps; null if it can, or it is not there yet.</summary>
    /// <param name="path">Absolute path.</param>
    public static WorktreeIsolatorException? WhyNotWritable(string path) =>
        !Directory.Exists(path) || NearestDirectory.IsWritable(path) ? null : Unfit($"The directory '{path}' cannot be written by this user.", HowToOpen(path));

    private static string HowToOpen(string path) => $"ls -ld '{path}'   # whose it is; chmod or chown by its owner, or root, helps";

    private static WorktreeIsolatorException Unfit(string message, string hint) => new(FailureKind.System, message, hint);
}
