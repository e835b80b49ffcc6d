using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Fills a registered worktree: git's files, then what git ignores and the project wants copied, the post-checkout hook, the project's setup,
/// and last the links, so that no setup command that empties its directory can reach through one.
/// </summary>
internal sealed class WorktreeContents(
    Repository repository, RegisteredWorktree worktree, GitCommand git, ProjectConfig project, PlacedFiles placed, Action<string> warn)
{
    /// <summary>What <c>copy</c> and <c>link</c> put there, relative to the top: it never enters a commit.</summary>
    public IReadOnlyList<string> Placed => placed.Paths;

    /// <summary>The file that says so.</summary>
    public string PlacedFile => placed.File;

    /// <summary>Writes git's files, outside the repository lock and no more at once than there are cores.</summary>
    public void CheckOut(CancellationToken cancellation)
    {
        using var place = CheckoutGate.Enter(repository.StateDirectory, cancellation);

        // Without the flag submodule.recurse = true breaks a fresh worktree. workers = 0: one for each core, from checkout.thresholdForParallelism files on.
        var checkout = git.Configured("checkout.workers", "0").WithTimeout(GitCommand.ContentTimeout);
        checkout.Run(["reset", "--hard", "--quiet", "--no-recurse-submodules"], cancellation);
        if (project.Submodules && File.Exists(Path.Combine(worktree.Path, ".gitmodules")))
        {
            CheckOutSubmodules(cancellation);
        }
    }

    /// <summary>Copies files that git ignores from the main worktree; an earlier run's reflink or hard copy, whatever the file system can.</summary>
    public void Copy()
    {
        var files = IgnoredFiles(project.Copy, "copy").Where(file => !IsTaken(file) && !IsBehindLink(file, "copied")).ToList();
        placed.Add(files);
        foreach (var file in files)
        {
            AnyFile.Copy(Path.Combine(repository.MainTop!, file), Path.Combine(worktree.Path, file));
        }
    }

    /// <summary>Runs the repository's post-checkout hook, which <c>--no-checkout</c> left out; its failure is told and changes nothing, as in git.</summary>
    /// <param name="commands">Runs it.</param>
    /// <param name="environment">The run's.</param>
    public void RunPostCheckoutHook(ProjectCommands commands, IReadOnlyDictionary<string, string> environment)
    {
        if (project.Hooks == HookMode.Skip || FindHook("post-checkout") is not { } hook)
        {
            return;
        }

        // Not by 'git hook run': that sets GIT_DIR, which 'git worktree add' does not, and git in a submodule would take the wrong repository.
        // The shell starts a hook without a first line that names its interpreter, as git does.
        var exitCode = commands.Run(
            "post-checkout hook",
            ["/bin/sh", "-c", "exec \"$0\" \"$@\"", hook, worktree.Base.Zero, worktree.Base.ToString(), "1"],
            worktree.Path,
            environment,
            project.SetupTimeout);
        if (exitCode != 0)
        {
            warn(exitCode is null
                ? $"The post-checkout hook took longer than {Duration.Format(project.SetupTimeout)} (setup_timeout) and was ended; the run goes on."
                : $"The post-checkout hook failed with exit code {exitCode}; the run goes on.");
        }
    }

    /// <summary>Runs the project's setup command.</summary>
    /// <exception cref="WorktreeIsolatorException">It failed or took too long.</exception>
    public void SetUp(ProjectCommands commands, string directory, IReadOnlyDictionary<string, string> environment)
    {
        if (project.Setup.Count == 0)
        {
            return;
        }

        var exitCode = commands.Run("setup", project.Setup, directory, environment, project.SetupTimeout);
        if (exitCode != 0)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Setup,
                exitCode is null
                    ? $"The setup command '{string.Join(' ', project.Setup)}' took longer than {Duration.Format(project.SetupTimeout)} (setup_timeout)."
                    : $"The setup command '{string.Join(' ', project.Setup)}' failed with exit code {exitCode}.",
                "Its output is in the log.");
        }
    }

    /// <summary>Places symbolic links to what git ignores in the main worktree.</summary>
    /// <param name="takeLock">Takes the repository lock.</param>
    public void Link(Func<RepositoryLock> takeLock)
    {
        var links = project.Link.Count == 0 ? [] : LinkSources().Where(IsFreeForLink).ToList();
        if (links.Count == 0)
        {
            return;
        }

        placed.Add(links);
        foreach (var entry in links)
        {
            var target = Path.Combine(worktree.Path, entry);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.CreateSymbolicLink(target, Path.Combine(repository.MainTop!, entry));
        }

        // The usual ignore line 'node_modules/' means a directory; the link in its place would be untracked, and 'git add -A' would commit it.
        using (takeLock())
        {
            InfoExclude.Add(repository.CommonDirectory, links.Select(InfoExclude.PatternFor));
        }
    }

    private bool IsFreeForLink(string entry)
    {
        if (IsBehindLink(entry, "linked"))
        {
            return false;
        }

        if (IsTaken(entry))
        {
            warn($"'{entry}' is not linked: the worktree has it already.");
            return false;
        }

        return true;
    }

    private bool IsTaken(string entry) => AnyFile.Exists(Path.Combine(worktree.Path, entry));

    /// <summary>The base may have a symbolic link where the main worktree has a directory; what we place must not go where it leads.</summary>
    private bool IsBehindLink(string entry, string done)
    {
        var directory = Path.GetDirectoryName(Path.Combine(worktree.Path, entry))!;
        if (CanonicalPath.Of(directory) == directory)
        {
            return false;
        }

        warn($"'{entry}' is not {done}: in the worktree a symbolic link stands in its way.");
        return true;
    }

    private IEnumerable<string> LinkSources()
    {
        if (repository.MainTop is not { } main)
        {
            warn("link has no effect: the repository is bare and has no files to link to.");
            yield break;
        }

        var asked = project.Link.Select(path => path.TrimEnd('/')).Where(path => Path.Exists(Path.Combine(main, path))).ToList();
        var ignored = asked.Count == 0 ? [] : repository.Git.ReadOnly()
            .WithInput(string.Join('\0', asked.Select(path => Directory.Exists(Path.Combine(main, path)) ? path + "/" : path)) + "\0")
            .Try(["-C", main, "check-ignore", "-z", "--stdin"]).Fields.Select(path => path.TrimEnd('/')).ToHashSet(StringComparer.Ordinal);
        foreach (var path in asked)
        {
            if (ignored.Contains(path))
            {
                yield return path;
            }
            else
            {
                warn($"'{path}' is not linked: git does not ignore it, so the worktree has its own.");
            }
        }
    }

    private IEnumerable<string> IgnoredFiles(IReadOnlyList<string> patterns, string key)
    {
        if (patterns.Count == 0)
        {
            return [];
        }

        if (repository.MainTop is not { } main)
        {
            warn($"{key} has no effect: the repository is bare and has no files to take from.");
            return [];
        }

        var files = repository.Git.ReadOnly().Run(
        [
            "-C", main, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", .. patterns.Select(p => $":(top,glob){p}"),
        ]).Fields;

        // A path that ends in a slash is a repository of its own, such as another run's worktree.
        return files.Where(file => !file.EndsWith('/') && !CanonicalPath.IsAtOrBelow(Path.Combine(main, file), Path.GetDirectoryName(worktree.Path)!));
    }

    private void CheckOutSubmodules(CancellationToken cancellation)
    {
        var result = git.At(worktree.Path).WithTimeout(null).Try(["submodule", "update", "--init", "--recursive", "--quiet"], cancellation);
        if (!result.Succeeded)
        {
            throw new GitException(["submodule", "update", "--init", "--recursive"], result.ExitCode, result.Error, "submodules = false leaves them empty.");
        }
    }

    /// <summary>A hook that git would run in the worktree; a relative core.hooksPath is relative to its top.</summary>
    private string? FindHook(string name)
    {
        const int MayExecute = 1;
        var path = repository.Config.Get("core.hookspath") is null
            ? Path.Combine(repository.CommonDirectory, "hooks", name)
            : git.At(worktree.Path).ReadOnly().Run(["rev-parse", "--path-format=absolute", "--git-path", "hooks/" + name]).Output;
        return Libc.Access(path, MayExecute) == 0 ? path : null;
    }
}
