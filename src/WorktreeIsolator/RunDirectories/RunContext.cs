using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What the steps of one run share: who the run is, whom to tell, and how to stop.</summary>
internal sealed record RunContext
{
    /// <summary>Twelve hexadecimal digits.</summary>
    public required string RunId { get; init; }

    /// <summary>Where its record lies.</summary>
    public required string RecordDirectory { get; init; }

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

    /// <summary>Writes into the run's journal what a person may want to know later.</summary>
    public required Action<string, string> Note { get; init; }

    /// <summary>Writes into the run's journal what recovery needs to know, and waits until it is on disk.</summary>
    public required Action<string, string> Journal { get; init; }

    /// <summary>What <see cref="Journal"/> was told under one name, by this process or one before it.</summary>
    public required Func<string, IReadOnlyList<string>> Journalled { get; init; }

    /// <summary>Ends waiting and long steps.</summary>
    public required CancellationToken Cancel { get; init; }

    /// <summary>Breaks off what the first signal does not end.</summary>
    public required CancellationToken Kill { get; init; }

    /// <summary>The context of a run.</summary>
    /// <param name="journal">Its written side.</param>
    /// <param name="options">What all runs share.</param>
    /// <param name="repository">The project's repository; null without git.</param>
    /// <param name="log">Its log.</param>
    /// <param name="keepProcesses">Names of processes that its commands may leave behind.</param>
    /// <param name="lockTimeout">How long to wait for the repository lock at most.</param>
    /// <param name="cancel">Ends waiting and long steps.</param>
    /// <param name="kill">Kills commands that take too long to stop.</param>
    public static RunContext For(
        RunJournal journal,
        RunnerOptions options,
        Repository? repository,
        OutputLog log,
        IReadOnlyList<string> keepProcesses,
        TimeSpan lockTimeout,
        CancellationToken cancel,
        CancellationToken kill)
    {
        var record = journal.Record;
        var observer = options.Observer;
        var identity = repository is null ? new Dictionary<string, string>(StringComparer.Ordinal) : Identity.FallbackVariables(repository);
        if (identity.Count > 0)
        {
            var warning = $"git knows no user.name and user.email here; commits are made as {Identity.FallbackName} <{Identity.FallbackEmail}>.";
            journal.Note("warning", warning);
            observer.Warning(warning);
        }

        OutputEcho echo = (stream, bytes) => observer.Output(stream == OutputStream.Error, bytes);
        return new RunContext
        {
            RunId = record.Id,
            RecordDirectory = journal.Directory,
            Trigger = record.Trigger,
            Environment = RunEnvironment.Make(options.Environment, options.SecretVariables, record, identity),
            Commands = new ProjectCommands(record.Id, log, echo, keepProcesses, observer.Began, cancel, kill),
            TakeLock = () => RepositoryLock.Acquire(journal.StateDirectory, $"run {record.Id}", lockTimeout, journal.AddLockHeld),
            Began = what =>
            {
                journal.Note("step", what);
                observer.Began(what);
            },
            Warn = text =>
            {
                journal.Note("warning", text);
                observer.Warning(text);
            },
            Note = (what, detail) => journal.Note(what, detail),
            Journal = (what, detail) => journal.Note(what, detail, sync: true),
            Journalled = journal.Notes,
            Cancel = cancel,
            Kill = kill,
        };
    }
}
