using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>A run that was named on the command line.</summary>
internal sealed record FoundRun(RunRecord Record, KnownProject Owner);

/// <summary>Finds the run that an id, or the beginning of one, names, or that of the session of that name which is meant.</summary>
internal static class RunLookup
{
    private const int MostCandidates = 5;

    /// <summary>Finds it.</summary>
    /// <param name="known">Where to look.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="meaning">Which run of a session is meant.</param>
    /// <exception cref="WorktreeIsolatorException">No run, or more than one, begins with the text; the hint lists which there are.</exception>
    public static FoundRun Find(KnownProjects known, string text, SessionMeans meaning)
    {
        var prefix = text.ToLowerInvariant();
        if (SessionLookup.TryFind(known, text, meaning) is { } ofSession)
        {
            return ofSession;
        }

        if (!RunId.IsPrefix(prefix))
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"'{text}' is no run id and no session: an id has {RunId.Length} hexadecimal digits, and at least the first {RunId.ShortestPrefix} name it.",
                Latest(known));
        }

        var found = new List<FoundRun>();
        foreach (var owner in known.Stores)
        {
            foreach (var id in owner.Store.Ids().Where(id => id.StartsWith(prefix, StringComparison.Ordinal)))
            {
                if (owner.Store.TryRead(id) is { } record)
                {
                    found.Add(new FoundRun(record, owner));
                }
            }
        }

        return found.Count switch
        {
            1 => found[0],
            0 when Unreadable(known, prefix) is { } unreadable => throw unreadable,
            0 => throw new WorktreeIsolatorException(FailureKind.Usage, $"There is no run '{text}' in the projects that are known here.", Latest(known)),
            _ => throw new WorktreeIsolatorException(
                FailureKind.Usage, $"'{text}' names {found.Count} runs; give more digits.", Describe(found.Select(f => f.Record))),
        };
    }

    private static WorktreeIsolatorException? Unreadable(KnownProjects known, string prefix) => known.Stores
        .SelectMany(owner => owner.Store.Ids().Where(id => id.StartsWith(prefix, StringComparison.Ordinal) && owner.Store.IsUnreadable(id)).Select(id => owner.Store.DirectoryOf(id)))
        .Select(directory => new WorktreeIsolatorException(
            FailureKind.System,
            $"The record of run {Path.GetFileName(directory)} cannot be read: a newer wt-run wrote it, it is damaged, or this user may not read it.",
            $"It is '{Path.Combine(directory, "run.json")}'; what the run printed is beside it. What is left of the run: wt-run doctor"))
        .FirstOrDefault();

    private static string Latest(KnownProjects known)
    {
        var latest = known.Stores.SelectMany(owner => owner.Store.ReadAll()).OrderByDescending(record => record.CreatedAt).Take(MostCandidates).ToList();
        return latest.Count == 0 ? "No runs yet." : $"The latest runs are:\n{Describe(latest)}\n'wt-run list' shows all.";
    }

    private static string Describe(IEnumerable<RunRecord> records) =>
        string.Join('\n', records.Select(r => $"  {r.Id}  {RecordWriter.NameOf(r.State)}  {r.Project}  {r.Trigger}  {Words.Age(r.CreatedAt)}"));
}
