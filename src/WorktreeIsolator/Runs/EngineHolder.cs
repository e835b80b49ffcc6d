using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// A note beside the tickets of an engine's gate that says whose engine runs behind it: the gate of a wt-run that was killed is free before its engine has
/// ended, and whoever gets it next may come from another repository. Its text is where the run's record lies, which process is its wt-run (as
/// <see cref="ProcessInfo.ToLine"/>), and the names of processes that the run may leave behind, each with a NUL after it. It is left after the run's ticket was
/// taken and goes before that, so a note without a ticket that is held is a dead run's: to see that needs nothing but the queue, from wherever the run's
/// repository cannot be seen. Disposing takes it away; twice is harmless.
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
        string[] lines = [store.StateDirectory, ProcessInfo.Of(ProcessIdentity.Current).ToLine().TrimEnd(), .. keepProcesses];
        DurableFile.Replace(path, ByteText.Encode(string.Concat(lines.Select(line => line + '\0'))), sync: false);
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

        // In this order: whoever leaves a note has his ticket.
        var notes = Directory.GetFiles(queue, Prefix + "*");
        var living = notes.Length > 0 ? Ticket.Holders(queue) : [];
        foreach (var path in notes)
        {
            // One that its writer was killed over has something behind the id, and no engine was started.
            var name = Path.GetFileName(path)[Prefix.Length..];
            var id = name.Split('.')[0];
            if (RunId.TryParse(id) is null || living.Contains(id))
            {
                continue;
            }

            var remaining = patience > clock.Elapsed ? patience - clock.Elapsed : TimeSpan.Zero;
            if (name == id && WhyNotOver(path, id, environment, remaining, cancel) is { } why)
            {
                left.Add((id, why));
            }
            else
            {
                _ = AnyFile.TryDelete(path);
            }
        }

        return left;
    }

    /// <summary>Takes the note away: nothing runs behind the gate any more. If it cannot be deleted, its run, which lives or is over, is in nobody's way.</summary>
    public void Dispose() => _ = AnyFile.TryDelete(_path);

    private static string? WhyNotOver(string path, string id, IReadOnlyDictionary<string, string> environment, TimeSpan patience, CancellationToken cancel)
    {
        string[] lines;
        try
        {
            lines = ByteText.Decode(DurableFile.Read(path)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        if (lines is not [var stateDirectory, var supervisor, .. var keep])
        {
            return WhyUnseenIsNotOver(id, "?", null, []);
        }

        try
        {
            var store = new RunStore(stateDirectory);
            if (store.TryRead(id) is { } record)
            {
                // Who lives without a ticket has left the gate.
                return !record.State.IsFinal() && DeadRun.IsDead(store, id) && DeadRun.WhyNotOver(store, record, environment, keep, patience, cancel) is { } left
                    ? $"run {id} of '{record.Project}', whose wt-run process died. {left.Why}"
                    : null;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorktreeIsolatorException)
        {
            // What is wrong with one repository is no reason to fail the runs of all others.
        }

        return WhyUnseenIsNotOver(id, stateDirectory, ProcessInfo.TryParse(supervisor), keep);
    }

    /// <summary>The run's repository was moved or deleted, is not to be seen from here, or its record cannot be read: left alone, but not overlooked.</summary>
    private static string? WhyUnseenIsNotOver(string id, string stateDirectory, ProcessInfo? supervisor, IReadOnlyList<string> keep)
    {
        if (supervisor is not null && supervisor.BootId != ProcessIdentity.BootId)
        {
            return null;
        }

        var run = $"run {id}, whose wt-run process died, and whose record in '{stateDirectory}' cannot be read.";
        if (supervisor is not null && supervisor.PidNamespace != ProcessIdentity.PidNamespace)
        {
            return $"{run} It belongs to another pid namespace (a container): whether its engine still runs cannot be seen from here.";
        }

        using var tree = ProcessTree.OfDeadRun(id, null, [], keep);
        return tree.Scan(out _) is [_, ..] members
            ? $"{run} Still at work of it: {string.Join(", ", members.Select(process => string.Create(CultureInfo.InvariantCulture, $"{process.Name} (pid {process.Pid})")))}."
            : null;
    }
}
