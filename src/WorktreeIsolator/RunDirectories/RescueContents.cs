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
/// <param name="HasConflicts">Whether the index that is kept has the sides of conflicts, under <c>.stage1/</c> to <c>.stage3/</c>.</param>
/// <param name="Parts">The commits that it keeps, but those that are ancestors of them.</param>
public sealed record RescueContents(string Ref, CommitId Commit, bool HasFiles, bool HasConflicts, IReadOnlyList<RescuedPart> Parts)
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
        var git = GitCommand.In(projectPath, environment).ReadOnly();
        var log = git.Try(["log", "-1", "--no-show-signature", "--format=%H%n%T%n%s%n%B", rescueRef, "--"]);
        if (!log.Succeeded || log.Output.Split('\n') is not [var id, var tree, var subject, .. var message])
        {
            return null;
        }

        var commit = CommitId.Parse(id);
        if (!RescueRef.IsMade(subject))
        {
            return new RescueContents(rescueRef, commit, false, false, [new RescuedPart("HEAD", commit, subject)]);
        }

        var parts = RescueRef.ReadTrailers(string.Join('\n', message)).Select(held => new RescuedPart(
            held.Source, held.Id, git.Try(["log", "-1", "--no-show-signature", "--format=%s", held.Id.ToString(), "--"]).Output)).ToList();
        var index = parts.Find(part => part.Source == "index");
        return new RescueContents(
            rescueRef,
            commit,
            parts.All(part => part.Source != "HEAD" || git.Try(["rev-parse", $"{part.Commit}^{{tree}}"]).Output != tree),
            index is not null && git.Try(["ls-tree", "--name-only", index.Commit.ToString(), ".stage1", ".stage2", ".stage3"]).Output.Length > 0,
            parts);
    }
}
