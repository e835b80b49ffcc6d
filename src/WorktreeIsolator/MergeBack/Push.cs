using WorktreeIsolator.Git;

namespace WorktreeIsolator.MergeBack;

/// <summary>What came of a push.</summary>
internal abstract record PushOutcome;

/// <summary>The remote confirmed that the branch is the commit.</summary>
internal sealed record HasPushed : PushOutcome;

/// <summary>The remote, or a hook, refused.</summary>
/// <param name="Why">What git said.</param>
/// <param name="IsBehind">Whether the branch there has commits that ours lacks: a fresh merge may help.</param>
internal sealed record PushRejected(string Why, bool IsBehind) : PushOutcome;

/// <summary>Pushes a commit to a branch of a remote: never forced, and confirmed there before anyone relies on it.</summary>
/// <param name="repository">The repository.</param>
/// <param name="worktreeGit">git in the run's worktree, where hooks run.</param>
/// <param name="runHooks">Whether the pre-push hook runs.</param>
/// <param name="note">Writes down what is to be pushed, before it is.</param>
internal sealed class Push(Repository repository, GitCommand worktreeGit, bool runHooks, Action<string> note)
{
    private const string NoteBegin = "push ";

    /// <summary>For a look at the remote that no one has asked for, on the way of another command.</summary>
    private static readonly TimeSpan ShortTimeout = TimeSpan.FromSeconds(30);

    // What git says when the branch there is not, or is no longer, what the push took it for: the second and third if it moved while the
    // remote was already writing it (git 2.39; servers of others use the same words).
    private static readonly string[] BehindWords = ["[rejected]", "cannot lock ref", "incorrect old value provided", "failed to update ref", "(fetch first)"];

    /// <summary>What a process that died while it pushed had pushed; null if the remote does not have it, or cannot be asked.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="branch">The branch that was pushed to.</param>
    /// <param name="notes">What pushes of the run have noted.</param>
    public static CommitId? FindPushed(Repository repository, RemoteBranch branch, IReadOnlyList<string> notes)
    {
        if (LastOf(notes, of: null) is not { } commit)
        {
            return null;
        }

        if (repository.IsAncestor(commit, branch.TrackingRef(repository.Config)))
        {
            return commit;
        }

        try
        {
            return Ask(repository.Git.WithTimeout(ShortTimeout), branch.Remote, branch.Ref, CancellationToken.None) == commit ? commit : null;
        }
        catch (GitException)
        {
            return null;
        }
    }

    /// <summary>The commit that was noted last.</summary>
    /// <param name="notes">All notes.</param>
    /// <param name="of">The work that it has to have been made of; null for any.</param>
    public static CommitId? LastOf(IReadOnlyList<string> notes, CommitId? of) =>
        notes is [.., var last] && last.StartsWith(NoteBegin, StringComparison.Ordinal) && last.Split(' ') is [_, _, _, var tip, _, var commit]
        && (of is null || of.ToString() == tip)
            ? CommitId.TryParse(commit)
            : null;

    /// <summary>Pushes and asks the remote what it has.</summary>
    /// <param name="branch">Where to.</param>
    /// <param name="commit">What.</param>
    /// <param name="tip">The run's work, which is in it.</param>
    /// <param name="old">Where the branch is, as far as that is known.</param>
    /// <param name="cancellation">Ends it.</param>
    public PushOutcome Try(RemoteBranch branch, CommitId commit, CommitId tip, CommitId? old, CancellationToken cancellation)
    {
        note($"{NoteBegin}{branch.Remote} {branch.Ref} {tip} {old?.ToString() ?? "(new)"} {commit}");
        try
        {
            return PushAndAsk(branch, commit, cancellation);
        }
        catch (GitException e)
        {
            // It took too long, or the remote could not be asked.
            return new PushRejected(e.Error.Trim(), IsBehind: false);
        }
    }

    private PushOutcome PushAndAsk(RemoteBranch branch, CommitId commit, CancellationToken cancellation)
    {
        var git = worktreeGit.WithTimeout(GitCommand.NetworkTimeout);
        string[] arguments = ["push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-signed", "--no-force-with-lease"];
        var result = git.Try(
            [.. arguments, .. runHooks ? Array.Empty<string>() : ["--no-verify"], branch.Remote, $"{commit}:{branch.Ref}"], cancellation);
        if (!result.Succeeded)
        {
            var why = string.Join('\n', new[] { result.Output, result.Error.Trim() }.Where(text => text.Length > 0));
            return new PushRejected(why, Array.Exists(BehindWords, words => why.Contains(words, StringComparison.Ordinal)));
        }

        // A remote may be fetched from one place and pushed to others.
        var places = repository.Config.GetAll($"remote.{branch.Remote}.pushurl");
        foreach (var place in places.Count > 0 ? places : [branch.Remote])
        {
            var there = Ask(git, place, branch.Ref, cancellation);
            if (there != commit)
            {
                return new PushRejected(
                    $"The push seemed to succeed, but '{place}' says that {branch.Ref} is {there?.ToString() ?? "not there"}.", IsBehind: there is not null);
            }
        }

        return new HasPushed();
    }

    private static CommitId? Ask(GitCommand git, string place, string branchRef, CancellationToken cancellation)
    {
        foreach (var line in git.ReadOnly().Run(["ls-remote", "--quiet", place, branchRef], cancellation).Output.Split('\n'))
        {
            // A pattern also matches a ref whose name ends so.
            if (line.Split('\t') is [var commit, var name] && name == branchRef)
            {
                return CommitId.TryParse(commit);
            }
        }

        return null;
    }
}
