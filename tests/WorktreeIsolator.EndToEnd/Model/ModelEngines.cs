using System.Globalization;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>
/// What engines of the model do. Each notes what it made in a ledger outside the repository as soon as it is made: <c>RUN commit ID</c>, <c>RUN blob ID</c>.
/// </summary>
internal static class ModelEngines
{
    private const string Checkout = "checkout";

    private const string Commit = "echo \"$N\" > \"f-$N\"; git add \"f-$N\"; git commit -qm \"Work of $N\"; note";
    private const string Conflict = "echo \"line of $N\" > shared; git commit -qam \"Conflict of $N\"; note";
    private const string Uncommitted = "echo \"left by $N\" > \"u-$N\"; blob \"u-$N\"";

    /// <summary>The sessions of the model.</summary>
    public static readonly string[] Sessions = ["blue", "green"];

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
        $"echo staged > \"s-$N\"; git add \"s-$N\" && blob \"s-$N\"; echo edited > \"s-$N\"; blob \"s-$N\"",
        $"{Commit}; git reset -q --hard HEAD~1; {Uncommitted}",
        $"{Commit}; mkdir -p \"d-$N\"; cd \"d-$N\"; {Uncommitted}; exec sleep 0.02",
    ];

    /// <summary>Where runs work one after another, by what they call it in their notes.</summary>
    public static IEnumerable<string> Places => [Checkout, .. Sessions];

    /// <summary>What the scripts below begin with, to be written to a file: <c>N</c> is the number of the run.</summary>
    /// <param name="directory">Where they note: in <c>ledger</c>, <c>order-PLACE</c>, <c>collisions</c> and <c>moved</c>.</param>
    /// <remarks>Whatever git or <c>flock</c> they start may be killed: then they note nothing.</remarks>
    public static string Prelude(string directory) => $$"""
        N=$1
        note() { id=$(git rev-parse HEAD) && echo "$N commit $id" >> '{{directory}}/ledger'; }
        blob() { id=$(git hash-object "$1") && echo "$N blob $id" >> '{{directory}}/ledger'; }
        alone_in() { exec 9> "{{directory}}/busy-$1"; flock -n -E 75 9; [ $? -ne 75 ] || echo "$N in $1" >> '{{directory}}/collisions'; echo "$N" >> "{{directory}}/order-$1"; }
        unmoved() { before=$(git rev-parse HEAD) || exit 0; "$@"; after=$(git rev-parse HEAD) || exit 0; [ "$before" = "$after" ] || echo "$N" >> '{{directory}}/moved'; }

        """;

    /// <summary>A script for a run in a worktree.</summary>
    public static string ForWorktree(Random random) => $"{Sleep(random, 30)}; {InWorktree[random.Next(InWorktree.Length)]}; {Sleep(random, 60)}";

    /// <summary>A script for a run in a session: it notes if another one is there, even only a child that it has left, and that it was there.</summary>
    public static string InSession(Random random, string name) => $"alone_in {name}; {Sleep(random, 200)}; {ForWorktree(random)}";

    /// <summary>A script for a run in place: the same, and it notes if something landed meanwhile in the checkout in which it works.</summary>
    public static string InPlace(Random random) => $"alone_in {Checkout}; unmoved {Sleep(random, 400)}";

    private static string Sleep(Random random, int most) => string.Create(CultureInfo.InvariantCulture, $"sleep {random.Next(most) / 1000.0:0.000}");
}
