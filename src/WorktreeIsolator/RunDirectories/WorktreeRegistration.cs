using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>A worktree that git knows, whether its files are there or not.</summary>
/// <param name="Path">Canonical path of its directory.</param>
/// <param name="AdminDirectory"><c>COMMON/worktrees/NAME</c>.</param>
/// <param name="Branch">The run branch, checked out in it when it was made.</param>
/// <param name="Base">The commit it was made from.</param>
internal sealed record RegisteredWorktree(string Path, string AdminDirectory, BranchName Branch, CommitId Base)
{
    /// <summary>Whether its <c>.git</c> is still the file that names the admin directory: only then may anything be done to its files.</summary>
    public bool IsIntact => GitFile.ReadAdminDirectory(Path) is { } named && CanonicalPath.Of(named) == AdminDirectory
        && Directory.Exists(AdminDirectory);

    /// <summary>Where it is now, if someone moved it with <c>git worktree move</c>; else null.</summary>
    public string? MovedTo => GitFile.ReadWorktree(AdminDirectory) is { } named && named != Path && Directory.Exists(named) ? named : null;

    /// <summary>
    /// The worktree at a path; null unless its <c>.git</c> names an admin directory whose <c>gitdir</c> names it back. The first alone an
    /// engine may have written: with <c>gitdir: ../../.git</c> it would be the user's own repository and index.
    /// </summary>
    public static RegisteredWorktree? TryFind(string path, BranchName branch, CommitId baseCommit) =>
        GitFile.ReadAdminDirectory(path) is { } admin
        && GitFile.ReadWorktree(CanonicalPath.Of(admin)) is { } named
        && CanonicalPath.Of(named) == CanonicalPath.Of(path)
            ? new RegisteredWorktree(path, CanonicalPath.Of(admin), branch, baseCommit)
            : null;

    /// <summary>Where the worktree that was made at a path is now, if someone moved it and nothing is at that path; else null.</summary>
    public static string? FindMoved(Repository repository, string path)
    {
        var admin = System.IO.Path.Combine(repository.CommonDirectory, "worktrees", System.IO.Path.GetFileName(path));
        return !Directory.Exists(path) && GitFile.ReadWorktree(admin) is { } named && named != path
            && GitFile.ReadAdminDirectory(named) is { } back && CanonicalPath.Of(back) == admin
            ? named
            : null;
    }

    /// <summary>The worktree that was at a path where nothing is any more; null if git does not know it either.</summary>
    public static RegisteredWorktree? TryFindGone(Repository repository, string path, BranchName branch, CommitId baseCommit)
    {
        var admin = System.IO.Path.Combine(repository.CommonDirectory, "worktrees", System.IO.Path.GetFileName(path));
        return !Directory.Exists(path) && GitFile.ReadWorktree(admin) == path ? new RegisteredWorktree(path, admin, branch, baseCommit) : null;
    }
}

/// <summary>
/// <c>git worktree add</c> without its checkout, under the repository lock: 5–13 ms whatever the size of the tree. Concurrent ones fail in
/// git (2.39: about half of 40), and processes that do not take our lock still race with us, so git's own races are tried again.
/// </summary>
internal static class WorktreeRegistration
{
    private const int Tries = 3;

    // Between making an admin directory and locking it, git gives every 'worktree prune' (and 'gc') the chance to delete it again. On a busy
    // machine two of them in a loop hit that gap every other time (git 2.39), and a try costs milliseconds.
    private const int TriesAgainstPrune = 20;

    private const string ReasonPrefix = "wt-run ";
    private const string SessionWord = "session ";

    // git's messages, under LC_ALL=C, when another process changes the same files at the same moment.
    private static readonly string[] Races =
    [
        "commondir", "cannot lock ref", "config.lock", "bad object worktrees/", "Interrupted system call", "unable to create temporary file",
    ];

    /// <summary>Registers a worktree and its branch; nothing is left if that fails.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="directory">Where run worktrees go.</param>
    /// <param name="runId">The run that makes it.</param>
    /// <param name="name">The name of the worktree: the run's id, or a session's.</param>
    /// <param name="branch">The branch to make; one that holds the id needs no look beforehand, nobody else makes it.</param>
    /// <param name="baseCommit">What to make it from.</param>
    /// <exception cref="WorktreeIsolatorException">The branch or path is taken, or git cannot do it.</exception>
    public static RegisteredWorktree Register(
        Repository repository, WorktreesDirectory directory, string runId, string name, BranchName branch, CommitId baseCommit)
    {
        var isOurs = branch.Value.EndsWith(name, StringComparison.Ordinal);
        if (!isOurs)
        {
            RequireFree(repository, branch);
        }

        return Add(repository, directory, runId, name, ["--no-track", isOurs ? "-B" : "-b", branch.Value], baseCommit.ToString(), branch, baseCommit, error =>
        {
            if (isOurs || !error.Contains("already exists", StringComparison.Ordinal))
            {
                _ = repository.DeleteRef(branch.Ref, baseCommit, runId);
            }
        });
    }

    /// <summary>Registers a worktree with a detached HEAD; no branch is made.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="directory">Where run worktrees go.</param>
    /// <param name="id">The run's id: the name of the worktree.</param>
    /// <param name="branch">The run branch, which exists.</param>
    /// <param name="baseCommit">What the run began from.</param>
    /// <param name="tip">What to check out.</param>
    public static RegisteredWorktree RegisterDetached(
        Repository repository, WorktreesDirectory directory, string id, BranchName branch, CommitId baseCommit, CommitId tip) =>
        Add(repository, directory, id, id, ["--detach"], tip.ToString(), branch, baseCommit, static _ => { });

    /// <summary>Registers a worktree for a branch that exists.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="directory">Where run worktrees go.</param>
    /// <param name="runId">The run that makes it.</param>
    /// <param name="name">The name of the worktree.</param>
    /// <param name="branch">The branch to check out; it is checked out nowhere else.</param>
    /// <param name="baseCommit">What it began from.</param>
    public static RegisteredWorktree RegisterOnBranch(
        Repository repository, WorktreesDirectory directory, string runId, string name, BranchName branch, CommitId baseCommit) =>
        Add(repository, directory, runId, name, [], branch.Value, branch, baseCommit, static _ => { });

    /// <summary>The run that locked a worktree; null if none of ours did.</summary>
    public static string? RunThatLocked(WorktreeEntry entry) =>
        entry.LockReason?.StartsWith(ReasonPrefix, StringComparison.Ordinal) == true ? RunId.TryParse(entry.LockReason[ReasonPrefix.Length..])?.ToString() : null;

    /// <summary>The session for whose worktree it is locked; null if for none.</summary>
    public static SessionName? SessionThatLocked(WorktreeEntry entry) =>
        entry.LockReason?.StartsWith(ReasonPrefix + SessionWord, StringComparison.Ordinal) == true
            ? SessionName.TryParse(entry.LockReason[(ReasonPrefix.Length + SessionWord.Length)..])
            : null;

    private static RegisteredWorktree Add(
        Repository repository,
        WorktreesDirectory directory,
        string runId,
        string name,
        string[] how,
        string what,
        BranchName branch,
        CommitId baseCommit,
        Action<string> undoBranch)
    {
        if (directory.RequireFit().ExcludePattern is { } pattern)
        {
            InfoExclude.Add(repository.CommonDirectory, [pattern]);
        }

        var path = Path.Combine(directory.Path, name);
        var reason = ReasonPrefix + (SessionName.OfWorktree(name) is { } session ? SessionWord + session : name);
        if (Path.Exists(path))
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"'{path}' already exists.");
        }

        Sharing.CreateDirectory(directory.Path);
        for (var attempt = 1; ; attempt++)
        {
            var began = TimeProvider.System.GetUtcNow();
            var result = repository.Git.OfRun(runId).Try(
                ["worktree", "add", "--lock", "--reason", reason, "--no-checkout", .. how, path, what]);
            if (result.Succeeded && TryFindWhole(path, branch, baseCommit) is { } registered)
            {
                return registered;
            }

            Undo(repository, path, runId);
            LeftLock.Remove(repository, began, branch.Ref);
            undoBranch(result.Error);
            if (attempt >= TriesFor(result, name))
            {
                if (how.Contains("-b"))
                {
                    RequireFree(repository, branch);
                }

                throw new GitException(["worktree", "add", path], result.ExitCode, result.Error, HintFor(result.Error));
            }
        }
    }

    private static int TriesFor(GitResult result, string name)
    {
        // A success without its admin directory is a prune's work as well.
        if (result.Succeeded || (result.Error.Contains($"/worktrees/{name}", StringComparison.Ordinal)
            && result.Error.Contains("No such file or directory", StringComparison.Ordinal)))
        {
            return TriesAgainstPrune;
        }

        return Array.Exists(Races, race => result.Error.Contains(race, StringComparison.OrdinalIgnoreCase)) ? Tries : 1;
    }

    /// <summary>Refuses a branch that exists, or that cannot exist beside one that does (<c>feat</c> and <c>feat/x</c>).</summary>
    public static void RequireFree(Repository repository, BranchName branch)
    {
        // One process: the branch itself, everything below it, and every name that is a directory of it.
        var parents = new List<string>();
        for (var slash = branch.Value.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = branch.Value.IndexOf('/', slash + 1))
        {
            parents.Add("refs/heads/" + branch.Value[..slash]);
        }

        var listed = repository.Git.ReadOnly().Run(["for-each-ref", "--count=1", "--format=%(refname)", branch.Ref]).Output;
        if (listed.Length == 0)
        {
            listed = parents.Find(parent => repository.Git.ReadOnly().Try(["show-ref", "--verify", "--quiet", parent]).Succeeded) ?? "";
        }

        if (listed.Length > 0)
        {
            var existing = listed["refs/heads/".Length..];
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                existing == branch.Value
                    ? $"The branch '{branch}' already exists."
                    : $"The branch '{branch}' cannot be made: the branch '{existing}' exists, and git cannot have both.",
                branch.Value.StartsWith("wt/session/", StringComparison.Ordinal)
                    ? "No session of that name is known here. Give the session another name, or delete or rename the branch when you have what you need from it."
                    : "Give another name with --branch, or leave --branch out.");
        }
    }

    /// <summary>The worktree just made; null if a prune took files from its admin directory while git filled it.</summary>
    private static RegisteredWorktree? TryFindWhole(string path, BranchName branch, CommitId baseCommit) =>
        RegisteredWorktree.TryFind(path, branch, baseCommit) is { } found
        && Array.TrueForAll(["HEAD", "commondir", "gitdir", "locked"], file => File.Exists(Path.Combine(found.AdminDirectory, file)))
            ? found
            : null;

    /// <summary>Removes what one failed try made; the path did not exist before it, and holds at most its <c>.git</c> file now.</summary>
    private static void Undo(Repository repository, string path, string id)
    {
        if (repository.Git.OfRun(id).Try(["worktree", "remove", "-f", "-f", path]).Succeeded)
        {
            return;
        }

        if (Directory.Exists(path))
        {
            File.Delete(Path.Combine(path, ".git"));
            Directory.Delete(path);
        }

        Removal.ForgetHalfMade(repository, path);
    }

    private static string? HintFor(string error) => error switch
    {
        _ when error.Contains("Permission denied", StringComparison.Ordinal) => "wt-run must be able to write to the repository's .git and to worktrees_dir.",
        _ when error.Contains("No space left", StringComparison.Ordinal) => "Free some space; 'wt-run prune' removes what dead runs left.",
        _ => null,
    };
}
