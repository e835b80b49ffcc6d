namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A real git repository in a <see cref="Scratch"/>, with one commit on <c>main</c> unless it is wanted empty.</summary>
internal sealed class TestRepository
{
    private readonly Scratch _scratch;

    public TestRepository(Scratch scratch, string name = "repo", bool empty = false)
    {
        _scratch = scratch;
        Path = scratch.Directory(name);
        Git("init", "--quiet", "-b", "main");
        if (!empty)
        {
            Commit("README", "first\n");
        }
    }

    private TestRepository(Scratch scratch, string name)
    {
        _scratch = scratch;
        Path = scratch.Path(name);
    }

    /// <summary>Absolute path of the main worktree.</summary>
    public string Path { get; }

    /// <summary>The commit that is checked out.</summary>
    public string Head => Git("rev-parse", "HEAD");

    /// <summary>Short names of all local branches, sorted.</summary>
    public IReadOnlyList<string> Branches => Lines(Git("for-each-ref", "--format=%(refname:short)", "refs/heads"));

    /// <summary>Full names of all refs, sorted.</summary>
    public IReadOnlyList<string> Refs => Lines(Git("for-each-ref", "--format=%(refname)"));

    /// <summary>Absolute paths of all registered worktrees, the main one first.</summary>
    public IReadOnlyList<string> Worktrees =>
    [
        .. Lines(Git("worktree", "list", "--porcelain")).Where(line => line.StartsWith("worktree ", StringComparison.Ordinal)).Select(line => line[9..]),
    ];

    /// <summary>The bytes of <c>.git/config</c>, to see that nobody wrote it.</summary>
    public byte[] ConfigBytes => File.ReadAllBytes(System.IO.Path.Combine(Path, ".git/config"));

    /// <summary>What <c>git status --porcelain</c> prints; empty if the checkout is clean.</summary>
    public string Status => Git("status", "--porcelain");

    /// <summary><c>wt-run</c>, started in the top of this repository.</summary>
    public WtRun WtRun => new(_scratch, Path);

    /// <summary>Absolute path of something in the main worktree.</summary>
    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>A repository that is there already.</summary>
    public static TestRepository Existing(Scratch scratch, string name) => new(scratch, name);

    /// <summary>Runs git in the main worktree; gives its standard output without the last line end.</summary>
    public string Git(params IReadOnlyList<string> arguments) => TryGit(arguments).Expect(0).Output.TrimEnd('\n');

    /// <summary>Runs git in the main worktree, whatever its exit code.</summary>
    public Finished TryGit(params IReadOnlyList<string> arguments) => _scratch.Run(Path, ["git", .. arguments]);

    /// <summary>Writes a file of the main worktree without committing it.</summary>
    public void Write(string file, string text)
    {
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[file])!);
        File.WriteAllText(this[file], text);
    }

    public string Read(string file) => File.ReadAllText(this[file]);

    /// <summary>Writes a file and commits it alone; gives the commit.</summary>
    public string Commit(string file, string text, string? message = null)
    {
        Write(file, text);
        Git("add", "--", file);
        Git("commit", "--quiet", "-m", message ?? $"Change {file}", "--", file);
        return Head;
    }

    /// <summary>Makes a bare repository with everything of this one, and makes it a remote; <c>main</c> follows its branch there.</summary>
    /// <returns>Absolute path of the bare repository.</returns>
    public string AddBareRemote(string name = "origin")
    {
        var bare = _scratch.Directory($"{System.IO.Path.GetFileName(Path)}.{name}.git");
        _scratch.Run(bare, "git", "init", "--quiet", "--bare", "-b", "main").Expect(0);
        Git("remote", "add", name, bare);
        Git("push", "--quiet", "--set-upstream", name, "main");
        Git("remote", "set-head", name, "main");
        return bare;
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
