using System.Text;
using System.Text.Json;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Records;

/// <summary>
/// The written side of one run, owned by its supervisor: <c>run.json</c>, replaced whole at every change, and <c>events.jsonl</c>, one line
/// for every step. It holds the run's liveness lock until it is disposed.
/// </summary>
internal sealed class RunJournal : IDisposable
{
    private readonly RunStore _store;
    private readonly FileLock _liveness;
    private readonly TimeProvider _time;
    private TimeSpan _lockHeld;

    internal RunJournal(RunStore store, RunRecord record, FileLock liveness, TimeProvider time)
    {
        _store = store;
        _liveness = liveness;
        _time = time;
        Record = record;
        Changed = static _ => { };
    }

    /// <summary>The record as it was last written.</summary>
    public RunRecord Record { get; private set; }

    /// <summary>Is told of every change, after it was written.</summary>
    public Action<RunRecord> Changed { get; set; }

    /// <summary>The run's directory.</summary>
    public string Directory => _store.DirectoryOf(Record.Id);

    /// <summary>Where the store that holds the run lies.</summary>
    public string StateDirectory => _store.StateDirectory;

    /// <summary>Now, by the run's clock.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Changes the record. A final state also takes the run off the list of active ones.</summary>
    /// <param name="change">Makes the new record from the last one.</param>
    /// <param name="sync">Whether the change must survive a power cut before the call returns.</param>
    public void Update(Func<RunRecord, RunRecord> change, bool sync = false)
    {
        var before = Record.State;
        Record = change(Record);
        Write(sync);
        if (Record.State != before)
        {
            Note("state", Record.State.ToString(), sync);
        }

        if (Record.State.IsFinal())
        {
            _store.Settle(Record);
        }

        Changed(Record);
    }

    /// <summary>Adds to the time for which the run held the repository lock; written with the next change.</summary>
    public void AddLockHeld(TimeSpan held)
    {
        _lockHeld += held;
        Record = Record with { LockHeldMs = (long)Math.Ceiling(_lockHeld.TotalMilliseconds) };
    }

    /// <summary>Appends a line to <c>events.jsonl</c>.</summary>
    /// <param name="what">The kind of event, one word.</param>
    /// <param name="detail">What a person or a recovery needs to know of it.</param>
    /// <param name="sync">Whether it must survive a power cut before the call returns.</param>
    public void Note(string what, string detail, bool sync = false) => Append(Directory, Now, what, detail, sync);

    /// <summary>Appends a line to the events of a run that is over, which nobody need hold for that.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="what">The kind of event, one word.</param>
    /// <param name="detail">What a person needs to know of it.</param>
    /// <param name="sync">Whether it must survive a power cut before the call returns.</param>
    public static void Append(string directory, DateTimeOffset at, string what, string detail, bool sync = false)
    {
        using var line = new MemoryStream();
        using (var writer = new Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            writer.WriteString("at", at);
            writer.WriteString("event", what);
            writer.WriteString("detail", detail);
            writer.WriteEndObject();
        }

        line.Write("\n"u8);
        using var file = new FileStream(
            Path.Combine(directory, "events.jsonl"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        if (sync)
        {
            file.Flush(flushToDisk: true);
        }
    }

    /// <summary>The details of all events of one kind, oldest first.</summary>
    public IReadOnlyList<string> Notes(string what) => ReadNotes(Directory, what);

    /// <inheritdoc cref="Notes"/>
    /// <param name="directory">The run's directory, whoever owns the run.</param>
    /// <param name="what">The kind of event, one word.</param>
    public static IReadOnlyList<string> ReadNotes(string directory, string what)
    {
        var path = Path.Combine(directory, "events.jsonl");
        var details = new List<string>();
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            // The last line of a process that was killed may be cut off.
            if (line.EndsWith('}') && line.Contains($"\"{what}\"", StringComparison.Ordinal))
            {
                using var parsed = JsonDocument.Parse(line);
                if (parsed.RootElement.GetProperty("event").GetString() == what)
                {
                    details.Add(parsed.RootElement.GetProperty("detail").GetString()!);
                }
            }
        }

        return details;
    }

    /// <summary>Releases the liveness lock.</summary>
    public void Dispose() => _liveness.Dispose();

    private void Write(bool sync) => DurableFile.Replace(
        Path.Combine(Directory, "run.json"), RecordWriter.ToUtf8(Record), sync);
}
