using WorktreeIsolator.EndToEnd.TestSupport;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>All that belongs to the user, as text: nothing that wt-run does may change it, but for landings on <c>main</c>.</summary>
internal static class UserState
{
    /// <summary>
    /// HEAD, index, files that differ from it, untracked files, stash, and every branch and its commit but <c>main</c>, that of the second worktree,
    /// and those of runs.
    /// </summary>
    public static string Of(TestRepository repository)
    {
        var untracked = repository.Git("ls-files", "--others", "--exclude-standard").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(
            "\n",
            [
                "HEAD: " + repository.TryGit("symbolic-ref", "HEAD").Output.Trim(),
                "status:",
                repository.Git("status", "--porcelain", "--untracked-files=all"),
                "in the index:",
                repository.Git("diff", "--cached", "--no-ext-diff"),
                "in the files:",
                repository.Git("diff", "--no-ext-diff"),
                "untracked:",
                .. untracked.Select(path => $"{path}: {repository.Read(path)}"),
                "stash: " + repository.Git("stash", "list", "--format=%H"),
                "branches:",
                .. repository.Git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads").Split('\n').Where(line =>
                    !line.StartsWith("main ", StringComparison.Ordinal) && !line.StartsWith("second ", StringComparison.Ordinal)
                    && !line.StartsWith("wt/", StringComparison.Ordinal)),
            ]);
    }
}
