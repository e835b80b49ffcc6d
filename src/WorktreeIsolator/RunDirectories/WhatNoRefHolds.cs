using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.RunDirectories;

/// <summary>Finds what a worktree holds and no ref of its repository can keep: then it has to stay. Each answer is a clause with "it".</summary>
internal sealed class WhatNoRefHolds(Repository repository, RegisteredWorktree worktree, GitCommand git)
{
    /// <summary>In files that are not committed.</summary>
    /// <param name="status">The status.</param>
    /// <param name="around">Directories that have files of the worktree in them and a <c>.git</c> of their own, which git passes over.</param>
    public static string? In(WorktreeStatus status, IReadOnlyCollection<string> around)
    {
        if (status.NestedRepositories.Count + around.Count > 0)
        {
            return $"it holds repositories of their own, which no ref can keep: {string.Join(", ", status.NestedRepositories.Concat(around))}";
        }

        return status.DirtySubmodules.Count > 0
            ? $"it holds submodules with changes of their own, which no ref can keep: {string.Join(", ", status.DirtySubmodules)}"
            : null;
    }

    /// <summary>Files that git could not look at: whether they belong to the work nobody can say.</summary>
    public string? Unreadable(WorktreeStatus status)
    {
        var what = status.Unreadable ?? status.Untracked.Concat(status.Changed).FirstOrDefault(path => !AnyFile.IsReadable(Path.Combine(worktree.Path, path)));
        return what is null ? null : $"git cannot read all of it ({what})";
    }

    /// <summary>In files that git does not know: more than may be put into the repository.</summary>
    /// <param name="status">The status.</param>
    /// <param name="limit">In bytes.</param>
    public string? TooMuch(WorktreeStatus status, long limit)
    {
        long bytes = 0;
        foreach (var path in status.Untracked)
        {
            bytes += AnyFile.LengthOf(Path.Combine(worktree.Path, path));
        }

        return bytes <= limit ? null : $"its untracked files, {ByteSize.Format(bytes)}, are more than rescue_limit allows ({ByteSize.Format(limit)})";
    }

    /// <summary>Repositories that the engine committed: git keeps no more of one than the id of its commit.</summary>
    /// <param name="tip">The run's work.</param>
    public string? In(CommitId tip)
    {
        var paths = tip == worktree.Base
            ? []
            : TreeChange.Between(git, worktree.Base, tip).Where(change => change.IsRepository && IsRepository(change.Path)).Select(change => change.Path).ToList();
        return paths.Count == 0 ? null : $"it holds repositories of their own, which no ref can keep: {string.Join(", ", paths)}";
    }

    /// <summary>
    /// Submodules whose commits are in no remote branch of theirs: a worktree has repositories of its own for them, in its admin directory.
    /// </summary>
    public string? InSubmodules()
    {
        var paths = Submodules().Where(HasCommitsOfItsOwn).Select(path => Path.GetRelativePath(Modules, path)).ToList();
        return paths.Count == 0 ? null : $"it holds commits in submodules that were not pushed, which no ref here can keep: {string.Join(", ", paths)}";
    }

    /// <summary>
    /// The commands, one for each such submodule, that push what is only there, on branches that nobody else has; after them <see cref="InSubmodules"/>
    /// finds nothing. They work from any directory, also when that of the submodule is gone.
    /// </summary>
    /// <param name="runId">The run, for names of branches.</param>
    public IReadOnlyList<string> PushCommands(string runId) =>
    [
        .. from path in Submodules()
           let tips = TipsOfItsOwn(path)
           where tips.Count > 0
           let refs = tips.Select((tip, i) => $"{tip}:refs/heads/wt/{runId}{(i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{i + 1}"))}")
           select $"git --git-dir={ShellWords.Quoted(path)} --work-tree=. push {ShellWords.Quoted(RemoteOf(path))} {string.Join(' ', refs)}",
    ];

    private string Modules => Path.Combine(worktree.AdminDirectory, "modules");

    private IEnumerable<string> Submodules() => Directory.Exists(Modules) ? Repositories(Modules) : [];

    /// <summary>A submodule's .git is a file that names a directory among the modules, where <see cref="InSubmodules"/> looks.</summary>
    private bool IsRepository(string path)
    {
        var file = Path.Combine(worktree.Path, path, ".git");
        return AnyFile.IsDirectory(file)
            || (AnyFile.Exists(file) && GitFile.ReadAdminDirectory(Path.Combine(worktree.Path, path)) is var named
                && named?.StartsWith(worktree.AdminDirectory + "/modules/", StringComparison.Ordinal) != true);
    }

    private static IEnumerable<string> Repositories(string directory)
    {
        foreach (var path in Directory.EnumerateDirectories(directory))
        {
            if (!File.Exists(Path.Combine(path, "HEAD")))
            {
                // The name of a submodule may have slashes in it.
                foreach (var inner in Repositories(path))
                {
                    yield return inner;
                }

                continue;
            }

            yield return path;
            var nested = Path.Combine(path, "modules");
            foreach (var inner in Directory.Exists(nested) ? Repositories(nested) : [])
            {
                yield return inner;
            }
        }
    }

    private bool HasCommitsOfItsOwn(string gitDirectory) => ListOwn(gitDirectory, ["--max-count=1"]) is not { Succeeded: true, Output: "" };

    /// <summary>Those from which all others can be reached: no other one has them for a parent.</summary>
    private List<string> TipsOfItsOwn(string gitDirectory) =>
    [
        .. ListOwn(gitDirectory, ["--children"]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains(' ', StringComparison.Ordinal)),
    ];

    /// <summary>The commits that this worktree began with may be on no branch of the remote, but they came from there.</summary>
    private GitResult ListOwn(string gitDirectory, IReadOnlyList<string> options)
    {
        var recorded = git.ReadOnly().Run(["ls-tree", "-r", "-z", worktree.Base.ToString()]).Fields
            .Where(entry => entry.StartsWith("160000 ", StringComparison.Ordinal)).Select(entry => "^" + entry.Split(' ', '\t')[2]);
        return InModule(gitDirectory).WithInput(string.Join('\n', recorded) + "\n").Try(
            ["rev-list", "--ignore-missing", .. options, "--stdin", "HEAD", "--branches", "--glob=refs/stash*", "--reflog", "--not", "--remotes"]);
    }

    private string RemoteOf(string gitDirectory) => InModule(gitDirectory).Try(["remote"]).Output.Split('\n') is [{ Length: > 0 } remote, ..] ? remote : "origin";

    /// <summary>Its own configuration names the submodule's directory, which may be gone.</summary>
    private GitCommand InModule(string gitDirectory) => repository.Git.At(gitDirectory).ForWorktree(gitDirectory, gitDirectory).ReadOnly();
}
