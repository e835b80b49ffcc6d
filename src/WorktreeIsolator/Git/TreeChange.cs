namespace WorktreeIsolator.Git;

/// <summary>One path in which two commits differ.</summary>
/// <param name="Path">Relative to the top.</param>
/// <param name="IsAdded">Whether only the second commit has it.</param>
/// <param name="Object">What it is in the second commit; zeros if that has it no more.</param>
/// <param name="IsRepository">Whether it is a repository of its own there, of which git keeps no more than the id of a commit.</param>
internal sealed record TreeChange(string Path, bool IsAdded, string Object, bool IsRepository)
{
    /// <summary>Asks git.</summary>
    public static IReadOnlyList<TreeChange> Between(GitCommand git, CommitId first, CommitId second) =>
        Parse(git.ReadOnly().Run(["diff-tree", "-r", "-z", "--no-renames", first.ToString(), second.ToString()]).Fields);

    /// <summary>Reads <c>:OLDMODE NEWMODE OLD NEW STATUS</c> and path, in turn.</summary>
    private static List<TreeChange> Parse(string[] fields)
    {
        var changes = new List<TreeChange>();
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            var entry = fields[i].Split(' ');
            changes.Add(new TreeChange(fields[i + 1], entry[4] == "A", entry[3], entry[1] == "160000"));
        }

        return changes;
    }
}
