using System.Security.Cryptography;
using System.Text;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Trees of what a worktree holds. All but <see cref="CommitAll"/> work on a copy of its index: what the engine staged stays as it is.
/// </summary>
internal sealed class WorktreeSnapshot(RegisteredWorktree worktree, GitCommand git, IReadOnlyList<string> placed)
{
    /// <summary>What git writes down about an operation under way, below the admin directory, beside refs to commits.</summary>
    private static readonly string[] StateDirectories = ["rebase-merge", "rebase-apply", "sequencer"];

    private static readonly string[] StateFiles = ["MERGE_MSG", "BISECT_LOG"];

    /// <summary>
    /// With core.safecrlf = true git would refuse what mixes line ends. Started in the worktree, if that is there: from elsewhere <c>write-tree</c> writes
    /// the index without a look at files that changed in the second in which they were staged, and no git sees that change any more (git 2.39).
    /// </summary>
    private GitCommand Writer { get; } = (Directory.Exists(worktree.Path) ? git.At(worktree.Path) : git).WithoutHooks().Configured("core.safecrlf", "false").WithTimeout(GitCommand.ContentTimeout);

    /// <summary>Whether files are marked assume-unchanged or skip-worktree though they are there: git does not look at them.</summary>
    /// <param name="lsFiles">The output of <see cref="ListFlags"/>.</param>
    public bool HasHiddenFiles(GitResult lsFiles) => HiddenFiles(lsFiles).Count > 0;

    /// <summary>
    /// Directories below the top that have a <c>.git</c> of their own though git looks into them: because files of theirs are tracked, or because that
    /// repository is broken. git adds their files one by one, and nothing of what is in <c>.git</c>.
    /// </summary>
    /// <param name="lsFiles">The output of <see cref="ListFlags"/>.</param>
    /// <param name="status">The status.</param>
    public IReadOnlyList<string> RepositoriesAround(GitResult lsFiles, WorktreeStatus status)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var rest = lsFiles.RawOutput.AsSpan();
        ReadOnlySpan<byte> last = [];
        for (var end = rest.IndexOf((byte)0); end >= 0; rest = rest[(end + 1)..], end = rest.IndexOf((byte)0))
        {
            var path = rest[2..end];
            var slash = path.LastIndexOf((byte)'/');
            var directory = slash < 0 ? [] : path[..slash];
            if (!directory.SequenceEqual(last))
            {
                AddWithParents(seen, ByteText.Decode(directory));
                last = directory;
            }
        }

        foreach (var path in status.Untracked)
        {
            AddWithParents(seen, Path.GetDirectoryName(path.TrimEnd('/')) ?? "");
        }

        return [.. seen.Where(directory => HoldsSomething(Path.Combine(worktree.Path, directory, ".git")))];
    }

    private static bool HoldsSomething(string path)
    {
        try
        {
            return AnyFile.Exists(path) && (!AnyFile.IsDirectory(path) || !ByteText.IsUtf8(path) || Directory.EnumerateFileSystemEntries(path).Any());
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static void AddWithParents(HashSet<string> directories, string directory)
    {
        while (directory.Length > 0 && directories.Add(directory))
        {
            directory = Path.GetDirectoryName(directory) ?? "";
        }
    }

    /// <summary>Asks git for the flags of all index entries; beside <c>git status</c> that costs no time.</summary>
    public GitCommand.Started ListFlags() => git.ReadOnly().WithTimeout(GitCommand.ContentTimeout).Begin(["ls-files", "-v", "-z"]);

    /// <summary>Stages everything in the worktree's own index, as <c>git commit --all</c> with new files would.</summary>
    /// <returns>The tree.</returns>
    public string CommitAll(WorktreeStatus status) => Add(Writer, status, passOver: false, "--all");

    /// <summary>The working tree: every file that is not ignored, whatever flags its index entry has.</summary>
    /// <param name="status">The status; of nested repositories nothing is taken.</param>
    /// <param name="withUntracked">Whether files that git does not know yet are taken.</param>
    /// <param name="passOver">Whether files that cannot be read are left out; else they are an error.</param>
    public string WorkingTree(WorktreeStatus status, bool withUntracked, bool passOver) => OnCopy(writer =>
    {
        var hidden = HiddenFiles(writer.ReadOnly().Run(["ls-files", "-v", "-z"]));
        if (hidden.Count > 0)
        {
            var paths = string.Join('\0', hidden) + "\0";
            writer.WithInput(paths).Run(["update-index", "--no-assume-unchanged", "-z", "--stdin"]);
            writer.WithInput(paths).Run(["update-index", "--no-skip-worktree", "-z", "--stdin"]);
        }

        return Add(writer, status, passOver, withUntracked ? "--all" : "--update");
    });

    /// <summary>
    /// The index as it is. The three sides of a conflict lie under <c>.stage1/</c> (common ancestor), <c>.stage2/</c> (ours) and
    /// <c>.stage3/</c> (theirs), and what git wrote down about an operation under way (todo list, patches, messages) under <c>.state/</c>.
    /// </summary>
    public string Index() => OnCopy(writer =>
    {
        var entries = new StringBuilder();
        foreach (var entry in writer.ReadOnly().Run(["ls-files", "--unmerged", "-z"]).Fields)
        {
            // "MODE OBJECT STAGE\tPATH"
            var (fields, path) = (entry[..entry.IndexOf('\t', StringComparison.Ordinal)].Split(' '), entry[(entry.IndexOf('\t', StringComparison.Ordinal) + 1)..]);
            entries.Append(null, $"0 {new string('0', fields[1].Length)}\t{path}\0{fields[0]} {fields[1]}\t.stage{fields[2]}/{path}\0");
        }

        AppendState(writer, entries);
        if (entries.Length > 0)
        {
            writer.WithInput(entries.ToString()).Run(["update-index", "-z", "--index-info"]);
        }

        TakeOutPlaced(writer);
        return writer.Run(["write-tree"]).Output;
    });

    /// <summary>Whether git has an index here that it cannot read.</summary>
    public bool HasDamagedIndex => Path.Combine(worktree.AdminDirectory, "index") is var index && File.Exists(index) && !IsSound(index);

    /// <summary>Puts an index made of HEAD in the place of one that is damaged.</summary>
    /// <returns>Where the other one is now; null if it is sound, or there is none.</returns>
    public string? TrySetIndexAside()
    {
        if (!HasDamagedIndex)
        {
            return null;
        }

        var index = Path.Combine(worktree.AdminDirectory, "index");
        var aside = index + ".damaged";
        File.Move(index, aside, overwrite: true);
        if (!Writer.Try(["read-tree", "HEAD"]).Succeeded)
        {
            Writer.Run(["read-tree", "--empty"]);
        }

        return aside;
    }

    /// <summary>Whether git can read it, or could not do without it either. git itself does not look at the checksum at its end (gitformat-index(5)).</summary>
    private bool IsSound(string index)
    {
        if (!git.ReadOnly().Try(["ls-files", "-z"]).Succeeded)
        {
            return !git.With("GIT_INDEX_FILE", index + ".none").ReadOnly().Try(["ls-files", "-z"]).Succeeded;
        }

        var bytes = File.ReadAllBytes(index);
        var length = worktree.Base.ToString().Length / 2;
        if (bytes.Length < length)
        {
            return false;
        }

        var content = bytes.AsSpan(0, bytes.Length - length);
        var checksum = bytes.AsSpan(bytes.Length - length);
        if (!checksum.ContainsAnyExcept((byte)0))
        {
            return true; // index.skipHash
        }

#pragma warning disable CA5350 // git's own choice.
        return checksum.SequenceEqual(length == SHA256.HashSizeInBytes ? SHA256.HashData(content) : SHA1.HashData(content));
#pragma warning restore CA5350
    }

    private string Add(GitCommand writer, WorktreeStatus status, bool passOver, string what)
    {
        // git adds a nested repository as a link to a commit that lies in no repository of ours.
        var excluded = status.NestedRepositories.Select(path => $":(exclude,top,literal){path.TrimEnd('/')}");
        string[] arguments = ["add", what, "--sparse", .. passOver ? ["--ignore-errors"] : Array.Empty<string>(), "--", ":/", .. excluded];
        _ = passOver ? writer.Try(arguments) : writer.Run(arguments);
        TakeOutPlaced(writer);
        return writer.Run(["write-tree"]).Output;
    }

    /// <summary>What wt-run placed is ignored, but the engine may have forced it into the index.</summary>
    private void TakeOutPlaced(GitCommand writer)
    {
        if (placed.Count > 0)
        {
            writer.WithInput(string.Join('\0', placed) + "\0").Run(["update-index", "-z", "--force-remove", "--stdin"]);
        }
    }

    private T OnCopy<T>(Func<GitCommand, T> use)
    {
        var index = Path.Combine(worktree.AdminDirectory, "index");
        var copy = Path.Combine(worktree.AdminDirectory, "wt-run-rescue-index");
        File.Delete(copy);
        File.Delete(copy + ".lock"); // of a git that was killed
        if (File.Exists(index))
        {
            File.Copy(index, copy);
        }

        try
        {
            return use(Writer.With("GIT_INDEX_FILE", copy));
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private void AppendState(GitCommand writer, StringBuilder entries)
    {
        var files = StateDirectories.Select(name => Path.Combine(worktree.AdminDirectory, name)).Where(Directory.Exists)
            .SelectMany(directory => Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories))
            .Concat(StateFiles.Select(name => Path.Combine(worktree.AdminDirectory, name)).Where(File.Exists))
            .ToList();
        if (files.Count == 0)
        {
            return;
        }

        var objects = writer.WithInput(string.Join('\n', files) + "\n").Run(["hash-object", "-w", "--no-filters", "--stdin-paths"]).Output.Split('\n');
        foreach (var (file, id) in files.Zip(objects))
        {
            entries.Append(null, $"100644 {id}\t.state/{Path.GetRelativePath(worktree.AdminDirectory, file)}\0");
        }
    }

    /// <summary>Reads <c>TAG PATH</c>: <c>S</c> is skip-worktree, and a small letter assume-unchanged.</summary>
    private List<string> HiddenFiles(GitResult lsFiles)
    {
        var hidden = new List<string>();
        var rest = lsFiles.RawOutput.AsSpan();
        for (var end = rest.IndexOf((byte)0); end >= 0; rest = rest[(end + 1)..], end = rest.IndexOf((byte)0))
        {
            var tag = (char)rest[0];
            if ((tag == 'S' || char.IsAsciiLetterLower(tag)) && ByteText.Decode(rest[2..end]) is var path && AnyFile.Exists(Path.Combine(worktree.Path, path)))
            {
                hidden.Add(path);
            }
        }

        return hidden;
    }
}
