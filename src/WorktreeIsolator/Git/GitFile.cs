namespace WorktreeIsolator.Git;

/// <summary>The file <c>.git</c> at the top of a linked worktree.</summary>
internal static class GitFile
{
    private const string Prefix = "gitdir: ";

    /// <summary>The admin directory that it names; null if there is no such file, or something else in its place.</summary>
    public static string? ReadAdminDirectory(string worktree)
    {
        var file = new FileInfo(Path.Combine(worktree, ".git"));
        if (!file.Exists || file.LinkTarget is not null)
        {
            return null;
        }

        var text = File.ReadAllText(file.FullName).TrimEnd('\n');
        return text.StartsWith(Prefix, StringComparison.Ordinal) ? Path.GetFullPath(text[Prefix.Length..], worktree) : null;
    }

    /// <summary>The worktree that an admin directory belongs to; null if it is none.</summary>
    public static string? ReadWorktree(string adminDirectory)
    {
        var file = Path.Combine(adminDirectory, "gitdir");
        return File.Exists(file) ? Path.GetDirectoryName(Path.GetFullPath(File.ReadAllText(file).TrimEnd('\n'), adminDirectory)) : null;
    }
}
