using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What a run's worktree is made from.</summary>
/// <param name="Name">The name as it was asked for or found, for people.</param>
/// <param name="Commit">The commit.</param>
/// <param name="Branch">The local branch that the base stands for: itself, or <c>x</c> for <c>origin/x</c>; null for a tag or a commit.</param>
/// <param name="Source">Where its newest state comes from; null if from no remote.</param>
/// <param name="Warning">Something a person should know; null if all is well.</param>
internal sealed record RunBase(string Name, CommitId Commit, BranchName? Branch, RemoteBranch? Source, string? Warning);

/// <summary>Finds the commit that a base names, in the refs as they are now; it fetches nothing.</summary>
internal sealed class BaseResolver(Repository repository, string preferredRemote)
{
    private const string Heads = "refs/heads/";
    private const string Remotes = "refs/remotes/";

    private const string Format = "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(symref)%00%(upstream)%00%(upstream:track,nobracket)";

    private sealed record Ref(string Name, string Object, string Peeled, string Symref, string Upstream, string Track);

    /// <summary>The base that is asked for; without one the branch that the remote's HEAD names, else the current branch.</summary>
    /// <returns>Null if nothing of that name exists.</returns>
    /// <exception cref="WorktreeIsolatorException">There is no commit to start from, or nothing was asked for and HEAD is detached.</exception>
    public RunBase? TryResolve(string? name)
    {
        if (name is null or "HEAD")
        {
            return ResolveDefault(useRemoteHead: name is null);
        }

        var refs = Read(name.StartsWith("refs/", StringComparison.Ordinal)
            ? [name]
            : [Heads + name, Remotes + name, "refs/tags/" + name]);
        return FromRefs(refs, name) ?? FromCommit(name);
    }

    /// <summary>Names that look like one that does not exist.</summary>
    public IReadOnlyList<string> KnownNames() =>
        repository.Git.ReadOnly().Run(["for-each-ref", "--count=5000", "--format=%(refname:short)", Heads, Remotes, "refs/tags/"]).Output.Split('\n');

    /// <summary>The remote branch that a name such as <c>origin/x</c> would stand for, whether it was fetched yet or not.</summary>
    public RemoteBranch? RemoteBranch(string name) => Git.RemoteBranch.TryParse(name, repository.Config.Remotes);

    private RunBase ResolveDefault(bool useRemoteHead)
    {
        var remoteHead = useRemoteHead && DefaultRemote() is { } remote ? $"{Remotes}{remote}/HEAD" : null;
        var current = repository.HeadRef;
        var refs = Read([.. new[] { remoteHead, current }.OfType<string>()]);
        if (refs.Find(r => r.Name == remoteHead) is { Symref.Length: > 0 } head)
        {
            var name = head.Symref[(head.Name.Length - "HEAD".Length)..];
            if (Heads + name != current || refs.TrueForAll(r => r.Name != current))
            {
                refs = Read([Heads + name, head.Symref]);
            }

            var shortRemote = head.Symref[Remotes.Length..];
            if ((FromRefs(refs, name) ?? FromRefs(refs, shortRemote)) is { } found)
            {
                return found;
            }
        }

        if (current is not null && FromRefs(refs, current[Heads.Length..]) is { } here)
        {
            return here;
        }

        throw current is null
            ? new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"'{repository.Top ?? repository.CommonDirectory}' has a detached HEAD, and nothing says which branch to start from.",
                "Set worktree_base in the configuration, or give --base.")
            : new WorktreeIsolatorException(
                FailureKind.Git,
                $"The repository '{repository.Top ?? repository.CommonDirectory}' has no commit on '{current[Heads.Length..]}' yet, so there is nothing to make a worktree from.",
                "Make a first commit: git commit --allow-empty -m 'Begin'");
    }

    private RunBase? FromRefs(List<Ref> refs, string name)
    {
        if (refs.Find(r => r.Name == Heads + name || (r.Name == name && name.StartsWith(Heads, StringComparison.Ordinal))) is { } local)
        {
            return FromLocalBranch(local);
        }

        if (refs.Find(r => r.Name == Remotes + name || (r.Name == name && name.StartsWith(Remotes, StringComparison.Ordinal))) is { } remote)
        {
            var source = RemoteBranch(remote.Name[Remotes.Length..]);
            var branch = source is null ? null : BranchName.FromRef(source.Ref);
            return new RunBase(name, CommitId.Parse(remote.Object), branch, source, null);
        }

        return refs.Find(r => r.Name == "refs/tags/" + name || r.Name == name) is { } tag
            ? new RunBase(name, CommitId.Parse(tag.Peeled.Length > 0 ? tag.Peeled : tag.Object), null, null, null)
            : null;
    }

    /// <summary>A local branch: its tip, or its upstream's if that is strictly ahead; diverged: its own, with a warning.</summary>
    private RunBase FromLocalBranch(Ref local)
    {
        var name = local.Name[Heads.Length..];
        var source = repository.Config.Get($"branch.{name}.remote") is { } remote && remote != "."
            && repository.Config.Get($"branch.{name}.merge") is { } merge
            ? new RemoteBranch(remote, merge)
            : null;
        var ahead = local.Track.Contains("ahead", StringComparison.Ordinal);
        var behind = local.Track.Contains("behind", StringComparison.Ordinal);
        var commit = CommitId.Parse(local.Object);
        if (behind && !ahead)
        {
            commit = CommitId.Parse(repository.Git.ReadOnly().Run(["rev-parse", "--verify", local.Upstream]).Output);
        }

        var warning = behind && ahead
            ? $"'{name}' and its upstream '{ShortName(local.Upstream)}' have diverged ({local.Track}); the run starts from '{name}'."
            : null;
        return new RunBase(name, commit, BranchName.Parse(name), source, warning);
    }

    /// <summary>An upstream may be a local branch, too.</summary>
    private static string ShortName(string name) =>
        name.StartsWith(Remotes, StringComparison.Ordinal) ? name[Remotes.Length..] : name.StartsWith(Heads, StringComparison.Ordinal) ? name[Heads.Length..] : name;

    private RunBase? FromCommit(string name)
    {
        var result = repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"]);
        return result.Succeeded ? new RunBase(name, CommitId.Parse(result.Output), null, null, null) : null;
    }

    private string? DefaultRemote()
    {
        var remotes = repository.Config.Remotes;
        return remotes.Contains(preferredRemote) ? preferredRemote : remotes.Count == 1 ? remotes[0] : null;
    }

    private List<Ref> Read(IReadOnlyList<string> patterns)
    {
        if (patterns.Count == 0)
        {
            return [];
        }

        var refs = new List<Ref>();
        foreach (var line in repository.Git.ReadOnly().Run(["for-each-ref", Format, .. patterns]).Output.Split('\n'))
        {
            // A pattern also matches everything below the name.
            var fields = line.Split('\0');
            if (fields.Length == 6 && patterns.Contains(fields[0]))
            {
                refs.Add(new Ref(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]));
            }
        }

        return refs;
    }
}
