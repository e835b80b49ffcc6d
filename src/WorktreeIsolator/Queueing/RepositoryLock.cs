using System.Diagnostics;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>
/// The lock that serialises what changes a repository's list of worktrees: registration, removal and the exclude file. It is held
/// for milliseconds; checkout, setup, engine, merge and deletion happen outside. One file per git common directory, so it is the same
/// through a symlink, a bind mount or a linked worktree.
/// </summary>
internal sealed class RepositoryLock : IDisposable
{
    /// <summary>Longer than any number of registrations takes; who waits longer waits for something that hangs.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(8);

    private readonly FileLock _lock;
    private readonly Action<TimeSpan>? _released;
    private readonly long _since = Stopwatch.GetTimestamp();
    private bool _disposed;

    private RepositoryLock(FileLock taken, Action<TimeSpan>? released)
    {
        _lock = taken;
        _released = released;
    }

    /// <summary>Waits for the lock.</summary>
    /// <param name="stateDirectory">The repository's state directory; made if it does not exist.</param>
    /// <param name="holder">What to write into the lock file for people, like <c>run 3f9c…</c>.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="released">Is told, on release, how long the lock was held.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="WorktreeIsolatorException">The time was over, or flock does not work there.</exception>
    public static RepositoryLock Acquire(
        string stateDirectory, string holder, TimeSpan timeout, Action<TimeSpan>? released = null, CancellationToken cancellation = default)
    {
        Sharing.CreateDirectory(stateDirectory);
        var path = Path.Combine(stateDirectory, "repo.lock");
        var taken = FileLock.Acquire(path, timeout, LongestPause, cancellation: cancellation)
            ?? throw new WorktreeIsolatorException(
                FailureKind.Lock,
                $"The repository lock '{path}' was not free within {timeout.TotalSeconds:0} s. It is held by {LockHolder.Describe(path)}.",
                "It is normally held for milliseconds. See what that process does; when it ends, the lock is free.");
        taken.RequireToExclude();
        taken.Describe($"{holder}, pid {Environment.ProcessId}");
        return new RepositoryLock(taken, released);
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _lock.Dispose();
        _released?.Invoke(Stopwatch.GetElapsedTime(_since));
    }
}
