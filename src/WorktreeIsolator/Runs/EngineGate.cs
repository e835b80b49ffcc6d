using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>
/// What an engine has to wait for, whatever the project: <c>max_parallel</c> places on this machine for this user, and <c>lock</c>, a file that
/// programs which know nothing of wt-run may lock with flock(1) as well. Both in order of arrival among the runs of wt-run.
/// </summary>
internal sealed class EngineGate : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    private readonly List<IDisposable> _held = [];

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly Func<string, EngineHolder> _leaveNote;

    private EngineGate(IReadOnlyDictionary<string, string> environment, Func<string, EngineHolder> leaveNote)
    {
        _environment = environment;
        _leaveNote = leaveNote;
    }

    /// <summary>Waits at the gate.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="options">What all runs share: where what is shared by all repositories lies.</param>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="waiting">The run.</param>
    /// <param name="context">The run.</param>
    /// <returns>Null if it did not open in time, which the record then says.</returns>
    public static EngineGate? Enter(RunRequest request, RunnerOptions options, RunStore store, WaitingRun waiting, RunContext context)
    {
        var (engine, stateHome) = (request.Engine, options.StateHome);
        var gate = new EngineGate(options.Environment, queue => EngineHolder.Leave(queue, context.RunId, store, request.Project.KeepProcesses));
        try
        {
            if ((engine.MaxParallel is not { } places || gate.TakePlace(engine.Name!, places, stateHome, waiting, context))
                && (engine.Lock is not { } file || gate.TakeLock(engine, file, stateHome, waiting, context)))
            {
                return gate;
            }
        }
        catch
        {
            gate.Dispose();
            throw;
        }

        gate.Dispose();
        return null;
    }

    /// <summary>Lets the next one in.</summary>
    public void Dispose()
    {
        for (var i = _held.Count - 1; i >= 0; i--)
        {
            _held[i].Dispose();
        }

        _held.Clear();
    }

    private bool TakePlace(string engine, int places, string stateHome, WaitingRun waiting, RunContext context)
    {
        var queue = Path.Combine(stateHome, "engines", engine);
        var what = new WaitedFor($"a place for the engine '{engine}' (max_parallel = {places})", "raise that, or use another engine", $"The engine '{engine}' (max_parallel = {places})");
        var ticket = Hold(Ticket.Take(queue, context.RunId, places));
        return waiting.WaitInLine(ticket, what) && AwaitTheDead(queue, ticket, what, null, () => waiting.Remaining, waiting, context);
    }

    /// <summary>
    /// The ticket of a dead run is free before its engine has ended, in whatever repository that works: until then it takes a place as the living do.
    /// </summary>
    private bool AwaitTheDead(
        string queue, Ticket ticket, WaitedFor what, (TimeSpan Most, string Key)? limit, Func<TimeSpan> remaining, WaitingRun waiting, RunContext context)
    {
        var hasStayed = false;
        if (!waiting.AwaitNobody(InTheWay, what, limit, remaining))
        {
            return false;
        }

        Hold(_leaveNote(queue));
        return true;

        (string? Run, string Holder)? InTheWay()
        {
            var left = Look(TimeSpan.Zero);
            if (left is not null && !hasStayed)
            {
                // Most engines end soon when they are asked to.
                hasStayed = true;
                left = Look(DeadRun.Pass);
            }

            return left;
        }

        (string? Run, string Holder)? Look(TimeSpan patience)
        {
            // In this order: who dies in between counts twice, not never.
            var living = ticket.Ahead().Count;
            var left = EngineHolder.EndTheDead(queue, _environment, patience, context.Cancel);
            return living + left.Count < ticket.Places ? null : left[0];
        }
    }

    /// <summary>flock keeps no order among those who wait, so runs take a ticket first. Nothing is written into the file: it may be of use to someone.</summary>
    private bool TakeLock(EngineDefinition engine, string file, string stateHome, WaitingRun waiting, RunContext context)
    {
        var clock = Stopwatch.StartNew();
        var what = new WaitedFor($"the lock '{file}' of the engine '{engine.Name}'", "use another engine", $"The lock '{file}' of the engine '{engine.Name}'");
        var limit = (engine.LockTimeout, "lock_timeout");
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(CanonicalPath.Of(file))).AsSpan(0, 8));
        var queue = Path.Combine(stateHome, "engines", $".lock-{key}");
        var ticket = Hold(Ticket.Take(queue, context.RunId));
        if (!waiting.WaitInLine(ticket, what, limit)
            || !AwaitTheDead(queue, ticket, what, limit, () => waiting.Within(engine.LockTimeout - clock.Elapsed), waiting, context))
        {
            return false;
        }

        var taken = FileLock.TryAcquire(file);
        var within = waiting.Within(engine.LockTimeout - clock.Elapsed);
        if (taken is null && within > TimeSpan.Zero)
        {
            waiting.Tell(null, what, LockHolder.Describe(file));
            taken = FileLock.Acquire(file, within, LongestPause, cancellation: context.Cancel);
        }

        if (taken is null)
        {
            return waiting.Busy(LockHolder.Describe(file), what, limit);
        }

        Hold(taken);
        return true;
    }

    private T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Add(held);
        return held;
    }
}
