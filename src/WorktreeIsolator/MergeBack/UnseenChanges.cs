using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.MergeBack;

/// <summary>
/// What no run may land unseen: a file that wt-run itself placed in its worktree, or a change of what governs the run. Paths are compared
/// here, byte for byte: given to git they would be patterns, and thousands of them more than a command line holds.
/// </summary>
/// <param name="repository">The repository.</param>
/// <param name="worktreeGit">git in the run's worktree.</param>
/// <param name="project">The project.</param>
/// <param name="target">The local branch or remote-tracking ref that the work is to land on; null if it is pushed as it is.</param>
/// <param name="placed">Placed paths, relative to the top.</param>
/// <param name="placedFile">The file that holds them, each with a NUL at its end.</param>
/// <param name="governing">Governing paths, relative to the top.</param>
internal sealed class UnseenChanges(
    Repository repository, GitCommand worktreeGit, ProjectConfig project, string? target, IReadOnlyList<string> placed, string placedFile, IReadOnlyList<string> governing)
{
    private const int MostNames = 10;

    /// <summary>Why the work must not land by itself, and what a person has to do first; null if it may.</summary>
    /// <param name="tip">The work.</param>
    /// <param name="baseCommit">What the run began from.</param>
    /// <param name="branch">The run branch, which holds the work.</param>
    public (string Why, string Hint)? WhyBlocked(CommitId tip, CommitId baseCommit, BranchName branch)
    {
        if (placed.Count == 0 && governing.Count == 0)
        {
            return null;
        }

        var changed = TreeChange.Between(worktreeGit, baseCommit, tip).Select(change => change.Path).ToList();
        var isSquashed = target is not null && project.MergeStyle == MergeStyle.Squash;
        var committed = placed.Count == 0 ? [] : Those(isSquashed ? changed : ChangedInAnyCommit(tip, baseCommit));
        if (committed.Count > 0)
        {
            return (
                $"The run committed what wt-run had placed in its worktree by copy or link: {Names(committed)}.",
                $"Take it out of every commit of the run's branch, in a worktree beside yours:\n{TakeOut(baseCommit, branch)}\nThen:");
        }

        var governed = ChangedForTarget(tip, baseCommit).Where(path => governing.Any(ruling => IsAtOrBelow(path, ruling) || IsAtOrBelow(ruling, path))).ToList();
        return governed.Count == 0
            ? null
            : ($"The run changed what governs it: {Names(governed)}.", "Read the change; if it is right,");
    }

    /// <summary>What the target would get that it does not have: the run may have merged a newer one.</summary>
    private IEnumerable<string> ChangedForTarget(CommitId tip, CommitId baseCommit)
    {
        var common = target is null ? null : CommitId.TryParse(worktreeGit.ReadOnly().Try(["merge-base", target, tip.ToString()]).Output);
        return TreeChange.Between(worktreeGit, common ?? baseCommit, tip).Select(change => change.Path);
    }

    /// <summary>A file that was taken out again lies in the history all the same, for whoever gets it.</summary>
    private string[] ChangedInAnyCommit(CommitId tip, CommitId baseCommit)
    {
        var git = worktreeGit.ReadOnly();
        var known = target is not null && git.Try(["rev-parse", "--verify", "--quiet", target]).Succeeded ? [target] : Array.Empty<string>();
        var commits = git.Run(["rev-list", tip.ToString(), "--not", baseCommit.ToString(), .. known]).Output;

        // -c: of a merge what none of its parents has, so that nothing counts that came from the target.
        return commits.Length == 0
            ? []
            : git.WithInput(commits + "\n").Run(["diff-tree", "--stdin", "-c", "-r", "-z", "--root", "--name-only", "--no-renames", "--no-commit-id"]).Fields;
    }

    private List<string> Those(IReadOnlyList<string> changed)
    {
        var ours = placed.ToHashSet(StringComparer.Ordinal);
        return [.. changed.Where(path => ParentsAndSelf(path).Any(ours.Contains)).Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> ParentsAndSelf(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }
    }

    private static string Names(List<string> paths) =>
        string.Join(", ", paths.Take(MostNames)) + (paths.Count > MostNames ? $" and {paths.Count - MostNames} more" : "");

    private static bool IsAtOrBelow(string path, string ancestor) =>
        path == ancestor || (path.StartsWith(ancestor, StringComparison.Ordinal) && path[ancestor.Length] == '/');

    /// <summary>Not in the user's checkout: to switch there would overwrite the files that were placed, which are ignored. Works from any directory.</summary>
    private string TakeOut(CommitId baseCommit, BranchName branch)
    {
        var here = ShellWords.Quoted(repository.MainTop ?? repository.CommonDirectory);
        var beside = repository.MainTop is { } top ? Path.GetDirectoryName(top) ?? "/" : repository.WorktreesBase;
        var mend = ShellWords.Quoted(Path.Combine(beside, $"mend-{branch.Value.Replace('/', '-')}"));
        return $"git -C {here} worktree add {mend} {ShellWords.Quoted(branch.Value)} && git -C {mend} reset --soft {baseCommit.Abbreviated}"
            + $" && GIT_LITERAL_PATHSPECS=1 git -C {mend} rm -r --quiet --cached --ignore-unmatch --pathspec-file-nul --pathspec-from-file={ShellWords.Quoted(placedFile)}"
            + $" && git -C {mend} commit -m {ShellWords.Quoted($"Work of {branch}")} && git -C {here} worktree remove --force {mend}";
    }
}
