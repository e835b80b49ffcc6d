using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The directory under which a project's run worktrees are made, checked.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="ExcludePattern">The line that hides it in <c>info/exclude</c>; null if it lies outside the working tree.</param>
internal sealed record WorktreesDirectory(string Path, string? ExcludePattern)
{
    /// <summary>The name that nobody has to think about, and that costs no look.</summary>
    private const string Default = ".worktrees";

    /// <summary>Where renamed worktrees wait for their deletion; on the same file system, so that the rename is one step.</summary>
    public string Trash => System.IO.Path.Combine(Path, ".trash");

    /// <summary>Resolves and checks <c>worktrees_dir</c>.</summary>
    /// <param name="repository">The project's repository.</param>
    /// <param name="setting">As configured: absolute, or relative to the top of the main worktree (of a bare repository: to the directory that holds it).</param>
    /// <exception cref="WorktreeIsolatorException">It is the repository, an ancestor of it, inside git's own directory, or a symlink leads it away.</exception>
    public static WorktreesDirectory Resolve(Repository repository, string setting)
    {
        var top = repository.WorktreesBase;
        var lexical = System.IO.Path.GetFullPath(System.IO.Path.Combine(top, setting));
        var canonical = CanonicalPath.Of(lexical);
        if (CanonicalPath.IsAtOrBelow(lexical, top) && canonical != lexical)
        {
            throw Wrong(setting, $"it says '{lexical}', but a symbolic link leads it to '{canonical}'");
        }

        if (CanonicalPath.IsAtOrBelow(canonical, repository.CommonDirectory))
        {
            throw Wrong(setting, $"'{canonical}' lies inside git's own directory");
        }

        // A linked worktree may lie beside the new one: a run inside a run does.
        if (canonical == repository.Top)
        {
            throw Wrong(setting, $"it is the repository itself ('{canonical}')");
        }

        foreach (var protectedPath in new[] { repository.MainTop, repository.CommonDirectory })
        {
            if (protectedPath is not null && CanonicalPath.IsAtOrBelow(protectedPath, canonical))
            {
                throw Wrong(
                    setting, canonical == protectedPath ? $"it is the repository itself ('{canonical}')" : $"'{canonical}' is a directory above the repository");
            }
        }

        var inside = repository.MainTop is { } main && CanonicalPath.IsAtOrBelow(canonical, main);
        if (inside && setting != Default && HoldsTrackedFiles(repository, canonical))
        {
            throw Wrong(setting, $"git tracks files in '{canonical}', and hiding the worktrees there would hide your new files, too");
        }

        return new WorktreesDirectory(canonical, inside ? InfoExclude.PatternFor(System.IO.Path.GetRelativePath(repository.MainTop!, canonical)) + "/" : null);
    }

    /// <summary>The same, if nothing else lies where it belongs: that is no mistake in the configuration, and may be over tomorrow.</summary>
    /// <exception cref="WorktreeIsolatorException">It is a file, or one that this user may not read.</exception>
    public WorktreesDirectory RequireFit() => (OwnDirectory.WhyUnfit(Path) ?? OwnDirectory.WhyUnfit(Trash)) is { } unfit ? throw unfit : this;

    private static bool HoldsTrackedFiles(Repository repository, string path) => System.IO.Directory.Exists(path)
        && repository.Git.ReadOnly().Run(["-C", repository.MainTop!, "ls-files", "-z", "--", $":(literal){path}"]).RawOutput.Length > 0;

    private static WorktreeIsolatorException Wrong(string setting, string why) => new(
        FailureKind.Configuration,
        $"worktrees_dir = \"{setting}\" cannot be used: {why}.",
        "Use the default \".worktrees\", or a directory beside the repository such as \"../NAME.worktrees\".");
}
