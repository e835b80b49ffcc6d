using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// A run has its turn in a session: the runs of one session go one after another, in the order in which they came, and only when all that dead
/// ones had left working there is ended and kept. Only then it waits for a place among the worktrees.
/// </summary>
internal sealed class SessionTurn(IDisposable turn, IDisposable place) : IDisposable
{
    /// <summary>Waits for the turn.</summary>
    /// <returns>Null if it was not to be had, which the record then says.</returns>
    public static SessionTurn? Take(RunRequest request, RunnerOptions options, Repository repository, RunStore store, WaitingRun waiting, RunContext context)
    {
        var name = request.Session!.Value;
        var what = new WaitedFor($"the run before it in session '{name}'", "use another session", $"Session '{name}'");
        if (store.ActiveIds().FirstOrDefault(id => waiting.IsInside(id) && store.TryRead(id) is { } run && run.Session == name && !run.State.IsFinal()) is { } outer)
        {
            _ = waiting.WaitsForItself(outer, what);
            return null;
        }

        var ticket = Ticket.Take(SessionStore.QueueFor(store.StateDirectory, name), context.RunId);
        try
        {
            if (waiting.WaitInLine(ticket, what)
                && AwaitTheDead(request, options, repository, store, waiting, context, what)
                && Admission.TakeWorktreePlace(request, store, waiting, context) is { } place)
            {
                return new SessionTurn(ticket, place);
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

    /// <summary>Gives the turn to the next.</summary>
    public void Dispose()
    {
        place.Dispose();
        turn.Dispose();
    }

    /// <summary>The ticket of a dead run counts no more before its engine has ended, and while someone else is keeping its work.</summary>
    private static bool AwaitTheDead(
        RunRequest request, RunnerOptions options, Repository repository, RunStore store, WaitingRun waiting, RunContext context, WaitedFor what)
    {
        var reconciler = new Reconciler(request.Project, options, repository);
        return waiting.AwaitNobody(
            () =>
            {
                if (SessionEnding.WhoDied(store, request.Session!.Value) is null)
                {
                    return null;
                }

                var left = reconciler.Reconcile(waiting.PatienceWithTheDead, context.Cancel, context.Kill);
                return SessionEnding.WhoDied(store, request.Session.Value) is { } dead
                    ? (dead, $"run {dead}, whose wt-run process died. {left.FirstOrDefault(run => run.Record.Id == dead)?.WhyNotOver}".TrimEnd())
                    : null;
            },
            what);
    }
}
