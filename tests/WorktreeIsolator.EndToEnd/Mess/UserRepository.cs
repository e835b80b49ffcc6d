using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>
/// The repository of a person in the middle of their own work: staged and unstaged changes, untracked and ignored files, a stash, other
/// branches, configuration. Made once; every case works on a copy.
/// </summary>
public sealed class UserRepository : IDisposable
{
    private const string Make =
        """
        set -e
        git init --quiet -b main repo
        cd repo
        mkdir dir sub user-empty
        for p in README dir/a dir/b sub/c script user-edited user-both user-gone user-flagged; do printf '%s as it was\n' $p > $p; done
        printf '#!/bin/sh\n' > tool
        chmod +x tool
        ln -s README link
        printf '*.log\nbuild/\n' > .gitignore
        git add .
        git commit --quiet -m First
        echo second >> dir/b
        git commit --quiet -m Second -- dir/b
        git checkout --quiet -b topic
        echo topic > topic
        git add topic
        git commit --quiet -m Topic
        git checkout --quiet main
        git tag user-tag topic~1
        git config branch.topic.description 'What the user wrote'
        echo older > user-edited
        git stash push --quiet -m older
        echo stashed > user-both
        echo untracked > user-stashed
        git stash push --quiet --include-untracked -m newer
        echo staged > user-staged
        git add user-staged
        echo edited > user-edited
        echo staged > user-both
        git add user-both
        echo edited > user-both
        git rm --quiet --cached user-gone
        git update-index --assume-unchanged user-flagged
        echo edited > user-flagged
        echo untracked > user-untracked
        mkdir build
        echo ignored > user.log
        echo ignored > build/user
        git clone --quiet --bare . ../origin.git
        """;

    private readonly Scratch _scratch = new();

    public UserRepository()
    {
        _scratch.Run(_scratch.Root, "sh", "-c", Make).Expect(0);
        State = UserState.Of(_scratch, TestRepository.Existing(_scratch, "repo"));
    }

    /// <summary>The state of every copy.</summary>
    internal UserState State { get; }

    /// <summary>Copies it, with the bare repository that is its remote, into a case of its own.</summary>
    internal TestRepository CopyTo(Scratch scratch, bool withRemote)
    {
        scratch.Run(_scratch.Root, "cp", "--archive", "repo", "origin.git", scratch.Root).Expect(0);
        var repository = TestRepository.Existing(scratch, "repo");
        if (withRemote)
        {
            File.AppendAllText(
                repository[".git/config"], $"[remote \"origin\"]\n\turl = {scratch.Path("origin.git")}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
        }

        return repository;
    }

    public void Dispose() => _scratch.Dispose();
}

/// <summary>What of a person's own may not change through a run.</summary>
internal sealed class UserState
{
    private const string Main = "refs/heads/main";

    private readonly IReadOnlyDictionary<string, SnapshotEntry> _files;
    private readonly string[] _status;
    private readonly string[] _index;
    private readonly string[] _differences;
    private readonly string _head;

    private UserState(Scratch scratch, TestRepository repository)
    {
        // First, because it writes the index if time stamps in it are old. A submodule does not follow a landing by itself.
        _status = repository.Git("status", "--porcelain", "--ignore-submodules=all", "--no-renames", "-z").Split('\0');
        _differences = [repository.Git("diff", "--cached"), repository.Git("diff", "--ignore-submodules=all")];
        _files = DirectorySnapshot.Of(scratch, repository.Path, ".git", ".worktrees");
        _index = repository.Git("ls-files", "--stage", "-v", "-z").Split('\0');
        _head = File.ReadAllText(repository[".git/HEAD"]);
        Stash = repository.Git("stash", "list", "--format=%H %gs").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Refs = repository.Git("for-each-ref", "--format=%(refname) %(objectname)").Split('\n')
            .Select(line => line.Split(' ')).ToDictionary(fields => fields[0], fields => fields[1], StringComparer.Ordinal);
    }

    public IReadOnlyList<string> Stash { get; }

    /// <summary>Object ids by full name.</summary>
    public IReadOnlyDictionary<string, string> Refs { get; }

    public static UserState Of(Scratch scratch, TestRepository repository) => new(scratch, repository);

    /// <summary>Fails if anything differs that the change of <c>main</c> does not explain.</summary>
    /// <param name="before">As it was before the run.</param>
    /// <param name="repository">The repository as it is now.</param>
    public void AssertNothingButMainChangedSince(UserState before, TestRepository repository)
    {
        var (old, now) = (before.Refs[Main], Refs[Main]);
        HashSet<string> landed = old == now
            ? []
            : [.. repository.Git("diff", "--name-only", "--no-renames", "-z", old, now).Split('\0', StringSplitOptions.RemoveEmptyEntries)];
        Assert.Equal(before._differences, _differences);
        Assert.Equal(Without(before._status, landed), Without(_status, landed));
        Assert.Equal(Without(before._files, landed), Without(_files, landed));
        Assert.Equal(Without(before._index, landed), Without(_index, landed));
        Assert.Equal(before._head, _head);
        Assert.Equal(before.Stash, Stash.TakeLast(before.Stash.Count));
    }

    /// <summary>Lines that end with a path, but those of what landed.</summary>
    private static IEnumerable<string> Without(string[] lines, HashSet<string> landed) =>
        lines.Where(line => !landed.Contains((line.Contains('\t', StringComparison.Ordinal) ? line.Split('\t', 2)[1] : line[Math.Min(3, line.Length)..]).TrimEnd('/')));

    /// <summary>Files that did not land; directories only where they say something: those that hold what landed come and go with it.</summary>
    private static List<string> Without(IReadOnlyDictionary<string, SnapshotEntry> files, HashSet<string> landed) =>
    [
        .. files.Where(file => !landed.Contains(file.Key) && !(file.Value.Mode == "Directory" && landed.Any(path => IsBelow(path, file.Key))))
            .Select(file => $"{file.Key} {file.Value}").Order(StringComparer.Ordinal),
    ];

    private static bool IsBelow(string path, string directory) => directory.Length == 0 || path.StartsWith(directory + "/", StringComparison.Ordinal);
}
