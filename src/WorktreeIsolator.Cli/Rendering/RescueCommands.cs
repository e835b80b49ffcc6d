using WorktreeIsolator.Processes;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>The commands that bring back what a rescue ref keeps.</summary>
internal static class RescueCommands
{
    private const int MostCommits = 10;
    private const int MostConflicts = 3;

    /// <summary>One command a line, each with what it does behind a <c>#</c>; they do the same wherever they are typed.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="rescue">What is kept.</param>
    public static IEnumerable<string> BringBack(string runId, RescueContents rescue)
    {
        var name = $"rescue-{runId}";
        var git = $"git -C {ShellWords.Quoted(rescue.Repository)}";
        if (!rescue.HasFiles && rescue.Parts is [_])
        {
            yield return $"{git} log --stat {rescue.Ref}   # look at it";
            yield return $"{git} branch {name} {rescue.Ref}   # make a branch of it";
            yield break;
        }

        yield return $"{git} ls-tree -r {rescue.Ref}   # the files as the run left them";
        if (rescue.HasFiles || rescue.Index is not null)
        {
            foreach (var line in Files(git, name, rescue))
            {
                yield return line;
            }
        }

        var others = rescue.Parts.Where(part => part != rescue.Index && (part != rescue.Head || !rescue.HasFiles)).ToList();
        foreach (var part in others.Take(MostCommits))
        {
            yield return $"{git} show {part.Commit.Abbreviated}   # {part.Source}: {part.Subject}";
        }

        if (others.Count > MostCommits)
        {
            yield return $"{git} log --no-walk {rescue.Ref}^@   # all {others.Count} commits";
        }
    }

    private static IEnumerable<string> Files(string git, string name, RescueContents rescue)
    {
        // Beside the main worktree: no new files in anyone's checkout.
        var path = ShellWords.Quoted(Path.Combine(rescue.Beside, name));
        yield return rescue.Head is { } head
            ? $"{git} worktree add -b {name} {path} {(rescue.Index is { } staged ? $"{staged.Commit.Abbreviated}^" : head.Commit.Abbreviated)}   # where the run stood …"
            : $"{git} worktree add --detach --no-checkout {path} {rescue.Ref}   # a place for it …";
        yield return $"git -C {path} restore --source={rescue.Ref} --worktree -- :/   # … with its files";
        if (rescue.Index is not { } index)
        {
            yield break;
        }

        if (rescue.Conflicts.Count == 0)
        {
            yield return $"git -C {path} read-tree {index.Commit.Abbreviated}   # … and what was staged";
            yield break;
        }

        yield return $"{git} ls-tree -r {index.Commit.Abbreviated}   # its index; .stage1/ is the common ancestor, .stage2/ ours, .stage3/ theirs";
        foreach (var side in rescue.Conflicts.Take(MostConflicts))
        {
            yield return $"{git} show {ShellWords.Quoted($"{index.Commit.Abbreviated}:{side}")}   # one side of a conflict";
        }
    }
}
