using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>A run that was named on the command line.</summary>
internal sealed record FoundRun(RunRecord Record, KnownProject Owner);

/// <summary>Finds the run that an id, or the beginning of one, names, or the last run of the session of that name.</summary>
internal static class RunLookup
{
    private const int MostCandidates = 5;

    /// <summary>Finds it.</summary>
    /// <exception cref="WorktreeIsolatorException">No run, or more than one, begins with the text; the hint lists which there are.</exception>
    public static FoundRun Find(KnownProjects known, string text)
    {
        var prefix = text.ToLowerInvariant();
        if (TryFindSession(known, text) is { } last)
        {
            return last;
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
            0 => throw new WorktreeIsolatorException(FailureKind.Usage, $"There is no run '{text}' in the projects that are known here.", Latest(known)),
            _ => throw new WorktreeIsolatorException(
                FailureKind.Usage, $"'{text}' names {found.Count} runs; give more digits.", Describe(found.Select(f => f.Record))),
        };
    }

    /// <summary>The last run of a session, which stands for it; a name wins over an id that begins like it.</summary>
    private static FoundRun? TryFindSession(KnownProjects known, string text)
    {
        if (SessionName.TryParse(text) is null)
        {
            return null;
        }

        var found = known.Stores.Select(owner => (Owner: owner, Session: owner.Store.Sessions.TryRead(text))).Where(f => f.Session is not null).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        if (found.Count > 1)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"'{text}' names sessions of {found.Count} projects: {string.Join(", ", found.Select(f => f.Owner.Project.Name))}.",
                "Name the last run of the one that is meant:\n" + string.Join('\n', found.Select(f => $"  {f.Session!.LastRun}  {f.Owner.Project.Name}")));
        }

        var (owner, session) = (found[0].Owner, found[0].Session!);
        if (RunId.IsPrefix(text) && known.Stores.SelectMany(o => o.Store.Ids()).FirstOrDefault(id => id.StartsWith(text, StringComparison.Ordinal)) is { } like)
        {
            StandardStreams.Error.TryWriteText($"wt-run: warning: '{text}' is taken for the session of that name; run {like} begins like it, too.\n");
        }

        return owner.Store.TryRead(session.LastRun) is { } record
            ? new FoundRun(record, owner)
            : throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"The record of the last run of session '{text}', {session.LastRun}, is gone.",
                $"A run in it makes a new one: wt-run run --session {text} -- true");
    }

    private static string Latest(KnownProjects known)
    {
        var latest = known.Stores.SelectMany(owner => owner.Store.ReadAll()).OrderByDescending(record => record.CreatedAt).Take(MostCandidates).ToList();
        return latest.Count == 0 ? "No runs yet." : $"The latest runs are:\n{Describe(latest)}\n'wt-run list' shows all.";
    }

    private static string Describe(IEnumerable<RunRecord> records) =>
        string.Join('\n', records.Select(r => $"  {r.Id}  {RecordWriter.NameOf(r.State)}  {r.Project}  {r.Trigger}  {Words.Age(r.CreatedAt)}"));
}
