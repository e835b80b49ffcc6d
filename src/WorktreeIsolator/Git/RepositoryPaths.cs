using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>Where the parts of a repository lie, all canonical: no symlink is left in any of them.</summary>
internal sealed record RepositoryPaths(string CommonDirectory, string GitDirectory, string? Top, string? HeadRef)
{
    /// <summary>Whether the working tree is a linked one.</summary>
    public bool IsLinked => CommonDirectory != GitDirectory;

    /// <summary>The main worktree's top if the common directory is its <c>.git</c>; null if that cannot be said from its name.</summary>
    public string? MainTopBesideCommonDirectory =>
        Path.GetFileName(CommonDirectory) == ".git" ? Path.GetDirectoryName(CommonDirectory) : null;

    /// <summary>Reads the lines of rev-parse: common directory, git directory, inside a working tree?, its top.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="head">Full name of the branch that HEAD names; anything else if it names none.</param>
    public static RepositoryPaths Parse(string[] lines, string head) => new(
        CanonicalPath.Of(lines[0]),
        CanonicalPath.Of(lines[1]),
        lines[2] == "true" ? CanonicalPath.Of(lines[3]) : null,
        head.StartsWith("refs/heads/", StringComparison.Ordinal) ? head : null);
}
