using WorktreeIsolator.Records;

namespace WorktreeIsolator;

/// <summary>Who wants to see a run as it goes. Every method does nothing until it is overridden; all are called on the run's own thread, but for warnings that someone could not be told of a dead run.</summary>
public abstract class RunObserver
{
    /// <summary>Sees nothing.</summary>
    public static RunObserver None { get; } = new Silent();

    /// <summary>The record has changed and was written.</summary>
    public virtual void Changed(RunRecord record)
    {
    }

    /// <summary>The run is over and has let go of everything. What may follow before the call returns that ran it changes nothing of it.</summary>
    public virtual void Ended(RunRecord record)
    {
    }

    /// <summary>Another run's work, which had waited for its target, has landed after this one; or a person is needed for it now.</summary>
    public virtual void LandedLater(RunRecord record)
    {
    }

    /// <summary>A step has begun that may take a while, as a phrase: <c>fetching origin</c>.</summary>
    public virtual void Began(string what)
    {
    }

    /// <summary>The run waits from now on, until something else begins.</summary>
    /// <param name="what">What for, as the end of <c>waiting for …</c>.</param>
    /// <param name="place">Its place, and behind whom, as it is now: <c>position 2, behind 3f9c12ab cron:nightly, 4 min</c>; may be asked on any thread.</param>
    public virtual void Waits(string what, Func<string> place) => Began($"Queued — waiting for {what} ({place()})");

    /// <summary>Something that a person should know, as a sentence; the run goes on.</summary>
    public virtual void Warning(string text)
    {
    }

    /// <summary>Something came out of the engine, or of a project's own command.</summary>
    /// <param name="isError">Whether it came on standard error.</param>
    /// <param name="bytes">As they came; valid only during the call.</param>
    public virtual void Output(bool isError, ReadOnlySpan<byte> bytes)
    {
    }

    private sealed class Silent : RunObserver;
}
