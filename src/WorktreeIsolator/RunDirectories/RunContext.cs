using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What the steps of one run share: who the run is, whom to tell, and how to stop.</summary>
internal sealed record RunContext
{
    /// <summary>Twelve hexadecimal digits.</summary>
    public required string RunId { get; init; }

    /// <summary>What started it, for commit messages: <c>cron:nightly</c>.</summary>
    public required Trigger Trigger { get; init; }

    /// <summary>The environment for everything that works in the run's directory: scrubbed, with the WT_RUN_ variables that are known so far.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Runs setup, verify and hooks.</summary>
    public required ProjectCommands Commands { get; init; }

    /// <summary>Takes the repository lock.</summary>
    public required Func<RepositoryLock> TakeLock { get; init; }

    /// <summary>A step that may take a while has begun.</summary>
    public required Action<string> Began { get; init; }

    /// <summary>Something a person should know.</summary>
    public required Action<string> Warn { get; init; }

    /// <summary>Writes into the run's journal what recovery needs to know, and waits until it is on disk.</summary>
    public required Action<string, string> Journal { get; init; }

    /// <summary>Ends waiting and long steps.</summary>
    public required CancellationToken Cancel { get; init; }
}
