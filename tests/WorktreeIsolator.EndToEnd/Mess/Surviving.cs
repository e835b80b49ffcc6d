using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>What can be found again after a run and a garbage collection: under a ref, or in a worktree that is still there.</summary>
internal sealed class Surviving
{
    private readonly Scratch _scratch;
    private readonly TestRepository _repository;
    private readonly string[] _tips;
    private readonly List<IReadOnlyDictionary<string, SnapshotEntry>> _worktrees = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    private Surviving(Scratch scratch, TestRepository repository)
    {
        _scratch = scratch;
        _repository = repository;

        // Older entries of the stash are in its reflog alone, which is not what keeps work: it is where users look for it.
        _tips = ["--all", .. repository.Git("stash", "list", "--format=%H").Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        AddObjects(Reachable());
        foreach (var path in repository.Worktrees.Skip(1).Append(Path.Combine(repository[".git"], "worktrees")).Where(Directory.Exists))
        {
            var files = DirectorySnapshot.Of(scratch, path);
            _worktrees.Add(files);
            _ids.UnionWith(files.Values.Select(file => file.Id));

            // Every repository in it, nested or a submodule's, whatever its name, and also where its own working tree is gone.
            AddObjects(scratch.Run(
                path, "find", ".", "-type", "d", "-name", "objects", "-prune", "-execdir", "git", "--git-dir=.", "--work-tree=.", "cat-file", "--batch-all-objects", "--batch-check=%(objectname)", ";"));
        }
    }

    /// <summary>Collects garbage as strictly as git can, and looks.</summary>
    public static Surviving After(Scratch scratch, TestRepository repository)
    {
        // Reflogs of branches and HEADs are not what keeps work, either. By these keys that of the stash is spared.
        repository.Git("-c", "gc.reflogExpire=now", "-c", "gc.reflogExpireUnreachable=now", "gc", "--quiet", "--prune=now");
        return new Surviving(scratch, repository);
    }

    /// <summary>What the engine noted and is nowhere, in words.</summary>
    public IReadOnlyList<string> Lost(Ledger ledger, RunRecord record)
    {
        var lost = ledger.Objects.Where(made => !_ids.Contains(made.Id)).Select(made => made.What).ToList();
        if (ledger.Files.Count > 0)
        {
            var names = NamesInHistory();
            lost.AddRange(ledger.Files.Where(file => !names.Contains($"{file.Mode} {file.Id} {file.Path}") && !IsInWorktree(file)).Select(file => file.ToString()));
        }

        if (ledger.Gone.Count > 0 && record.Kept is null)
        {
            var tree = _repository.Git("ls-tree", "-r", "-z", "--name-only", record.MergeBack?.Commit ?? "main").Split('\0');
            lost.AddRange(ledger.Gone.Where(tree.Contains).Select(path => $"the deletion of {path}"));
        }

        return lost;
    }

    private Finished Reachable()
    {
        // A worktree that is kept holds its index, too; that of a broken one cannot be read.
        var withIndexes = _repository.TryGit(["rev-list", "--objects", "--indexed-objects", .. _tips]);
        return withIndexes.ExitCode == 0 ? withIndexes : _repository.TryGit(["rev-list", "--objects", .. _tips]).Expect(0);
    }

    private void AddObjects(Finished listing)
    {
        foreach (var line in listing.Output.Split('\n'))
        {
            _ids.Add(line.Split(' ')[0]);
        }
    }

    private bool IsInWorktree(MadeFile file)
    {
        var path = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(file.Path));
        return _worktrees.Exists(files => files.TryGetValue(path, out var entry) && (entry.Mode, entry.Id) == (file.Mode, file.Id));
    }

    /// <summary>Mode, object id and path of every file in every commit that is reachable.</summary>
    private HashSet<string> NamesInHistory()
    {
        var raw = _scratch.Run(
            _repository.Path, ["git", "log", "--format=", "--raw", "-z", "-m", "--root", "--no-renames", "--no-abbrev", .. _tips]).Expect(0);
        var fields = Encoding.Latin1.GetString(raw.OutputBytes).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            var change = fields[i].Split(' ');
            names.Add($"{change[1]} {change[3]} {fields[i + 1]}");
        }

        return names;
    }
}
