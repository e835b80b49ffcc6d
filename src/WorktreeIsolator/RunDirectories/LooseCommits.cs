using System.Text;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Finds commits that only one worktree knows: by its HEAD, its pseudo-refs (MERGE_HEAD, ORIG_HEAD …), the state of a rebase, its own refs
/// (refs/worktree, refs/bisect) or its reflog. They go with the worktree, and git's gc does not look at all of them even while it is there.
/// </summary>
internal static class LooseCommits
{
    private static readonly string[] StateFiles =
    [
        "rebase-merge/orig-head", "rebase-merge/onto", "rebase-merge/stopped-sha", "rebase-merge/amend", "rebase-merge/autostash",
        "rebase-apply/orig-head", "rebase-apply/abort-safety", "rebase-apply/autostash", "sequencer/head", "sequencer/abort-safety",
    ];

    /// <summary>What is still to be done, or was: a line for each commit, <c>pick ID subject</c>, with ids that are abbreviated.</summary>
    private static readonly string[] TodoFiles = ["sequencer/todo", "rebase-merge/git-rebase-todo", "rebase-merge/done"];

    /// <summary>Finds them.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="adminDirectory">The worktree's admin directory.</param>
    /// <param name="branch">The run branch, if where it was before counts too: its reflog goes with it.</param>
    /// <param name="tip">What the run made of its work; null if there is no saying.</param>
    /// <param name="held">Commits that a ref is known to hold: where there are no others, git need not be asked.</param>
    /// <returns>
    /// Those that no ref of the repository reaches and that are no ancestors of each other, in the order in which they were found: the tip first.
    /// </returns>
    public static IReadOnlyList<RescuedCommit> Find(
        Repository repository, string adminDirectory, BranchName? branch, CommitId? tip, params IReadOnlyList<CommitId?> held)
    {
        var candidates = new Dictionary<string, RescuedCommit>(StringComparer.Ordinal);
        foreach (var (source, id) in
            Named(adminDirectory).Prepend(("HEAD", tip?.ToString() ?? ""))
                .Concat(branch is null ? [] : Reflog(Path.Combine(repository.CommonDirectory, "logs", branch.Ref)))
                .Concat(ToDo(repository, adminDirectory)))
        {
            if (CommitId.TryParse(id) is { } commit && id.Trim('0').Length > 0 && !held.Contains(commit))
            {
                candidates.TryAdd(id, new RescuedCommit(source, commit));
            }
        }

        if (candidates.Count == 0)
        {
            return [];
        }

        // --single-worktree: without it --all means the HEADs of all worktrees, too, and this one's is to go.
        var unreached = new HashSet<string>(StringComparer.Ordinal);
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in repository.Git.ReadOnly().WithInput(string.Join('\n', candidates.Keys) + "\n")
            .Run(["rev-list", "--parents", "--ignore-missing", "--stdin", "--single-worktree", "--not", "--all"]).Output.Split('\n'))
        {
            var ids = line.Split(' ');
            unreached.Add(ids[0]);
            parents.UnionWith(ids.Skip(1));
        }

        return [.. candidates.Where(candidate => unreached.Contains(candidate.Key) && !parents.Contains(candidate.Key)).Select(candidate => candidate.Value)];
    }

    private static IEnumerable<(string Source, string Id)> Named(string adminDirectory)
    {
        foreach (var file in Directory.EnumerateFiles(adminDirectory).Where(IsPseudoRef).Concat(StateFiles.Select(file => Path.Combine(adminDirectory, file))))
        {
            foreach (var line in Lines(file))
            {
                yield return (Path.GetRelativePath(adminDirectory, file), line.Split('\t', ' ')[0]);
            }
        }

        foreach (var file in FilesBelow(Path.Combine(adminDirectory, "refs")))
        {
            foreach (var line in Lines(file))
            {
                yield return (Path.GetRelativePath(adminDirectory, file), line);
            }
        }

        foreach (var entry in FilesBelow(Path.Combine(adminDirectory, "logs")).SelectMany(Reflog))
        {
            yield return entry;
        }
    }

    /// <summary>Reads <c>OLD NEW Name &lt;address&gt; time zone\tmessage</c>.</summary>
    private static IEnumerable<(string Source, string Id)> Reflog(string file)
    {
        foreach (var line in Lines(file))
        {
            var fields = line.Split(' ', 3);
            yield return ("reflog", fields[0]);
            yield return ("reflog", fields.Length > 1 ? fields[1] : "");
        }
    }

    private static List<(string Source, string Id)> ToDo(Repository repository, string adminDirectory)
    {
        var found = new List<(string Source, string Id)>();
        foreach (var file in TodoFiles)
        {
            foreach (var line in Lines(Path.Combine(adminDirectory, file)))
            {
                // "fixup -C ID subject" and "merge -C ID label" have an option in between.
                var id = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).FirstOrDefault(word => word is not ("-C" or "-c"));
                if (id is { Length: >= 4 } && id.All(char.IsAsciiHexDigit))
                {
                    found.Add((file, repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", $"{id}^{{commit}}"]).Output));
                }
            }
        }

        return found;
    }

    private static IEnumerable<string> FilesBelow(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories) : [];

    /// <summary>HEAD, ORIG_HEAD, MERGE_HEAD, CHERRY_PICK_HEAD, REBASE_HEAD, MERGE_AUTOSTASH, and whatever else is named like them.</summary>
    private static bool IsPseudoRef(string path) => Path.GetFileName(path).All(c => char.IsAsciiLetterUpper(c) || c == '_');

    /// <summary>
    /// A message in a reflog may be in any encoding; the ids in front of it are ASCII. A HEAD that is a symbolic link (core.preferSymlinkRefs) leads to a branch.
    /// </summary>
    private static string[] Lines(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null } ? File.ReadAllLines(path, Encoding.Latin1) : [];
}
