using System.Globalization;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.Recovery;

/// <summary>A ref of wt-run's own.</summary>
/// <param name="Name">Full name.</param>
/// <param name="Commit">What it names.</param>
/// <param name="CommittedAt">When that commit was made; null if it is no commit.</param>
internal sealed record RunRef(string Name, string Commit, DateTimeOffset? CommittedAt);

/// <summary>Every branch, and every ref below <c>refs/wt-run</c> and <c>refs/wt-run-merge</c>, at one moment.</summary>
/// <param name="Branches">Full names of all branches, each with its tip.</param>
/// <param name="Rescues">Rescue refs.</param>
/// <param name="Merges">Refs that hold a merge until it has landed.</param>
internal sealed record RunRefList(IReadOnlyDictionary<string, string> Branches, IReadOnlyList<RunRef> Rescues, IReadOnlyList<RunRef> Merges)
{
    /// <summary>Of a project without git.</summary>
    public static RunRefList None { get; } = new(new Dictionary<string, string>(StringComparer.Ordinal), [], []);

    /// <summary>Asks git.</summary>
    public static RunRefList Read(Repository repository)
    {
        var branches = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var fields in Rows(repository, "%(refname) %(objectname)", "refs/heads/"))
        {
            branches[fields[0]] = fields[1];
        }

        return new RunRefList(branches, Own(repository, "refs/wt-run/"), Own(repository, "refs/wt-run-merge/"));
    }

    private static List<RunRef> Own(Repository repository, string prefix) =>
    [
        .. Rows(repository, "%(refname) %(objectname) %(committerdate:unix)", prefix).Select(fields => new RunRef(
            fields[0],
            fields[1],
            long.TryParse(fields[2], CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null)),
    ];

    private static IEnumerable<string[]> Rows(Repository repository, string format, string prefix) =>
        repository.Git.ReadOnly().Run(["for-each-ref", "--format=" + format, prefix]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '));
}
