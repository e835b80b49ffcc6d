using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Takes a worktree away: its directory is renamed into the trash, git forgets it, and the files are
/// deleted behind everyone's back. Whoever calls has made sure that everything in it is reachable elsewhere.
/// </summary>
internal static class Removal
{
    // Directories that are read-only stop rm for everyone but root. Neither find -type d nor rm follows a symbolic link. It outlives us: a pipe
    // that a caller gave us besides the first three descriptors, and reads to its end, must not end only with it.
    private const string DeleteScript =
        """exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; rm -rf -- "$1" 2>/dev/null || { find "$1" -type d ! -perm -u=rwx -exec chmod u+rwx {} \; ; rm -rf -- "$1"; }""";

    /// <summary>Removes a worktree.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="directory">The project's directory for worktrees.</param>
    /// <param name="path">The worktree's directory; it may be gone already.</param>
    /// <param name="adminDirectory">Its admin directory.</param>
    /// <param name="takeLock">Takes the repository lock.</param>
    /// <param name="runId">The run.</param>
    /// <exception cref="WorktreeIsolatorException">git still knows the worktree, or its directory is still there.</exception>
    public static void Remove(
        Repository repository, WorktreesDirectory directory, string path, string adminDirectory, Func<RepositoryLock> takeLock, string runId)
    {
        var trash = Directory.Exists(path) ? MoveToTrash(directory, path) : null;
        using (takeLock())
        {
            var result = repository.Git.OfRun(runId).Try(["worktree", "remove", "-f", "-f", path]);
            if (!result.Succeeded)
            {
                ForgetHalfMade(repository, path);
            }

            if (Directory.Exists(adminDirectory))
            {
                throw new GitException(["worktree", "remove", path], result.ExitCode, result.Error);
            }
        }

        if (trash is not null)
        {
            DeleteBehind(trash, repository.Git.Environment);
        }
    }

    /// <summary>
    /// Removes the admin directory that a killed <c>worktree add</c> left and that git itself cannot remove, if it is the one for this path:
    /// its <c>gitdir</c> file names the path, or was never written. The caller holds the repository lock.
    /// </summary>
    public static void ForgetHalfMade(Repository repository, string path)
    {
        var admin = Path.Combine(repository.CommonDirectory, "worktrees", Path.GetFileName(path));
        if (!Directory.Exists(admin) || Path.Exists(path))
        {
            return;
        }

        try
        {
            if (IsHalfMade(admin) || File.ReadAllText(Path.Combine(admin, "gitdir")).TrimEnd('\n') == Path.Combine(path, ".git"))
            {
                DeleteTree(admin);
            }
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // A 'git worktree prune' of someone else's deletes it at the same time; once more takes what is left, if anything is.
            if (Directory.Exists(admin))
            {
                ForgetHalfMade(repository, path);
            }
        }
    }

    /// <summary>Whether an admin directory does not say yet where its worktree is: git makes the file, and writes it then.</summary>
    public static bool IsHalfMade(string adminDirectory) => new FileInfo(Path.Combine(adminDirectory, "gitdir")) is not { Exists: true, Length: > 0 };

    /// <summary>Deletes what waits in the trash, as a process that nobody waits for.</summary>
    public static void DeleteBehind(string path, IReadOnlyDictionary<string, string> environment)
    {
        var child = ChildProcess.Start(new ChildStart
        {
            Argv = ["/bin/sh", "-c", DeleteScript, "wt-run-delete", path],
            WorkingDirectory = "/",
            Environment = environment,
            Output = ChildOutput.Null,
            Error = ChildOutput.Null,
            Group = ChildGroup.OwnSession,
        });

        // A program that outlives the deletion must not keep its zombie.
        var reaper = new Thread(() =>
        {
            _ = child.Wait();
            child.Dispose();
        })
        {
            IsBackground = true,
            Name = "wt-run-delete",
        };
        reaper.Start();
    }

    private static string MoveToTrash(WorktreesDirectory directory, string path)
    {
        Sharing.CreateDirectory(directory.Trash);
        var trash = Path.Combine(directory.Trash, $"{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            Directory.Move(path, trash);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // rename(2) of a directory changes its "..", so a read-only one cannot be moved by its owner.
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Directory.Move(path, trash);
        }

        return trash;
    }

    private static void DeleteTree(string directory)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } child)
            {
                DeleteTree(child.FullName);
            }
            else
            {
                entry.Delete();
            }
        }

        Directory.Delete(directory);
    }
}
