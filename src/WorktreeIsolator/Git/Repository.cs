using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>
/// One git repository as a project reaches it: through its main worktree, a linked one, a subdirectory, or bare. What is read
/// here is read once, when a run begins.
/// </summary>
internal sealed class Repository
{
    /// <summary>What rev-parse is asked, one line for each answer.</summary>
    private static readonly string[] Questions = ["--git-common-dir", "--git-dir", "--is-inside-work-tree", "--show-toplevel", "HEAD"];

    private Repository(GitCommand git, RepositoryPaths paths, GitConfig config, bool isBare)
    {
        Git = git;
        Paths = paths;
        Config = config;
        IsBare = isBare;
    }

    /// <summary>git for the repository itself: refs, objects, worktree registration.</summary>
    public GitCommand Git { get; }

    public GitConfig Config { get; }

    private RepositoryPaths Paths { get; }

    /// <summary>Canonical path of the git common directory: what makes two paths one repository.</summary>
    public string CommonDirectory => Paths.CommonDirectory;

    /// <summary>Top of the working tree that the project's path lies in; null in a bare repository.</summary>
    public string? Top => Paths.Top;

    /// <summary>The admin directory of the worktree that the project's path lies in; the common directory for the main one.</summary>
    public string GitDirectory => Paths.GitDirectory;

    /// <summary>The same repository, in which none of our steps runs a hook; not even reference-transaction.</summary>
    public Repository WithoutHooks() => new(Git.WithoutHooks(), Paths, Config, IsBare);

    /// <summary>The same repository, in which every git is marked as one that fetches for a run, so that recovery ends it if the supervisor dies.</summary>
    public Repository FetchingFor(string id) => new(Git.With(ProcessTree.FetchVariable, id), Paths, Config, IsBare);

    /// <summary>Top of the main worktree; null if the repository has none.</summary>
    public string? MainTop => Paths.Top is { } top && !Paths.IsLinked ? top : IsBare ? null : Paths.MainTopBesideCommonDirectory;

    /// <summary>Whether there is no main worktree; a bare repository may be called <c>.git</c>, beside its linked worktrees.</summary>
    public bool IsBare { get; }

    /// <summary>What a relative <c>worktrees_dir</c> is relative to.</summary>
    public string WorktreesBase => MainTop ?? Path.GetDirectoryName(CommonDirectory)!;

    /// <summary>The branch checked out where the project's path lies (its full ref name), even if it has no commit; null if detached.</summary>
    public string? HeadRef => Paths.HeadRef;

    /// <summary>Where wt-run keeps its state.</summary>
    public string StateDirectory => Path.Combine(CommonDirectory, "wt-run");

    /// <summary>Whether a commit is another one or an ancestor of it; false if there is no such other one.</summary>
    public bool IsAncestor(CommitId commit, string of) =>
        of == commit.ToString() || Git.ReadOnly().Try(["merge-base", "--is-ancestor", commit.ToString(), of]).Succeeded;

    /// <summary>Makes a ref of a run, or moves it, whatever it names.</summary>
    /// <param name="name">The full name.</param>
    /// <param name="to">What it is to name.</param>
    /// <param name="runId">The run whose ref it is.</param>
    /// <exception cref="GitException">git could not.</exception>
    public void SetRef(string name, CommitId to, string runId)
    {
        string[] arguments = ["update-ref", "--no-deref", name, to.ToString()];
        if (UpdateRef(name, arguments, runId) is { Succeeded: false } failed)
        {
            throw new GitException(arguments, failed.ExitCode, failed.Error);
        }
    }

    /// <summary>Deletes a ref.</summary>
    /// <param name="name">The full name.</param>
    /// <param name="at">What it has to name still; null for whatever it names.</param>
    /// <param name="runId">The run whose ref it is.</param>
    public GitResult DeleteRef(string name, CommitId? at, string runId) =>
        UpdateRef(name, at is { } commit ? ["update-ref", "--no-deref", "-d", name, commit.ToString()] : ["update-ref", "--no-deref", "-d", name], runId);

    /// <summary>
    /// A git that is killed leaves the lock of the ref, and the one that everyone takes who deletes a ref: who was killed himself removes them, and the
    /// others try again.
    /// </summary>
    private GitResult UpdateRef(string name, IReadOnlyList<string> arguments, string runId)
    {
        const int tries = 3;
        for (var attempt = 1; ; attempt++)
        {
            var began = TimeProvider.System.GetUtcNow();
            var result = Git.OfRun(runId).Try(arguments);
            if (result.WasKilled)
            {
                LeftLock.Remove(this, began, name);
                LeftLock.Remove(this, began);
            }

            if (attempt == tries || !(result.WasKilled || result.Error.Contains("packed-refs.lock': File exists", StringComparison.Ordinal)))
            {
                return result;
            }
        }
    }

    /// <summary>Opens the repository that holds a directory.</summary>
    /// <param name="directory">An absolute path that exists.</param>
    /// <param name="environment">The caller's variables; what could point git elsewhere is ignored.</param>
    /// <returns>Null if the directory lies in no repository.</returns>
    /// <exception cref="WorktreeIsolatorException">git is missing or too old, or refuses the repository.</exception>
    public static Repository? TryOpen(string directory, IReadOnlyDictionary<string, string> environment)
    {
        var git = GitCommand.In(directory, environment);

        // Three short commands side by side take hardly longer than one.
        using var version = git.Begin(["version"]);
        using var parse = git.Begin(["rev-parse", "--path-format=absolute", "--symbolic-full-name", .. Questions]);
        using var config = git.Begin(["config", "--list", "-z"]);

        GitVersion.Require(version.Finish().Output);
        var parsed = parse.Finish();
        var configResult = config.Finish();
        var lines = parsed.Output.Split('\n');
        if (lines.Length < 3)
        {
            return NoRepository(directory, parsed);
        }

        if (lines.Length > Questions.Length)
        {
            // One answer is a path with a line end in it.
            lines = Array.ConvertAll(Questions, question => git.Try(["rev-parse", "--path-format=absolute", "--symbolic-full-name", question]).Output);
        }

        // rev-parse stops at the top of a bare repository, which has none. It does not know a HEAD without a commit, nor one beside a tag of that name.
        var paths = RepositoryPaths.Parse(lines, lines[^1].StartsWith("refs/heads/", StringComparison.Ordinal) ? lines[^1] : git.Try(["symbolic-ref", "-q", "HEAD"]).Output);
        var settings = GitConfig.Parse(configResult.RawOutput);
        var inStore = GitCommand.In(paths.CommonDirectory, environment).With("GIT_DIR", paths.CommonDirectory);

        // With a configuration for each worktree a linked one does not see the main one's (git 2.39: not even 'git worktree list' does).
        var ofMain = paths.IsLinked && settings.IsTrue("extensions.worktreeconfig") ? GitConfig.Parse(inStore.Run(["config", "--list", "-z"]).RawOutput) : settings;
        return new Repository(paths.Top is { } top ? GitCommand.In(top, environment) : inStore, paths, settings, HasNoMainWorktree(paths, ofMain));
    }

    /// <summary>What git, too, goes by: the setting, and where there is none, the name.</summary>
    private static bool HasNoMainWorktree(RepositoryPaths paths, GitConfig config) => (paths.Top is null || paths.IsLinked)
        && (config.Get("core.bare") is null
            ? config.Get("core.worktree") is null && paths.MainTopBesideCommonDirectory is null
            : config.IsTrue("core.bare"));

    private static Repository? NoRepository(string directory, GitResult parsed)
    {
        if (parsed.Error.Contains("not a git repository", StringComparison.Ordinal))
        {
            return null;
        }

        var hint = parsed.Error.Contains("dubious ownership", StringComparison.Ordinal)
            ? $"It belongs to another user. If you trust it: git config --global --add safe.directory {Processes.ShellWords.Quoted(directory)}"
            : parsed.Error.Contains("safe.bareRepository", StringComparison.Ordinal)
                ? "Your configuration takes a bare repository only where it is named. Let the project's path be a linked worktree of it: git --git-dir=REPOSITORY worktree add PATH"
                : null;
        throw new GitException(["rev-parse", "--git-common-dir", "(in " + directory + ")"], parsed.ExitCode, parsed.Error, hint);
    }
}
