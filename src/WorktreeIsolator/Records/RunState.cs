using System.Text.Json.Serialization;

namespace WorktreeIsolator.Records;

/// <summary>How far a run has come. The order is the order of the flow; everything from <see cref="Succeeded"/> on is final.</summary>
public enum RunState
{
    /// <summary>Written down, nothing done yet.</summary>
    [JsonStringEnumMemberName("accepted")]
    Accepted,

    /// <summary>Waits for its turn.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued,

    /// <summary>Its directory is being made: fetch, registration, checkout, contents, setup.</summary>
    [JsonStringEnumMemberName("preparing")]
    Preparing,

    /// <summary>The engine is about to be started; from here on the run is never started again by itself.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>The engine runs.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>The engine has ended; its work is being kept, merged, landed or pushed.</summary>
    [JsonStringEnumMemberName("finishing")]
    Finishing,

    /// <summary>The engine ended with 0 and its work is where the configuration wants it.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,

    /// <summary>The engine, or wt-run itself, failed; the work is kept.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>The engine ended with 0, but landing needs a person.</summary>
    [JsonStringEnumMemberName("needs_merge")]
    NeedsMerge,

    /// <summary>It did not run: busy, or waited too long.</summary>
    [JsonStringEnumMemberName("skipped")]
    Skipped,

    /// <summary>Someone cancelled it.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>The engine ran too long, or was silent too long.</summary>
    [JsonStringEnumMemberName("timed_out")]
    TimedOut,

    /// <summary>Its supervisor died.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted,
}

/// <summary>What can be asked of a <see cref="RunState"/>.</summary>
public static class RunStates
{
    /// <summary>Whether nothing more will happen to the run by itself.</summary>
    public static bool IsFinal(this RunState state) => state >= RunState.Succeeded;
}
