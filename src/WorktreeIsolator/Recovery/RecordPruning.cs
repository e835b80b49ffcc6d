using WorktreeIsolator.Configuration;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Prunes records, with their logs and artifacts: those older than <c>records</c>, but for the latest <c>keep_last</c> of each project, and
/// never one that still leads to work. What is young enough is not worth a word.
/// </summary>
internal sealed class RecordPruning(PruneScope scope, RunRefList refs, IReadOnlyDictionary<string, string> environment)
{
    /// <summary>Why the record of a run is left that this program cannot read.</summary>
    public const string Unreadable = "its record cannot be read: a newer wt-run wrote it, it is damaged, or this user may not read it";

    private readonly HashSet<string> _rescued = [.. refs.Rescues.Select(rescue => Path.GetFileName(rescue.Name))];

    /// <summary>Prunes.</summary>
    public IEnumerable<PruneItem> Prune()
    {
        var limit = $"records = {Duration.Format(scope.Retention.Records)}";
        var items = new List<PruneItem>();
        foreach (var record in Old())
        {
            var ended = record.RestsSince() ?? record.CreatedAt;
            items.Add(WhyItStays(record) is { } why
                ? PruneScope.Leave("record", record.Id, why)
                : scope.Take("record", record.Id, $"its run ended {scope.AgeOf(ended)} ago ({limit})", () => MoveOut(record.Id)));
        }

        items.AddRange(scope.Store.Ids().Where(id => !scope.Records.ContainsKey(id) && scope.Store.IsUnreadable(id))
            .Select(id => PruneScope.Leave("record", id, Unreadable)));
        items.AddRange(scope.Store.Stillborn(scope.Now - TimeSpan.FromMinutes(1)).Select(path =>
            scope.Take("record", path, "its wt-run was killed before the run began", () => scope.Store.MoveToTrash(path))));
        if (!scope.IsDryRun)
        {
            DeleteTrash();
            ForgetDeadTickets();
        }

        return items;
    }

    /// <summary>Final, old enough, and not among the latest; oldest first.</summary>
    private IEnumerable<RunRecord> Old() => scope.Records.Values
        .GroupBy(record => record.Project, StringComparer.Ordinal)
        .SelectMany(group => group.OrderByDescending(record => record.CreatedAt).ThenBy(record => record.Id, StringComparer.Ordinal).Skip(scope.Retention.KeepLast))
        .Where(record => record.State.IsFinal() && !scope.IsBusy(record.Id) && scope.Now - (record.RestsSince() ?? record.CreatedAt) >= scope.Retention.Records
            && !RefPruning.FindsLanded(scope, record))
        .OrderBy(record => record.CreatedAt);

    private string? WhyItStays(RunRecord record) => (RunBranches.WhyOpen(record, refs), $"refs/wt-run/{record.Id}") switch
    {
        ({ } open, _) => open,
        (_, _) when scope.Sessions.FirstOrDefault(session => session.LastRun == record.Id) is { } session => $"it is the last run of session {session.Name}",
        (_, _) when !_rescued.Contains(record.Id) => null,
        (_, var rescue) when scope.HasTaken("ref", rescue) => $"it names the commit that {rescue} kept; the next prune takes it",
        (_, var rescue) => $"{rescue} keeps what was rescued of its run",
    };

    private void MoveOut(string id)
    {
        // Another prune may have taken it meanwhile.
        if (Directory.Exists(scope.Store.DirectoryOf(id)))
        {
            scope.Alone(id, _ => scope.Store.MoveToTrash(scope.Store.DirectoryOf(id)));
        }
    }

    /// <summary>Behind everyone's back, by one process for all of it; what an earlier prune left half-deleted goes, too.</summary>
    private void DeleteTrash()
    {
        if (Directory.Exists(scope.Store.Trash))
        {
            Removal.DeleteBehind(scope.Store.Trash, environment);
        }
    }

    /// <summary>They count no more, and are in nobody's way; but in the queue of a session that has ended nobody comes to delete them.</summary>
    private void ForgetDeadTickets()
    {
        foreach (var queue in scope.Store.Queues())
        {
            Ticket.ForgetTheDead(queue);
        }
    }
}
