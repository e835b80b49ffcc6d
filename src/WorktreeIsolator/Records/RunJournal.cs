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
    /// <param name="meanwhile">What follows from a final state, once that is written: who dies over it leaves the run active, so that recovery goes on with it.</param>
    public void Update(Func<RunRecord, RunRecord> change, bool sync = false, Action? meanwhile = null)
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
            meanwhile?.Invoke();
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
    public void Note(string what, string detail, bool sync = false) => RunEvents.Append(Directory, Now, what, detail, sync);

    /// <summary>The details of all events of one kind, oldest first.</summary>
    public IReadOnlyList<string> Notes(string what) => RunEvents.Read(Directory, what);

    /// <summary>Releases the liveness lock.</summary>
    public void Dispose() => _liveness.Dispose();

    private void Write(bool sync) => DurableFile.Replace(
        Path.Combine(Directory, "run.json"), RecordWriter.ToUtf8(Record), sync);
}
