using System.Globalization;
using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>A commit that a rescue holds.</summary>
/// <param name="Source">Where it was found: <c>HEAD</c>, <c>index</c>, <c>MERGE_HEAD</c>, <c>reflog</c> …</param>
/// <param name="Id">The commit.</param>
internal sealed record RescuedCommit(string Source, CommitId Id);

/// <summary>
/// <c>refs/wt-run/ID</c>: the one ref that keeps what no branch holds of a run. It names that commit itself, or a commit made for the purpose,
/// whose parents are all that is held, each named in the message as a trailer <c>SOURCE: ID</c>. What it holds once it holds on.
/// </summary>
internal sealed class RescueRef(Repository repository, string runId)
{
    private const string Subject = "Rescue of run ";

    /// <summary>The source of what it held before something was added.</summary>
    private const string Before = "rescued-before";

    /// <summary>A commit may have any number of parents, a command line not.</summary>
    private const int MostParents = 500;

    /// <summary>The full name.</summary>
    public string Name { get; } = $"refs/wt-run/{runId}";

    private string Objects { get; } = $"refs/wt-run-objects/{runId}/";

    /// <summary>No hook may stand between the work and the ref that keeps it.</summary>
    private GitCommand Git { get; } = repository.Git.WithoutHooks();

    /// <summary>Whether a commit with this subject was made for a rescue.</summary>
    public static bool IsMade(string subject) => subject.StartsWith(Subject, StringComparison.Ordinal);

    /// <summary>
    /// Holds an object that need not be a commit, and so cannot be a parent of one, by a ref of its own:
    /// <c>refs/wt-run-objects/ID/NAME</c>. git's gc in the main repository does not look at the refs of another worktree.
    /// </summary>
    /// <param name="name">What named it, below <c>refs/</c>.</param>
    /// <param name="id">Its object id.</param>
    public void HoldObject(string name, string id) => Git.Run(["update-ref", "--no-deref", Objects + name, id]);

    /// <summary>Lets go of everything.</summary>
    /// <param name="commit">What it names.</param>
    public void Delete(string commit)
    {
        var objects = Git.ReadOnly().Run(["for-each-ref", "--format=delete %(refname)%0a", Objects]).Output;
        Git.WithInput($"{objects}\ndelete {Name} {commit}\n".Replace("\n\n", "\n", StringComparison.Ordinal).TrimStart('\n')).Run(["update-ref", "--no-deref", "--stdin"]);
    }

    /// <summary>Holds one commit.</summary>
    public string Hold(CommitId commit)
    {
        var old = Read();
        if (old is null || IsAncestor(old.Value, commit))
        {
            Set(commit, old);
        }
        else if (!IsAncestor(commit, old.Value))
        {
            Set(Commit($"{commit}^{{tree}}", [new("HEAD", commit), new(Before, old.Value)]), old);
        }

        return Name;
    }

    /// <summary>Holds a tree and any number of commits.</summary>
    /// <param name="tree">Names a tree.</param>
    /// <param name="commits">What is held beside it; the first is what the tree was made on, if that has a commit.</param>
    public string Hold(string tree, IReadOnlyList<RescuedCommit> commits)
    {
        var old = Read();
        if (old is not { } held)
        {
            Set(Commit(tree, commits), null);
        }
        else if (Resolve($"{held}^{{tree}}") != Resolve(tree) || !commits.All(commit => IsAncestor(commit.Id, held)))
        {
            Set(Commit(tree, [.. commits, .. commits.Any(commit => commit.Id == held) ? Array.Empty<RescuedCommit>() : [new(Before, held)]]), held);
        }

        return Name;
    }

    /// <summary>Holds one more commit; the files that it holds stay the same.</summary>
    public string Add(RescuedCommit commit)
    {
        if (Read() is not { } held || !IsMade(Show(held, "%s")) || IsAncestor(commit.Id, held))
        {
            return Hold(commit.Id);
        }

        // The commit that is replaced was made for the ref alone; all that it held is held again.
        Set(Commit($"{held}^{{tree}}", [.. ReadTrailers(Show(held, "%B")), commit]), held);
        return Name;
    }

    /// <summary>The commits that the message of a rescue names.</summary>
    public static IEnumerable<RescuedCommit> ReadTrailers(string message)
    {
        foreach (var line in message.Split('\n'))
        {
            if (line.Split(": ") is [var source, var text] && CommitId.TryParse(text) is { } id)
            {
                yield return new RescuedCommit(source, id);
            }
        }
    }

    /// <summary>The full name; null if there is no such ref.</summary>
    public string? NameIfThere => Read() is null ? null : Name;

    /// <summary>What it names; null if there is none.</summary>
    public CommitId? Read() => CommitId.TryParse(Resolve(Name));

    /// <summary>Makes a commit of a tree, by the identity that commits have here.</summary>
    /// <param name="tree">Names a tree.</param>
    /// <param name="parents">Its parents.</param>
    /// <param name="message">Its message.</param>
    /// <param name="time">When it was made; null for now.</param>
    public CommitId CommitTree(string tree, IReadOnlyList<CommitId> parents, string message, DateTimeOffset? time = null)
    {
        var git = Identity.FallbackVariables(repository).Aggregate(repository.Git, (g, v) => g.With(v.Key, v.Value));
        if (time is { } at)
        {
            var date = string.Create(CultureInfo.InvariantCulture, $"@{at.ToUnixTimeSeconds()} +0000");
            git = git.With("GIT_AUTHOR_DATE", date).With("GIT_COMMITTER_DATE", date);
        }

        return CommitId.Parse(git.WithInput(message).Run(
            ["commit-tree", "--no-gpg-sign", .. parents.SelectMany(parent => new[] { "-p", parent.ToString() }), "-F", "-", tree]).Output);
    }

    private CommitId Commit(string tree, IReadOnlyList<RescuedCommit> commits)
    {
        if (commits.Count > MostParents)
        {
            var rest = CommitTree(tree, [.. commits.Skip(MostParents).Select(commit => commit.Id)], $"More commits of run {runId}\n");
            commits = [.. commits.Take(MostParents), new("more", rest)];
        }

        var trailers = string.Concat(commits.Select(commit => $"{commit.Source}: {commit.Id}\n"));
        return CommitTree(
            tree,
            [.. commits.Select(commit => commit.Id).Distinct()],
            $"""
            {Subject}{runId}

            The tree is the working tree as the run left it, without ignored files.
            The parents are commits that no branch held, each with the place where it was found.

            {trailers}
            """);
    }

    private void Set(CommitId commit, CommitId? old) => Git.Run(["update-ref", "--no-deref", Name, commit.ToString(), old?.ToString() ?? commit.Zero]);

    private string Show(CommitId commit, string format) =>
        Git.ReadOnly().Run(["log", "-1", "--no-show-signature", "--format=" + format, commit.ToString(), "--"]).Output;

    private string Resolve(string name) => Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", name]).Output;

    private bool IsAncestor(CommitId ancestor, CommitId commit) =>
        Git.ReadOnly().Try(["merge-base", "--is-ancestor", ancestor.ToString(), commit.ToString()]).Succeeded;
}
