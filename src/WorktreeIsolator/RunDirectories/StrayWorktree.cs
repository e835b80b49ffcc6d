using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// What every command says of a run's directory that is no longer the worktree which was made for it: wt-run does nothing to its files, so a
/// person has to. A command that is to be copied has a line of its own.
/// </summary>
internal static class StrayWorktree
{
    /// <summary>Why it is kept.</summary>
    public const string IsReplaced = "its .git was removed or replaced during the run";

    /// <summary>The record of a run whose engine removed or replaced the <c>.git</c> of its worktree.</summary>
    public static RunRecord Keep(string path, RunRecord record) => record with
    {
        Hint = AfterReplacing(path, record),
        Kept = new KeptInfo(path, IsReplaced),
        MergeBack = record.MergeBack! with { Result = MergeBackResult.Kept },
    };

    /// <summary>What to do where the engine removed or replaced the <c>.git</c> of its worktree.</summary>
    public static string AfterReplacing(string path, RunRecord record) => $"""
        Nothing in that directory was touched; what the run committed is on the branch '{record.Branch}'. When you have what else you need from it, delete it:
        rm -rf {ShellWords.Quoted(path)}
        Then land what is on the branch: wt-run land {NameOf(record)}
        or give it up: wt-run drop {NameOf(record)}
        """;

    /// <summary>What to do where someone moved the worktree: once it is back, it is a kept worktree like any other.</summary>
    public static string AfterMoving(string path, RunRecord record) => $"""
        Nothing in it was touched. Move it back:
        {MoveBack(path, record.Worktree!)}
        Then land what is in it: wt-run land {NameOf(record)}
        or give it up: wt-run drop {NameOf(record)}
        """;

    /// <summary>The command that takes a worktree back to where it was made; twice forced, because it is locked.</summary>
    public static string MoveBack(string from, string to) => $"git worktree move --force --force {ShellWords.Quoted(from)} {ShellWords.Quoted(to)}";

    /// <summary>A session is landed and dropped as a whole.</summary>
    private static string NameOf(RunRecord record) => record.Session ?? record.Id[..8];
}
