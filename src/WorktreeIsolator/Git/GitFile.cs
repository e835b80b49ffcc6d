namespace WorktreeIsolator.Git;

/// <summary>The file <c>.git</c> at the top of a linked worktree.</summary>
internal static class GitFile
{
    private const string Prefix = "gitdir: ";

    /// <summary>The admin directory that it names; null if there is no such file, or something else in its place.</summary>
    public static string? ReadAdminDirectory(string worktree)
    {
        var file = new FileInfo(Path.Combine(worktree, ".git"));
        return file is { Exists: true, LinkTarget: null } && TryRead(file.FullName) is { } text && text.StartsWith(Prefix, StringComparison.Ordinal)
            ? Path.GetFullPath(text[Prefix.Length..], worktree)
            : null;
    }

    /// <summary>The worktree that an admin directory belongs to; null if it is none.</summary>
    public static string? ReadWorktree(string adminDirectory) =>
        TryRead(Path.Combine(adminDirectory, "gitdir")) is { Length: > 0 } named ? Path.GetDirectoryName(Path.GetFullPath(named, adminDirectory)) : null;

    /// <summary>Null if it is not there: the worktrees of other runs come and go at any moment.</summary>
    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file).TrimEnd('\n');
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
