using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// A note beside the tickets of an engine's gate that says whose engine runs behind it: the gate of a wt-run that was killed is free before its engine has
/// ended, and whoever gets it next may come from another repository. Its text is where the run's record lies, and the names of processes that the run may leave
/// behind, each with a NUL after it. Disposing takes it away; twice is harmless.
/// </summary>
internal sealed class EngineHolder : IDisposable
{
    private const string Prefix = ".holder-";

    private readonly string _path;

    private EngineHolder(string path) => _path = path;

    /// <summary>Leaves a note, before the engine is started.</summary>
    /// <param name="queue">The gate's queue.</param>
    /// <param name="runId">The run.</param>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="keepProcesses">Names of processes that the run may leave behind.</param>
    public static EngineHolder Leave(string queue, string runId, RunStore store, IReadOnlyList<string> keepProcesses)
    {
        var path = Path.Combine(queue, Prefix + runId);
        DurableFile.Replace(path, ByteText.Encode(string.Concat(keepProcesses.Prepend(store.StateDirectory).Select(line => line + '\0'))), sync: false);
        return new EngineHolder(path);
    }

    /// <summary>Ends what dead runs have left at work behind a gate, for who has got a place there.</summary>
    /// <param name="queue">The gate's queue.</param>
    /// <param name="environment">The caller's variables.</param>
    /// <param name="patience">How long to stay with all of them together; each is asked to end in any case.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Which runs are not over, and why.</returns>
    public static IReadOnlyList<(string RunId, string Why)> EndTheDead(
        string queue, IReadOnlyDictionary<string, string> environment, TimeSpan patience, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var left = new List<(string RunId, string Why)>();
        foreach (var path in Directory.EnumerateFiles(queue, Prefix + "*"))
        {
            var id = Path.GetFileName(path)[Prefix.Length..];
            if (RunId.TryParse(id) is null)
            {
                continue;
            }

            var remaining = patience > clock.Elapsed ? patience - clock.Elapsed : TimeSpan.Zero;
            if (WhyNotOver(path, id, environment, remaining, cancel, out var isAlive) is { } why)
            {
                left.Add((id, why));
            }
            else if (!isAlive)
            {
                _ = AnyFile.TryDelete(path);
            }
        }

        return left;
    }

    /// <summary>Takes the note away: nothing runs behind the gate any more. One that cannot be deleted says so by its run, which lives or is over.</summary>
    public void Dispose() => _ = AnyFile.TryDelete(_path);

    private static string? WhyNotOver(
        string path, string id, IReadOnlyDictionary<string, string> environment, TimeSpan patience, CancellationToken cancel, out bool isAlive)
    {
        isAlive = false;
        string[] lines;
        try
        {
            lines = ByteText.Decode(DurableFile.Read(path)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        if (lines is not [var stateDirectory, .. var keep])
        {
            return null;
        }

        var store = new RunStore(stateDirectory);
        isAlive = !DeadRun.IsDead(store, id);
        if (isAlive)
        {
            return null;
        }

        if (store.TryRead(id) is { } record)
        {
            return !record.State.IsFinal() && DeadRun.WhyNotOver(store, record, environment, keep, patience, cancel) is { } left
                ? $"run {id} of '{record.Project}', whose wt-run process died. {left.Why}"
                : null;
        }

        // The repository was moved or deleted, or the record cannot be read: left alone, but not overlooked.
        using var tree = ProcessTree.OfDeadRun(id, null, [], keep);
        return tree.Scan(out _) is [_, ..] members
            ? $"run {id}, whose wt-run process died, and whose record in '{stateDirectory}' cannot be read. Still at work of it: {string.Join(", ", members.Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Name} (pid {process.Pid})")))}."
            : null;
    }
}
