using System.Globalization;
using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>How much a landing changed on its target.</summary>
/// <param name="Files">How many files.</param>
/// <param name="Insertions">How many lines it added.</param>
/// <param name="Deletions">How many lines it took away.</param>
public sealed record LandedChange(int Files, int Insertions, int Deletions)
{
    /// <summary><c>2 files, 10 insertions, 1 deletion</c>.</summary>
    public override string ToString() => $"{Count(Files, "file")}, {Count(Insertions, "insertion")}, {Count(Deletions, "deletion")}";

    /// <summary>Asks git.</summary>
    /// <param name="projectPath">Absolute path of the run's project.</param>
    /// <param name="environment">The caller's variables, for git.</param>
    /// <param name="record">The run.</param>
    /// <returns>Null if the run has not landed or pushed a target, or git no longer has the commits.</returns>
    public static LandedChange? TryRead(string projectPath, IReadOnlyDictionary<string, string> environment, RunRecord record)
    {
        if (record.MergeBack is not { Result: MergeBackResult.Landed or MergeBackResult.Pushed, Commit: { } commit } || TargetBefore(record, commit) is not { } before)
        {
            return null;
        }

        var diff = GitCommand.In(projectPath, environment).ReadOnly().Try(["diff", "--shortstat", "--no-ext-diff", before, commit, "--"]);
        return diff.Succeeded ? Parse(diff.Output) : null;
    }

    /// <summary>The target as the landing found it, from the line that was journalled before it was moved: <c>… OLD NEW</c>.</summary>
    private static string? TargetBefore(RunRecord record, string commit)
    {
        var notes = record.Log is { } log ? RunEvents.Read(Path.GetDirectoryName(log)!, RunEvents.Landing) : [];
        return notes.Select(note => note.Split(' ')).LastOrDefault(words => words.Length > 1 && words[^1] == commit) is [.., var old, _]
            ? CommitId.TryParse(old)?.ToString()
            : null;
    }

    /// <summary>Reads <c> 3 files changed, 10 insertions(+), 2 deletions(-)</c>; git leaves out what is zero, and prints nothing for no change.</summary>
    private static LandedChange Parse(string shortstat)
    {
        int files = 0, insertions = 0, deletions = 0;
        foreach (var part in shortstat.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var number = int.Parse(part[..part.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
            if (part.Contains("file", StringComparison.Ordinal))
            {
                files = number;
            }
            else if (part.Contains("insertion", StringComparison.Ordinal))
            {
                insertions = number;
            }
            else
            {
                deletions = number;
            }
        }

        return new LandedChange(files, insertions, deletions);
    }

    private static string Count(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? "" : "s")}");
}
