using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// Everything that a run waits for before anything is made for it, always in this order, so that no two runs wait for each other: its turn in
/// the working tree, or a place among the worktrees; then its engine's gate.
/// </summary>
internal sealed class Admission(IDisposable place, EngineGate gate) : IDisposable
{
    /// <summary>The queue of a repository for <c>max_worktrees</c>.</summary>
    public static string WorktreeQueue(string stateDirectory) => Path.Combine(stateDirectory, "queue", "worktrees");

    /// <summary>Waits in the queue for a place among the worktrees.</summary>
    /// <returns>Null if there was none in time, which the record then says.</returns>
    public static IDisposable? TakeWorktreePlace(RunRequest request, RunStore store, WaitingRun waiting, RunContext context)
    {
        var places = request.Project.MaxWorktrees;
        var ticket = Ticket.Take(WorktreeQueue(store.StateDirectory), context.RunId, places);
        try
        {
            if (waiting.WaitInLine(ticket, new WaitedFor($"one of {places} worktrees (max_worktrees)", $"raise max_worktrees of project '{request.Project.Name}'", $"Every place for a worktree of '{request.Project.Name}' (max_worktrees = {places})")))
            {
                return ticket;
            }
        }
        catch
        {
            ticket.Dispose();
            throw;
        }

        ticket.Dispose();
        return null;
    }

    /// <summary>The engine has ended: the next one may start.</summary>
    public void LeaveEngine() => gate.Dispose();

    /// <summary>Takes the place in the queue for the working tree over, as <see cref="InPlaceTurn.KeepPlace"/>; null if it is another queue's.</summary>
    public IDisposable? KeepPlace() => (place as InPlaceTurn)?.KeepPlace();

    /// <summary>Gives up all of it.</summary>
    public void Dispose()
    {
        gate.Dispose();
        place.Dispose();
    }
}
