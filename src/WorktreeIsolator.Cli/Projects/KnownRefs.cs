using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>
/// Which of the branches and rescue refs that records name are still there. A record is not written again when someone deletes one, so git is asked,
/// once for each repository, and only if there is a record that names one.
/// </summary>
internal sealed class KnownRefs(IReadOnlyList<KnownProject> stores, IReadOnlyDictionary<string, string> environment)
{
    private readonly Dictionary<KnownProject, IReadOnlySet<string>?> _refs = [];

    /// <summary>Whether a ref is there; also if nobody can say.</summary>
    /// <param name="record">The run whose record names it.</param>
    /// <param name="name">Short name of a branch, or full name of a rescue ref.</param>
    public bool Has(RunRecord record, string name)
    {
        if (stores.FirstOrDefault(known => Directory.Exists(known.Store.DirectoryOf(record.Id))) is not { } owner)
        {
            return true;
        }

        if (!_refs.TryGetValue(owner, out var refs))
        {
            refs = RefNames.TryRead(owner.Project.Path, environment);
            _refs.Add(owner, refs);
        }

        return refs is null || refs.Contains(name.StartsWith("refs/", StringComparison.Ordinal) ? name : $"refs/heads/{name}");
    }

    /// <summary>The name, and that it is gone if it is.</summary>
    public string Told(RunRecord record, string name) => Has(record, name) ? name : $"{name} (gone)";
}
