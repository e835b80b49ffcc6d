using WorktreeIsolator.Configuration;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>What all steps of one prune share: the records as they were when it began, how old things may get, and whether to take anything.</summary>
internal sealed class PruneScope(RunStore store, ProjectConfig project, RetentionConfig retention, TimeProvider time, bool isDryRun, CancellationToken cancel)
{
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(60);

    private readonly HashSet<(string Kind, string Name)> _taken = [];

    public RunStore Store { get; } = store;

    public ProjectConfig Project { get; } = project;

    public RetentionConfig Retention { get; } = retention;

    public bool IsDryRun { get; } = isDryRun;

    public DateTimeOffset Now { get; } = time.GetUtcNow();

    /// <summary>By id.</summary>
    public IReadOnlyDictionary<string, RunRecord> Records { get; } = store.ReadAll().ToDictionary(record => record.Id, StringComparer.Ordinal);

    /// <summary>The sessions of the repository.</summary>
    public IReadOnlyList<Session> Sessions { get; } = store.Sessions.ReadAll();

    /// <summary>Whether someone may be at work with a run: it is not final, or it is being landed or dropped right now.</summary>
    public bool IsBusy(string id) => Store.IsActive(id) || Store.IsAlive(id);

    /// <summary>Whole days, as the configuration writes them; below a day, hours, minutes or seconds.</summary>
    public string AgeOf(DateTimeOffset since)
    {
        var age = Now > since ? Now - since : TimeSpan.Zero;
        var unit = age switch
        {
            { TotalDays: >= 1 } => TimeSpan.TicksPerDay,
            { TotalHours: >= 1 } => TimeSpan.TicksPerHour,
            { TotalMinutes: >= 1 } => TimeSpan.TicksPerMinute,
            _ => TimeSpan.TicksPerSecond,
        };
        return Duration.Format(TimeSpan.FromTicks(age.Ticks - (age.Ticks % unit)));
    }

    /// <summary>Whether this prune has taken something, or would.</summary>
    public bool HasTaken(string kind, string? name) => name is not null && _taken.Contains((kind, name));

    /// <summary>Takes something, unless this is a dry run; what cannot be taken is left, and says why.</summary>
    public PruneItem Take(string kind, string name, string reason, Action take)
    {
        cancel.ThrowIfCancellationRequested();
        if (!IsDryRun)
        {
            try
            {
                take();
            }
            catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
            {
                return Leave(kind, name, $"it should go ({reason}), but: {e.Message.Trim()}");
            }
        }

        _taken.Add((kind, name));
        return new PruneItem(kind, name, true, reason);
    }

    /// <summary>Leaves something.</summary>
    public static PruneItem Leave(string kind, string name, string reason) => new(kind, name, false, reason);

    /// <summary>Takes the repository lock.</summary>
    public RepositoryLock Lock() => RepositoryLock.Acquire(Store.StateDirectory, "prune", LockTimeout);

    /// <summary>Does something with a run that is over, while nobody else can land, drop or prune it.</summary>
    /// <param name="id">The run.</param>
    /// <param name="work">Gets the written side of its record; null if that is gone.</param>
    /// <exception cref="WorktreeIsolatorException">Someone is at work with it, or was since this prune began.</exception>
    public void Alone(string id, Action<RunJournal?> work)
    {
        if (!Records.TryGetValue(id, out var seen))
        {
            work(null);
            return;
        }

        using var liveness = Store.TryTakeOver(id, RunStore.Patience);
        if (liveness is null || Store.TryRead(id) is not { } now || now.RestsSince() != seen.RestsSince())
        {
            throw new WorktreeIsolatorException(FailureKind.Lock, "someone is at work with that run.");
        }

        using var journal = Store.TakeOver(now, liveness, time);
        work(journal);
    }
}
