using System.Globalization;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>
/// What engines of the model do. Each notes what it made in a ledger outside the repository as soon as it is made: <c>commit ID</c>, <c>blob ID</c>.
/// </summary>
internal static class ModelEngines
{
    private const string Commit = "echo \"$N\" > \"f-$N\"; git add \"f-$N\"; git commit -qm \"Work of $N\"; note";
    private const string Conflict = "echo \"line of $N\" > shared; git commit -qam \"Conflict of $N\"; note";
    private const string Uncommitted = "echo \"left by $N\" > \"u-$N\"; blob \"u-$N\"";

    private static readonly string[] InWorktree =
    [
        Commit,
        Conflict,
        Uncommitted,
        "true",
        $"{Commit}; {Uncommitted}",
        $"{Commit}; exit 3",
        $"{Uncommitted}; exit 3",
        $"{Commit}; echo more >> \"f-$N\"; git commit -q --amend -am \"Amended $N\"; note",
        $"git checkout -q --detach; {Commit}",
        $"echo \"$N\" >> b; git commit -qam \"Change b by $N\"; note; {Commit}",
        $"{Commit}; {Conflict}",
        $"echo staged > \"s-$N\"; git add \"s-$N\"; blob \"s-$N\"; echo edited > \"s-$N\"; blob \"s-$N\"",
        $"{Commit}; git reset -q --hard HEAD~1; {Uncommitted}",
        $"{Commit}; mkdir -p \"d-$N\"; cd \"d-$N\"; {Uncommitted}; exec sleep 0.02",
    ];

    /// <summary>What the scripts below begin with, to be written to a file: <c>N</c> is the number of the run.</summary>
    /// <param name="directory">Where they note: in <c>ledger</c>, <c>order</c> and <c>collisions</c>.</param>
    public static string Prelude(string directory) => $$"""
        N=$1
        note() { echo "commit $(git rev-parse HEAD)" >> '{{directory}}/ledger'; }
        blob() { echo "blob $(git hash-object "$1")" >> '{{directory}}/ledger'; }
        in_place() { exec 9> '{{directory}}/busy'; flock -n 9 || echo "$N" >> '{{directory}}/collisions'; echo "$N" >> '{{directory}}/order'; }

        """;

    /// <summary>A script for a run in a worktree.</summary>
    public static string ForWorktree(Random random) => $"{Sleep(random, 30)}; {InWorktree[random.Next(InWorktree.Length)]}; {Sleep(random, 60)}";

    /// <summary>A script for a run in place: it notes if another one is there, even only a child that it has left, and that it was there.</summary>
    public static string InPlace(Random random) => $"in_place; {Sleep(random, 60)}";

    private static string Sleep(Random random, int most) => string.Create(CultureInfo.InvariantCulture, $"sleep {random.Next(most) / 1000.0:0.000}");
}
