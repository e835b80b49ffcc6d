using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>A commit that a rescue ref keeps.</summary>
/// <param name="Source">Where it was found: <c>HEAD</c>, <c>index</c>, <c>MERGE_HEAD</c>, <c>reflog</c> …</param>
/// <param name="Commit">Its object id.</param>
/// <param name="Subject">The first line of its message.</param>
public sealed record RescuedPart(string Source, CommitId Commit, string Subject);

/// <summary>What a rescue ref keeps, as a person needs it to bring it back.</summary>
/// <param name="Ref">The full name: <c>refs/wt-run/ID</c>.</param>
/// <param name="Commit">What it names.</param>
/// <param name="HasFiles">Whether the tree of that commit is the working tree as the run left it; else the parts are all there is.</param>
/// <param name="Conflicts">Sides of conflicts in the index that is kept, one for each path: <c>.stage2/PATH</c>, or another stage where ours is gone.</param>
/// <param name="Repository">Where git finds the repository: top of the main worktree, or the bare repository. Absolute.</param>
/// <param name="Beside">The directory that holds the main worktree or the bare repository. Absolute.</param>
/// <param name="Parts">The commits that it keeps, but those that are ancestors of them.</param>
public sealed record RescueContents(
    string Ref, CommitId Commit, bool HasFiles, IReadOnlyList<string> Conflicts, string Repository, string Beside, IReadOnlyList<RescuedPart> Parts)
{
    /// <summary>The commit that was checked out; null if there was none.</summary>
    public RescuedPart? Head => Parts.FirstOrDefault(part => part.Source == "HEAD");

    /// <summary>The index as a commit; null if it was the same as HEAD or as the working tree.</summary>
    public RescuedPart? Index => Parts.FirstOrDefault(part => part.Source == "index");

    /// <summary>Asks git.</summary>
    /// <param name="projectPath">Absolute path of the run's project.</param>
    /// <param name="environment">The caller's variables, for git.</param>
    /// <param name="rescueRef">The full name of the ref.</param>
    /// <returns>Null if the ref is gone.</returns>
    public static RescueContents? TryRead(string projectPath, IReadOnlyDictionary<string, string> environment, string rescueRef)
    {
        if (Git.Repository.TryOpen(projectPath, environment) is not { } repository)
        {
            return null;
        }

        var git = repository.Git.ReadOnly();
        var place = repository.MainTop ?? repository.CommonDirectory;
        var beside = Path.GetDirectoryName(place)!;
        var log = git.Try(["log", "-1", "--no-show-signature", "--format=%H%n%T%n%s%n%B", rescueRef, "--"]);
        if (!log.Succeeded || log.Output.Split('\n') is not [var id, var tree, var subject, .. var message])
        {
            return null;
        }

        var commit = CommitId.Parse(id);
        if (!RescueRef.IsMade(subject))
        {
            return new RescueContents(rescueRef, commit, false, [], place, beside, [new RescuedPart("HEAD", commit, subject)]);
        }

        var parts = RescueRef.ReadTrailers(string.Join('\n', message)).Select(held => new RescuedPart(
            held.Source, held.Id, git.Try(["log", "-1", "--no-show-signature", "--format=%s", held.Id.ToString(), "--"]).Output)).ToList();
        var index = parts.Find(part => part.Source == "index");
        return new RescueContents(
            rescueRef,
            commit,
            parts.All(part => part.Source != "HEAD" || git.Try(["rev-parse", $"{part.Commit}^{{tree}}"]).Output != tree),
            index is null ? [] : Sides(git, index.Commit),
            place,
            beside,
            parts);
    }

    /// <summary>Ours where there is one, else theirs, else the common ancestor: one name for each path.</summary>
    private static List<string> Sides(GitCommand git, CommitId index) =>
    [
        .. git.Try(["ls-tree", "-r", "-z", "--name-only", index.ToString(), ".stage2/", ".stage3/", ".stage1/"]).Fields
            .OrderBy(name => name[..name.IndexOf('/', StringComparison.Ordinal)] switch { ".stage2" => 0, ".stage3" => 1, _ => 2 })
            .DistinctBy(name => name[name.IndexOf('/', StringComparison.Ordinal)..], StringComparer.Ordinal),
    ];
}
