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

    /// <summary>Finds them.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="adminDirectory">The worktree's admin directory.</param>
    /// <param name="held">Commits that a ref is known to hold: where there are no others, git need not be asked.</param>
    /// <returns>Those that no ref of the repository reaches, in the order in which they were found.</returns>
    public static IReadOnlyList<CommitId> Find(Repository repository, string adminDirectory, params IReadOnlyList<CommitId?> held)
    {
        var candidates = new List<string>();
        foreach (var id in Named(adminDirectory))
        {
            if (CommitId.TryParse(id) is { } commit && id.Trim('0').Length > 0 && !candidates.Contains(id) && !held.Contains(commit))
            {
                candidates.Add(id);
            }
        }

        if (candidates.Count == 0)
        {
            return [];
        }

        // --single-worktree: without it --all means the HEADs of all worktrees, too, and this one's is to go.
        var unreached = repository.Git.ReadOnly().WithInput(string.Join('\n', candidates) + "\n")
            .Run(["rev-list", "--ignore-missing", "--stdin", "--single-worktree", "--not", "--all"]).Output.Split('\n');
        return [.. candidates.Where(unreached.Contains).Select(CommitId.Parse)];
    }

    private static IEnumerable<string> Named(string adminDirectory)
    {
        foreach (var file in Directory.EnumerateFiles(adminDirectory).Where(IsPseudoRef).Concat(StateFiles.Select(file => Path.Combine(adminDirectory, file))))
        {
            foreach (var line in Lines(file))
            {
                yield return line.Split('\t', ' ')[0];
            }
        }

        var refs = Path.Combine(adminDirectory, "refs");
        foreach (var file in Directory.Exists(refs) ? Directory.EnumerateFiles(refs, "*", SearchOption.AllDirectories) : [])
        {
            foreach (var line in Lines(file))
            {
                yield return line;
            }
        }

        // "OLD NEW Name <address> time zone\tmessage"
        foreach (var line in Lines(Path.Combine(adminDirectory, "logs/HEAD")))
        {
            var fields = line.Split(' ', 3);
            yield return fields[0];
            yield return fields.Length > 1 ? fields[1] : "";
        }
    }

    /// <summary>HEAD, ORIG_HEAD, MERGE_HEAD, CHERRY_PICK_HEAD, REBASE_HEAD, MERGE_AUTOSTASH, and whatever else is named like them.</summary>
    private static bool IsPseudoRef(string path) => Path.GetFileName(path).All(c => char.IsAsciiLetterUpper(c) || c == '_');

    /// <summary>
    /// A message in a reflog may be in any encoding; the ids in front of it are ASCII. A HEAD that is a symbolic link (core.preferSymlinkRefs) leads to a branch.
    /// </summary>
    private static string[] Lines(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null } ? File.ReadAllLines(path, Encoding.Latin1) : [];
}
