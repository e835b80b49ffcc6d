using System.Text.Json;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Records;

/// <summary>
/// The records of one repository (or of one project without git): <c>runs/ID/</c> holds a run's record, events, log and liveness lock;
/// <c>active/ID</c> exists while a run is not final, so that looking for the living and the dead costs what is active, not what is old;
/// <c>pending/ID</c>, for the same reason, while a run's work waits for its target.
/// </summary>
public sealed partial class RunStore
{
    /// <summary>Longer than a look at a liveness lock takes.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(5);

    /// <summary>The directories in it, those of queues and locks, too.</summary>
    private static readonly string[] Parts = ["runs", "active", "pending", "sessions", "queue", "turns", "targets", "checkouts", "fetch", "trash"];

    private readonly string _runs;
    private readonly string _active;
    private readonly string _pending;

    /// <summary>Names the store; nothing is made before the first run is published.</summary>
    /// <param name="stateDirectory">Absolute path of <c>…/.git/wt-run</c>, or of <c>.wt-run</c> in a project without git.</param>
    public RunStore(string stateDirectory)
    {
        StateDirectory = stateDirectory;
        _runs = Path.Combine(stateDirectory, "runs");
        _active = Path.Combine(stateDirectory, "active");
        _pending = Path.Combine(stateDirectory, "pending");
    }

    /// <summary>The store of a project, whether anything is in it yet or not.</summary>
    /// <param name="projectPath">Absolute path of the project, anywhere in its repository; it exists.</param>
    /// <param name="environment">The caller's variables, for git.</param>
    /// <exception cref="WorktreeIsolatorException">git is missing or too old, or refuses the repository; or something is where the store's directories belong.</exception>
    public static RunStore Of(string projectPath, IReadOnlyDictionary<string, string> environment)
    {
        var store = Repository.TryOpen(projectPath, environment) is { } repository ? new RunStore(repository.StateDirectory) : WithoutGit(projectPath);
        return store.WhyUnfit() is { } unfit ? throw unfit : store;
    }

    /// <summary>The store of a project that lies in no git repository.</summary>
    public static RunStore WithoutGit(string projectPath) => new(Path.Combine(CanonicalPath.Of(projectPath), ".wt-run"));

    /// <summary>Where the store lies.</summary>
    public string StateDirectory { get; }

    /// <summary>
    /// What is where a directory of the store belongs and is none, or one that we may not read, with what helps; null if all is well. Without this look
    /// the store would seem empty, and what prune and doctor say of worktrees and branches then is wrong.
    /// </summary>
    internal WorktreeIsolatorException? WhyUnfit() => OwnDirectory.WhyUnfit(StateDirectory)
        ?? Array.ConvertAll(Parts, part => OwnDirectory.WhyUnfit(Path.Combine(StateDirectory, part))).FirstOrDefault(unfit => unfit is not null);

    /// <summary>Which directory of the store cannot be written by this user, with what helps; null if all that are there can be.</summary>
    internal WorktreeIsolatorException? WhyNotWritable() => Parts.Select(part => Path.Combine(StateDirectory, part)).Prepend(StateDirectory)
        .Concat(Names(Path.Combine(StateDirectory, "queue")).Select(name => Path.Combine(StateDirectory, "queue", name)))
        .Select(OwnDirectory.WhyNotWritable).FirstOrDefault(refused => refused is not null);

    /// <summary>The sessions of the repository.</summary>
    public SessionStore Sessions => new(StateDirectory);

    /// <summary>The directory of one run.</summary>
    public string DirectoryOf(string id) => Path.Combine(_runs, id);

    /// <summary>The record of one run; null if there is none, or it cannot be read (<see cref="IsUnreadable"/>).</summary>
    public RunRecord? TryRead(string id) => TryRead(id, out _);

    /// <summary>What can be understood of a record that a newer version of this program wrote; null if that is nothing, or it is none.</summary>
    internal RunRecord? TryReadNewer(string id) => TryReadAny(id, out _) is { Version: > RunRecord.CurrentVersion } record ? record : null;

    private RunRecord? TryRead(string id, out byte[] text) => TryReadAny(id, out text) is { Version: <= RunRecord.CurrentVersion } record ? record : null;

    private RunRecord? TryReadAny(string id, out byte[] text)
    {
        text = [];
        try
        {
            text = DurableFile.Read(Path.Combine(DirectoryOf(id), "run.json"));
            return RecordReader.ReadRun(text);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>All ids, in no order.</summary>
    public IEnumerable<string> Ids() => Names(_runs).Where(name => RunId.TryParse(name) is not null);

    /// <summary>The ids of runs that are not final, whether their supervisor lives or not.</summary>
    public IEnumerable<string> ActiveIds() => Names(_active).Where(name => RunId.TryParse(name) is not null);

    /// <summary>Whether a run is not final.</summary>
    public bool IsActive(string id) => File.Exists(ActiveFile(id));

    /// <summary>The file that is there as long as a run is not final.</summary>
    internal string ActiveFile(string id) => Path.Combine(_active, id);

    /// <summary>Whether there is a record that this program cannot read: a newer one wrote it, it is damaged, or another user's.</summary>
    public bool IsUnreadable(string id) => Directory.Exists(DirectoryOf(id)) && TryRead(id) is null && Directory.Exists(DirectoryOf(id));

    /// <summary>All records, oldest first.</summary>
    public IReadOnlyList<RunRecord> ReadAll() => Read([.. Ids()]);

    /// <summary>All records as they were written, in no order. To make 10,000 of them anew costs as much as to read them.</summary>
    public IReadOnlyList<RecordText> ReadAllTexts() =>
        SideBySide([.. Ids()], id => TryRead(id, out var text) is { } record ? new RecordText(record.CreatedAt, record.Id, text) : null);

    /// <summary>The records of the runs to which something happened last, and of all that are not over; oldest first.</summary>
    /// <param name="most">How many of those that are over.</param>
    /// <param name="left">How many runs there are beside those.</param>
    public IReadOnlyList<RunRecord> ReadLatest(int most, out int left)
    {
        // Whatever happens to a run replaces its record, and so changes its directory: a look at that costs a tenth of reading the record.
        var directories = Directory.Exists(_runs) ? new DirectoryInfo(_runs).GetDirectories() : [];
        var ids = directories.Where(directory => RunId.TryParse(directory.Name) is not null).OrderByDescending(directory => directory.LastWriteTimeUtc)
            .Select(directory => directory.Name).ToList();
        var shown = ids.Take(most).Union(ActiveIds().Intersect(ids, StringComparer.Ordinal), StringComparer.Ordinal).ToList();
        left = ids.Count - shown.Count;
        return Read(shown);
    }

    private List<RunRecord> Read(List<string> ids)
    {
        var records = SideBySide(ids, TryRead);
        records.Sort(RunRecord.OldestFirst);
        return records;
    }

    /// <summary>Side by side where that saves more than it costs to begin.</summary>
    private static List<T> SideBySide<T>(List<string> ids, Func<string, T?> read)
        where T : class
    {
        const int many = 500;
        return [.. (ids.Count < many ? ids.Select(read) : ids.AsParallel().Select(read)).OfType<T>()];
    }

    /// <summary>Whether the supervisor of a run lives: it holds the run's liveness lock until it ends.</summary>
    public bool IsAlive(string id)
    {
        if (!File.Exists(LivenessFile(id)))
        {
            return false;
        }

        try
        {
            // Shared, so that two that only look do not take each other for the supervisor.
            using var free = FileLock.TryAcquire(LivenessFile(id), shared: true);
            return free is null;
        }
        catch (WorktreeIsolatorException) when (!Directory.Exists(DirectoryOf(id)))
        {
            // A prune took it in between.
            return false;
        }
    }

    /// <summary>The liveness lock of a run whose supervisor is dead, so that only one process cleans up after it; null if it lives.</summary>
    /// <param name="id">The run.</param>
    /// <param name="patience">How long to try; <see cref="Patience"/> for a run that is over, with which someone may just be looking whether it lives.</param>
    internal FileLock? TryTakeOver(string id, TimeSpan patience = default)
    {
        try
        {
            return File.Exists(LivenessFile(id)) ? FileLock.Acquire(LivenessFile(id), patience, LongestPause) : null;
        }
        catch (WorktreeIsolatorException) when (!Directory.Exists(DirectoryOf(id)))
        {
            return null;
        }
    }

    /// <summary>Continues the record of a run whose supervisor is dead.</summary>
    internal RunJournal TakeOver(RunRecord record, FileLock liveness, TimeProvider time)
    {
        // Who was killed while he wrote the record may have been the last who had anything to write.
        _ = AnyFile.TryDelete(Path.Combine(DirectoryOf(record.Id), "run.json" + DurableFile.Aside));
        return new RunJournal(this, record, liveness, time);
    }

    /// <summary>
    /// Writes a new run down. It appears complete: its directory is made aside with the liveness lock held and then renamed, so that no one
    /// takes a newborn run for a dead one.
    /// </summary>
    /// <param name="record">The record; its id is new.</param>
    /// <param name="time">The clock.</param>
    /// <param name="sync">Whether the run must survive a power cut from now on.</param>
    internal RunJournal Publish(RunRecord record, TimeProvider time, bool sync)
    {
        var aside = Path.Combine(_runs, $".{record.Id}.new");
        Sharing.CreateDirectory(aside);
        Sharing.CreateDirectory(_active);
        var liveness = FileLock.TryAcquire(Path.Combine(aside, "alive"))
            ?? throw new WorktreeIsolatorException(FailureKind.System, $"The run id {record.Id} is already in use.");
        try
        {
            liveness.RequireToExclude(StateDirectory);
            DurableFile.Replace(Path.Combine(aside, "run.json"), RecordWriter.ToUtf8(record), sync);
            File.WriteAllBytes(Path.Combine(_active, record.Id), []);
            Directory.Move(aside, DirectoryOf(record.Id));
            if (sync)
            {
                DurableFile.SyncDirectory(_active);
                DurableFile.SyncDirectory(_runs);
            }

            return new RunJournal(this, record, liveness, time);
        }
        catch
        {
            liveness.Dispose();
            ForgetStillborn(record.Id);
            throw;
        }
    }

    /// <summary>Whether there may be work that waits for its target.</summary>
    internal bool HasPending => Names(_pending).Any();

    /// <summary>The runs whose work waits for its target, oldest first.</summary>
    internal IReadOnlyList<RunRecord> ReadPending()
    {
        var pending = new List<RunRecord>();
        foreach (var id in Names(_pending).Where(name => RunId.TryParse(name) is not null))
        {
            if (TryRead(id) is { } record && record.WaitsForItsTarget())
            {
                pending.Add(record);
            }
            else if (!Directory.Exists(DirectoryOf(id)))
            {
                File.Delete(Path.Combine(_pending, id));
            }
        }

        pending.Sort(RunRecord.OldestFirst);
        return pending;
    }

    /// <summary>Marks a run as final, and whether its work waits for its target.</summary>
    internal void Settle(RunRecord record)
    {
        var mark = Path.Combine(_pending, record.Id);
        if (record.WaitsForItsTarget())
        {
            Sharing.CreateDirectory(_pending);
            if (!File.Exists(mark))
            {
                // One that is there may be another user's.
                File.WriteAllBytes(mark, []);
            }
        }
        else if (File.Exists(mark))
        {
            File.Delete(mark);
        }

        Deactivate(record.Id);
    }

    /// <summary>Marks a run as final.</summary>
    internal void Deactivate(string id) => File.Delete(Path.Combine(_active, id));

    private string LivenessFile(string id) => Path.Combine(DirectoryOf(id), "alive");

    private static IEnumerable<string> Names(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName).OfType<string>() : [];
}
