using System.Text.Json.Serialization;

namespace WorktreeIsolator.Records;

/// <summary>What became of a run's work.</summary>
public enum MergeBackResult
{
    /// <summary>The target branch holds it.</summary>
    [JsonStringEnumMemberName("landed")]
    Landed,

    /// <summary>The remote confirmed that it holds it.</summary>
    [JsonStringEnumMemberName("pushed")]
    Pushed,

    /// <summary>The run made nothing that was not there before.</summary>
    [JsonStringEnumMemberName("nothing")]
    Nothing,

    /// <summary>It stays on the run branch or under the rescue ref.</summary>
    [JsonStringEnumMemberName("kept")]
    Kept,

    /// <summary>It conflicts with the target.</summary>
    [JsonStringEnumMemberName("conflict")]
    Conflict,

    /// <summary>The project's <c>verify</c> command failed on what would have landed.</summary>
    [JsonStringEnumMemberName("verify_failed")]
    VerifyFailed,

    /// <summary>Someone works where the target is checked out.</summary>
    [JsonStringEnumMemberName("target_busy")]
    TargetBusy,

    /// <summary>The remote refused it.</summary>
    [JsonStringEnumMemberName("rejected")]
    Rejected,

    /// <summary>It must not land by itself: an unfinished merge, a placed file in a commit, a change of the configuration that governs it.</summary>
    [JsonStringEnumMemberName("blocked")]
    Blocked,

    /// <summary>A person gave it up; what it had made is under the rescue ref.</summary>
    [JsonStringEnumMemberName("dropped")]
    Dropped,
}
