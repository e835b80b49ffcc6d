using System.Diagnostics;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>
/// <c>wt-run list --watch</c>: the latest runs, as many as the terminal has rows for, drawn again in place when something has changed. What a
/// look costs depends on how many runs are shown or active, not on how many there are.
/// </summary>
internal sealed class ListWatch(KnownProjects known)
{
    private const string HideCursor = "\e[?25l";
    private const string ShowCursor = "\e[?25h";
    private const string ClearScreen = "\e[H\e[2J";
    private const int RowsIfUnknown = 24;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestTrust = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (DateTime Written, RunRecord Record)> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<RunStore, (DateTime Changed, List<string> Ids)> _listings = [];
    private readonly Stopwatch _sinceRefs = Stopwatch.StartNew();
    private KnownRefs? _refs;
    private bool _recordsChanged;
    private string _shown = "";
    private (int Width, int Height) _size;

    /// <summary>Watches until a signal ends it.</summary>
    public void Run()
    {
        using var signals = new CancelSignals(static _ => { });
        StandardStreams.Out.WriteText(HideCursor);
        try
        {
            do
            {
                known.ReconcileUnseen();
                Draw();
                known.Options.Later.Tell(signals.Cancel, signals.Kill);
            }
            while (!signals.Cancel.WaitHandle.WaitOne(Pause));
        }
        finally
        {
            StandardStreams.Out.TryWriteText(ShowCursor);
        }
    }

    private void Draw()
    {
        var rows = StandardStreams.Out.Height is > 2 and var height ? height : RowsIfUnknown;

        // The headings take one line. The last one is left free: a line end there would scroll the screen.
        var records = MostUrgent(rows - 2);
        var lines = (records.Count == 0 ? "No runs yet.\n" : TerminalTable.Render(RunTable.Of(records, Refs()), StandardStreams.Out.Width)).TrimEnd('\n').Split('\n');
        var text = string.Join('\n', lines) + "\n";
        var size = (StandardStreams.Out.Width, StandardStreams.Out.Height);
        if (text != _shown || size != _size)
        {
            // A terminal of another size has broken the lines anew: nobody knows where they begin now.
            var up = _shown.Count(c => c == '\n');
            StandardStreams.Out.WriteText((up == 0 ? "" : size == _size ? $"\r\e[{up}A\e[J" : ClearScreen) + text);
            (_shown, _size) = (text, size);
        }
    }

    /// <summary>Asked anew when a record has changed, and now and then: who deletes a branch changes none.</summary>
    private KnownRefs Refs()
    {
        if (_refs is null || _recordsChanged || _sinceRefs.Elapsed > LongestTrust)
        {
            _refs = new KnownRefs(known.Stores, known.Options.Environment);
            _recordsChanged = false;
            _sinceRefs.Restart();
        }

        return _refs;
    }

    /// <summary>Those at work first, then who is next in line, then the latest that are over; shown with the newest last.</summary>
    private List<RunRecord> MostUrgent(int count)
    {
        var records = new List<RunRecord>();
        foreach (var owner in known.Stores)
        {
            var store = owner.Store;
            var ids = List(store);
            var active = store.ActiveIds().ToHashSet(StringComparer.Ordinal);
            var latest = ids.Where(_records.ContainsKey).OrderByDescending(id => _records[id].Record.CreatedAt).Take(count);
            records.AddRange(owner.WithWhoHasThem(latest.Union(active).Select(id => Refreshed(store, id)).OfType<RunRecord>()));
        }

        return
        [
            .. records.OrderBy(record => record.State.IsFinal() && record.InHand is null ? int.MaxValue : record.Queue?.Position ?? 0).ThenByDescending(record => record.CreatedAt)
                .Take(count).OrderBy(record => record.CreatedAt),
        ];
    }

    /// <summary>The ids of a store; those that are new are read. A run that appears or goes changes the directory.</summary>
    private List<string> List(RunStore store)
    {
        var changed = Directory.GetLastWriteTimeUtc(store.DirectoryOf("."));
        if (!_listings.TryGetValue(store, out var listing) || listing.Changed != changed)
        {
            listing = (changed, [.. store.Ids()]);
            _listings[store] = listing;
            foreach (var id in listing.Ids.Where(id => !_records.ContainsKey(id)))
            {
                _ = Refreshed(store, id);
            }
        }

        return listing.Ids;
    }

    private RunRecord? Refreshed(RunStore store, string id)
    {
        var written = File.GetLastWriteTimeUtc(Path.Combine(store.DirectoryOf(id), "run.json"));
        if (_records.TryGetValue(id, out var known) && known.Written == written)
        {
            return known.Record;
        }

        if (store.TryRead(id) is { } record)
        {
            _records[id] = (written, record);
            _recordsChanged = true;
            return record;
        }

        _records.Remove(id);
        return null;
    }
}
