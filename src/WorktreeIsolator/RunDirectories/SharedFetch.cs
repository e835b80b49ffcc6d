using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Fetches under a lock of its own (of twelve parallel fetches into one repository eleven fail, git 2.39), and shares the result: a fetch
/// that began after I asked serves me.
/// </summary>
internal static class SharedFetch
{
    private const string Heads = "refs/heads/";

    private const int Tries = 3;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(25);

    /// <summary>Now, on the one clock that all processes share since boot; a stamp of an earlier boot counts for nothing.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Brings one branch of a remote up to date.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="source">The branch at the remote.</param>
    /// <param name="asked">When it was asked for (<see cref="Now"/>): a fetch that began later will do.</param>
    /// <param name="cancellation">Ends the fetch, and waiting for one.</param>
    /// <exception cref="WorktreeIsolatorException">The remote cannot be reached, or the fetch lock was not free in time.</exception>
    public static void Fetch(Repository repository, RemoteBranch source, long asked, CancellationToken cancellation)
    {
        var directory = Path.Combine(repository.StateDirectory, "fetch");
        Sharing.CreateDirectory(directory);
        var lockPath = Path.Combine(repository.StateDirectory, "fetch.lock");
        using var taken = FileLock.Acquire(lockPath, GitCommand.NetworkTimeout, LongestPause, cancellation: cancellation)
            ?? throw new WorktreeIsolatorException(
                FailureKind.Lock,
                $"The fetch lock '{lockPath}' was not free within {GitCommand.NetworkTimeout.TotalMinutes:0} min. It is held by {LockHolder.Describe(lockPath)}.",
                "Is the remote slow? fetch = \"never\" starts from what is there.");
        var stamp = Path.Combine(directory, KeyOf(source));
        if (LastBegan(stamp) > asked)
        {
            return;
        }

        taken.Describe(string.Create(CultureInfo.InvariantCulture, $"fetch from {source.Remote}, pid {Environment.ProcessId}"));
        var began = Stopwatch.GetTimestamp();
        FetchNow(repository, source, cancellation);
        DurableFile.Replace(stamp, Encoding.ASCII.GetBytes($"{BootId()} {began.ToString(CultureInfo.InvariantCulture)}\n"), sync: false);
    }

    /// <summary>A push of another run updates the same remote-tracking ref, and holds no lock of ours while it does.</summary>
    private static void FetchNow(Repository repository, RemoteBranch source, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                repository.Git.WithTimeout(GitCommand.NetworkTimeout).Run(
                    [
                        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", source.Remote,
                        RefspecOf(repository, source),
                    ],
                    cancellation);
                return;
            }
            catch (GitException e) when (tries < Tries && e.Error.Contains("cannot lock ref", StringComparison.Ordinal))
            {
                // What it said is over by now.
            }
        }
    }

    /// <summary>Brings one branch of a remote up to date.</summary>
    /// <returns>Its commit; null if the remote has no such branch.</returns>
    /// <exception cref="WorktreeIsolatorException">The remote cannot be reached, or the fetch lock was not free in time.</exception>
    public static CommitId? FetchTip(Repository repository, RemoteBranch source, CancellationToken cancellation)
    {
        try
        {
            Fetch(repository, source, Now, cancellation);
        }
        catch (GitException e) when (e.Error.Contains("couldn't find remote ref", StringComparison.Ordinal))
        {
            return null;
        }

        return CommitId.Parse(repository.Git.ReadOnly().Run(["rev-parse", "--verify", source.TrackingRef(repository.Config)], cancellation).Output);
    }

    /// <summary>
    /// Refuses a mirror clone, of which someone expects fetches: one with prune deletes every ref that the remote lacks, and ours are among them.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="refs">Full names of the refs that a run will make.</param>
    /// <exception cref="WorktreeIsolatorException">A remote's fetch would write one of them.</exception>
    public static void RefuseMirror(Repository repository, params IReadOnlyList<string> refs)
    {
        foreach (var remote in repository.Config.Remotes)
        {
            foreach (var refspec in repository.Config.GetAll($"remote.{remote}.fetch"))
            {
                var colon = refspec.IndexOf(':', StringComparison.Ordinal);
                if (colon >= 0 && refs.Any(name => Covers(refspec[(colon + 1)..], name)))
                {
                    throw new WorktreeIsolatorException(
                        FailureKind.Configuration,
                        $"The remote '{remote}' is mirrored (remote.{remote}.fetch = {refspec}): a fetch with prune would delete the branches and rescue refs of runs.",
                        "Use a clone that was made without --mirror. If nobody fetches with prune here: fetch = \"never\"");
                }
            }
        }
    }

    /// <summary>Where the configuration tracks a branch, git updates that; a clone of one branch tracks no other, and would fetch it to nowhere.</summary>
    private static string RefspecOf(Repository repository, RemoteBranch source) =>
        source.ConfiguredTrackingRef(repository.Config) is not null || !repository.Config.Remotes.Contains(source.Remote)
            || !source.Ref.StartsWith(Heads, StringComparison.Ordinal)
            ? source.Ref
            : $"+{source.Ref}:{source.TrackingRef(repository.Config)}";

    /// <summary>Whether one side of a refspec means a ref.</summary>
    private static bool Covers(string side, string name)
    {
        var star = side.IndexOf('*', StringComparison.Ordinal);
        return star < 0
            ? side == name
            : name.StartsWith(side[..star], StringComparison.Ordinal) && name.EndsWith(side[(star + 1)..], StringComparison.Ordinal);
    }

    private static long LastBegan(string stamp)
    {
        if (!File.Exists(stamp))
        {
            return long.MinValue;
        }

        var fields = File.ReadAllText(stamp).TrimEnd('\n').Split(' ');
        return fields.Length == 2 && fields[0] == BootId()
            && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var began)
            ? began
            : long.MinValue;
    }

    private static string KeyOf(RemoteBranch source) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source.Remote}\0{source.Ref}")))[..16];

    private static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
