using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>What a worktree holds beside its commits, as <c>git status --porcelain=v2</c> tells it.</summary>
internal sealed record WorktreeStatus
{
    /// <summary>The commit checked out; null if HEAD is unborn.</summary>
    public CommitId? Head { get; private init; }

    /// <summary>Short name of the branch checked out; null if HEAD is detached.</summary>
    public string? Branch { get; private init; }

    /// <summary>Whether anything that is not ignored differs from HEAD.</summary>
    public bool IsDirty { get; private init; }

    /// <summary>Paths with a conflict that was not resolved.</summary>
    public IReadOnlyList<string> Unmerged { get; private init; } = [];

    /// <summary>Whether a file was changed or deleted again after it was staged: the index alone has what was staged.</summary>
    public bool HasStagedVersions { get; private init; }

    /// <summary>Files that git does not know and does not ignore; a directory ends with a slash.</summary>
    public IReadOnlyList<string> Untracked { get; private init; } = [];

    /// <summary>Files of the index or of HEAD that differ from it.</summary>
    public IReadOnlyList<string> Changed { get; private init; } = [];

    /// <summary>Untracked directories that are repositories of their own: git adds no file of them.</summary>
    public IReadOnlyList<string> NestedRepositories { get; private init; } = [];

    /// <summary>What git says it could not read; it leaves that out and exits with 0.</summary>
    public string? Unreadable { get; private init; }

    /// <summary>Submodules with changes of their own; another commit checked out in one is a change of this repository.</summary>
    public IReadOnlyList<string> DirtySubmodules { get; private init; } = [];

    /// <summary>What git ignores, a directory that is ignored as a whole by its name alone.</summary>
    public IReadOnlyList<string> Ignored { get; private init; } = [];

    /// <summary>Whether one of these paths, or what stands in its place, is changed, untracked or ignored.</summary>
    public bool Touches(IReadOnlyList<string> paths)
    {
        var there = new HashSet<string>(Changed.Concat(Untracked).Concat(Ignored).Select(path => path.TrimEnd('/')), StringComparer.Ordinal);
        return there.Count > 0 && paths.Any(path =>
        {
            // What is untracked or ignored as a whole is named by its directory.
            for (var at = path; !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at))
            {
                if (there.Contains(at))
                {
                    return true;
                }
            }

            return false;
        });
    }

    /// <summary>
    /// Reads the status of a worktree, with every shortcut of the user's configuration off. To name what is ignored costs nothing: matching
    /// does not look into ignored directories, as traditional does (20,000 files below one: 24 ms, against 7).
    /// </summary>
    public static WorktreeStatus Read(GitCommand git)
    {
        var result = git
        .ReadOnly()
        .Configured("core.fsmonitor", "false")
        .Configured("core.untrackedCache", "false")
        .Configured("core.trustctime", "true")
        .Configured("core.checkStat", "default")
        .WithTimeout(GitCommand.ContentTimeout)
        .Run(["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignored=matching", "--ignore-submodules=none"]);
        return Parse(result.RawOutput) with
        {
            Unreadable = result.Error.Contains("could not open directory", StringComparison.Ordinal) ? result.Error.Trim() : null,
        };
    }

    /// <summary>Reads porcelain v2 with -z; see git-status(1). A renamed entry is followed by its old path.</summary>
    public static WorktreeStatus Parse(byte[] output)
    {
        var status = new WorktreeStatus();
        var unmerged = new List<string>();
        var untracked = new List<string>();
        var submodules = new List<string>();
        var changed = new List<string>();
        var ignored = new List<string>();
        var entries = ByteText.Decode(output).Split('\0');
        for (var i = 0; i < entries.Length; i++)
        {
            var entry = entries[i];
            switch (entry.Length == 0 ? '\0' : entry[0])
            {
                case '#':
                    status = Header(status, entry);
                    break;
                case '?':
                    status = status with { IsDirty = true };
                    untracked.Add(entry[2..]);
                    break;
                case '!':
                    ignored.Add(entry[2..]);
                    break;
                case '1' or '2' or 'u':
                    status = status with { IsDirty = true, HasStagedVersions = status.HasStagedVersions || (entry[2] != '.' && entry[3] != '.') };
                    var fields = entry.Split(' ', entry[0] switch { '1' => 9, '2' => 10, _ => 11 });
                    changed.Add(fields[^1]);
                    if (fields[0] == "u")
                    {
                        unmerged.Add(fields[^1]);
                    }

                    if (fields[2][0] == 'S' && fields[2][2..] != "..")
                    {
                        submodules.Add(fields[^1]);
                    }

                    i += fields[0] == "2" ? 1 : 0;
                    break;
                default:
                    break;
            }
        }

        // With --untracked-files=all git looks into every directory but those.
        return status with
        {
            Unmerged = unmerged,
            Changed = changed,
            Untracked = untracked,
            NestedRepositories = untracked.FindAll(path => path.EndsWith('/')),
            DirtySubmodules = submodules,
            Ignored = ignored,
        };
    }

    private static WorktreeStatus Header(WorktreeStatus status, string entry)
    {
        var fields = entry.Split(' ', 3);
        return fields[1] switch
        {
            "branch.oid" => status with { Head = CommitId.TryParse(fields[2]) },
            "branch.head" => status with { Branch = fields[2] == "(detached)" ? null : fields[2] },
            _ => status,
        };
    }
}
