namespace WorktreeIsolator.Git;

/// <summary>The branches of a repository and what wt-run keeps under refs of its own, at one moment.</summary>
public static class RefNames
{
    /// <summary>Asks git.</summary>
    /// <param name="projectPath">Absolute path of a project, anywhere in its repository.</param>
    /// <param name="environment">The caller's variables, for git.</param>
    /// <returns>Full names; null if there is no repository, or git cannot say.</returns>
    public static IReadOnlySet<string>? TryRead(string projectPath, IReadOnlyDictionary<string, string> environment)
    {
        try
        {
            return Repository.TryOpen(projectPath, environment)?.Git.ReadOnly().Run(["for-each-ref", "--format=%(refname)", "refs/heads", "refs/wt-run"]).Output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        }
        catch (WorktreeIsolatorException)
        {
            return null;
        }
    }
}
