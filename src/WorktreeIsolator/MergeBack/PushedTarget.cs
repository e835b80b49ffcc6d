using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>A target branch at a remote: fetched, and pushed to without force. The branch of that name here, if there is one, stays as it is.</summary>
/// <param name="repository">The repository.</param>
/// <param name="branch">The branch.</param>
/// <param name="push">Pushes.</param>
/// <param name="fetch">Fetches the branch; gives its tip, null if the remote has no such branch.</param>
/// <param name="tip">Tip of the run's work.</param>
/// <param name="notes">What pushes of the run have noted so far.</param>
internal sealed class PushedTarget(
    Repository repository, RemoteBranch branch, Push push, Func<CancellationToken, CommitId?> fetch, CommitId tip, Func<IReadOnlyList<string>> notes) : LandingPlace
{
    private TargetFound? _found;

    public override string Name => branch.ToString();

    /// <summary>No branch here can be called so.</summary>
    public override string LockName => $"{branch.Remote}:{branch.Branch}";

    /// <summary>Each costs a merge, its verification and two visits to the remote.</summary>
    public override int Tries => 3;

    public override MergeBackResult Done => MergeBackResult.Pushed;

    public override CommitId? LandedBefore =>
        _found?.Tip is { } there && Push.LastOf(notes(), of: tip) is { } pushed && repository.IsAncestor(pushed, there.ToString()) ? pushed : null;

    /// <summary>Fetches, but only if a push has shown that what is known is out of date: the push itself is the check.</summary>
    public override LandingOutcome Find(CancellationToken cancellation)
    {
        try
        {
            return _found ??= new TargetFound(fetch(cancellation));
        }
        catch (GitException e)
        {
            return Refused($"'{branch.Remote}' could not be asked for it:\n{e.Error.Trim()}");
        }
    }

    public override LandingOutcome Try(CommitId commit, CancellationToken cancellation)
    {
        switch (push.Try(branch, commit, tip, _found?.Tip, cancellation))
        {
            case HasPushed:
                return new HasLanded();
            case PushRejected { IsBehind: true } rejected:
                _found = null;
                return new TargetMoved(rejected.Why);
            case PushRejected rejected:
                return Refused($"'{branch.Remote}' did not take it:\n{rejected.Why}");
            default:
                throw new InvalidOperationException("A push has no other outcome.");
        }
    }

    private static LandingRefused Refused(string why) => new(why, "Mend the cause.", MergeBackResult.Rejected);
}
