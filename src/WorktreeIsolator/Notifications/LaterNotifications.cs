using WorktreeIsolator.Records;

namespace WorktreeIsolator.Notifications;

/// <summary>
/// Runs that were found dead, and of which nobody was told yet. Who finds one may hold a place in a queue or be about to start an engine, or may only have
/// come to look; who is told may take his time. So that is the last thing a command does: a notification beside an engine would also keep what escapes from
/// that engine from being known for the engine's.
/// </summary>
public sealed class LaterNotifications
{
    private readonly Queue<(Notifier Notifier, RunRecord Record)> _untold = new();

    /// <summary>Whether nobody is to be told of anything.</summary>
    public bool IsEmpty => _untold.Count == 0;

    /// <summary>Tells of all that was found so far; nothing of it changes a run.</summary>
    /// <param name="cancel">Breaks it off.</param>
    /// <param name="kill">Kills a command that takes too long to stop.</param>
    public void Tell(CancellationToken cancel = default, CancellationToken kill = default)
    {
        while (_untold.TryDequeue(out var next))
        {
            next.Notifier.Tell(next.Record, cancel, kill);
        }
    }

    /// <summary>Remembers a run.</summary>
    /// <param name="notifier">Tells of it.</param>
    /// <param name="record">The run, in a final state.</param>
    internal void Add(Notifier notifier, RunRecord record) => _untold.Enqueue((notifier, record));
}
