using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// A run that is not over as far as is known, whose supervisor is gone, and whose record says nothing to us: a newer wt-run wrote it, it is damaged, or this user may not read it. It is
/// left alone, but its engine may be at work: every process of it carries its id.
/// </summary>
/// <param name="Id">The run.</param>
/// <param name="Text">What is known of it, as sentences.</param>
/// <param name="Help">What helps, as a command.</param>
/// <param name="MayBeAtWork">Whether something of it is seen at work, or could not be seen from here if it were.</param>
internal sealed record UnreadableRun(string Id, string Text, string Help, bool MayBeAtWork)
{
    /// <summary>Those that may be in place in a working tree.</summary>
    /// <param name="store">The repository's runs.</param>
    /// <param name="tree">Top of the working tree; null for all of the repository.</param>
    /// <param name="environment">The caller's variables.</param>
    public static IReadOnlyList<UnreadableRun> Find(RunStore store, string? tree, IReadOnlyDictionary<string, string> environment) =>
        [.. store.ActiveIds().Where(store.IsUnreadable).Where(id => IsDead(store, id)).Select(id => Look(store, id, tree, environment)).OfType<UnreadableRun>()];

    private static bool IsDead(RunStore store, string id)
    {
        using var free = store.TryTakeOver(id, RunStore.Patience);
        return free is not null;
    }

    private static UnreadableRun? Look(RunStore store, string id, string? tree, IReadOnlyDictionary<string, string> environment)
    {
        var newer = store.TryReadNewer(id);
        if (newer is not null && tree is not null && (newer.State.IsFinal() || !DeadRun.IsInPlaceIn(newer, tree)))
        {
            return null;
        }

        var record = Path.Combine(store.DirectoryOf(id), "run.json");
        var why = newer is null ? AnyFile.IsReadable(record) ? "it is damaged" : "this user may not read it" : string.Create(CultureInfo.InvariantCulture, $"it has version {newer.Version}, of a newer wt-run");
        var outOfReach = newer is null ? null : DeadRun.WhyOutOfReach(newer, environment);
        var root = newer?.EngineProcess is { } engine && engine.BootId == ProcessIdentity.BootId ? new ProcessIdentity(engine.Pid, engine.StartTime) : (ProcessIdentity?)null;
        using var processes = ProcessTree.OfDeadRun(id, root, [], []);
        var atWork = outOfReach is null ? processes.Scan(out _) : [];
        var seen = outOfReach ?? (atWork.Count == 0 ? "Nothing of it is seen at work." : $"Still at work of it: {string.Join(", ", atWork.Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Name} (pid {process.Pid})")))}.");
        return new UnreadableRun(
            id,
            $"Its wt-run process died, and its record '{record}' cannot be read: {why}. {seen}",
            newer is null ? $"rm {ShellWords.Quoted(store.ActiveFile(id))}   # when nothing of it is at work any more; its log and events stay" : "wt-run --version   # use the newest one here",
            outOfReach is not null || atWork.Count > 0);
    }
}
