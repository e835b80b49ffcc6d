using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.MergeBack;

/// <summary>What came of one look at the target, or of one attempt to move it.</summary>
internal abstract record LandingOutcome;

/// <summary>Where the target is.</summary>
/// <param name="Tip">Its commit; null if there is no such branch yet.</param>
internal sealed record TargetFound(CommitId? Tip) : LandingOutcome;

/// <summary>The target is the commit now.</summary>
internal sealed record HasLanded : LandingOutcome;

/// <summary>The target is no longer where the merge found it.</summary>
/// <param name="Why">What git said; null if it said nothing.</param>
internal sealed record TargetMoved(string? Why = null) : LandingOutcome;

/// <summary>Someone works where the target is checked out; it may be free later.</summary>
/// <param name="By">Who.</param>
/// <param name="Turn">The lock that whoever it is holds; null if that is not what keeps us away.</param>
internal sealed record TargetInUse(string By, string? Turn = null) : LandingOutcome;

/// <summary>Files of the user's are in the way, or git, a hook or the remote refuses: only a person can help.</summary>
internal sealed record LandingRefused(string Why, string Hint, MergeBackResult Result = MergeBackResult.TargetBusy) : LandingOutcome;

/// <summary>
/// A branch for work to land on, here (<see cref="Landing"/>) or at a remote (<see cref="PushedTarget"/>). It remembers where it found the
/// branch last, and moves it from there or not at all. Whoever asks holds the branch's lock.
/// </summary>
internal abstract class LandingPlace
{
    /// <summary>What people and git call it: <c>main</c>, <c>origin/main</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What its lock is called.</summary>
    public abstract string LockName { get; }

    /// <summary>How often the work is merged with a branch that others keep moving.</summary>
    public abstract int Tries { get; }

    /// <summary>What a record says once the work is there.</summary>
    public abstract MergeBackResult Done { get; }

    /// <summary>What a process before us brought there, and died before it could say so; known after <see cref="Find"/>.</summary>
    public virtual CommitId? LandedBefore => null;

    /// <summary>Looks where the branch is.</summary>
    /// <returns><see cref="TargetFound"/>, or <see cref="LandingRefused"/> if it cannot be seen.</returns>
    public abstract LandingOutcome Find(CancellationToken cancellation);

    /// <summary>Tries once to move the branch from where it was found.</summary>
    /// <param name="commit">Where it has to go; where it was found is an ancestor of that.</param>
    /// <param name="cancellation">Ends a push; nothing here can be ended half-way.</param>
    public abstract LandingOutcome Try(CommitId commit, CancellationToken cancellation);
}
