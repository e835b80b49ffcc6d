using WorktreeIsolator.Configuration;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Notifications;

/// <summary>
/// Tells those whom <c>[[notify]]</c> names how a run ended. Only once its record is final: what goes wrong here stands in the run's log and
/// events, is a warning, and changes nothing.
/// </summary>
/// <param name="project">The run's project.</param>
/// <param name="options">What all runs share.</param>
/// <param name="store">The store that holds the run.</param>
internal sealed class Notifier(ProjectConfig project, RunnerOptions options, RunStore store)
{
    private const string Event = "notify";

    /// <summary>After so long a command is ended.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tells everyone whose events the run's state is one of, one after another.</summary>
    /// <param name="record">The run, in a final state.</param>
    /// <param name="cancel">Breaks it off.</param>
    /// <param name="kill">Kills a command that takes too long to stop.</param>
    public void Tell(RunRecord record, CancellationToken cancel = default, CancellationToken kill = default)
    {
        var state = RecordWriter.NameOf(record.State);
        foreach (var who in options.Notify)
        {
            if (who.Events.Contains(state, StringComparer.Ordinal))
            {
                Tell(who, record, cancel, kill);
            }
        }
    }

    private void Tell(NotifyConfig who, RunRecord record, CancellationToken cancel, CancellationToken kill)
    {
        // An address may hold a token: its host has to do as a name for it.
        var name = who.Url is { } url ? $"to {url.Host}" : $"command {ShellWords.Command(who.Command)}";
        string? failure;
        try
        {
            byte[] json = [.. RecordWriter.ToUtf8(record), (byte)'\n'];
            failure = who.Url is { } address ? JsonPost.WhyFailed(address, json, cancel) : WhyCommandFailed(who.Command, record, json, cancel, kill);
        }
        catch (OperationCanceledException)
        {
            failure = "it was cancelled";
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            failure = e.Message.TrimEnd('.');
        }

        var result = failure is null ? $"{name}: told" : $"The notification {name} failed: {failure}.";
        Note(record, result);
        if (failure is not null)
        {
            options.Observer.Warning(result);
        }
    }

    private string? WhyCommandFailed(
        IReadOnlyList<string> argv, RunRecord record, byte[] json, CancellationToken cancel, CancellationToken kill)
    {
        using var log = new OutputLog(record.Log ?? Path.Combine(store.DirectoryOf(record.Id), "output.log"));
        var commands = new ProjectCommands(record.Id, log, null, project.KeepProcesses, static _ => { }, cancel, kill);
        var environment = RunEnvironment.Make(options.Environment, options.SecretVariables, record, new Dictionary<string, string>(StringComparer.Ordinal));
        return commands.Run(Event, argv, project.Path, environment, CommandTimeout, json) switch
        {
            0 => null,
            null => $"it took longer than {Duration.Format(CommandTimeout)} and was ended",
            { } exitCode => $"exit code {exitCode}; its output is in the run's log",
        };
    }

    private void Note(RunRecord record, string text)
    {
        try
        {
            RunEvents.Append(store.DirectoryOf(record.Id), options.Time.GetUtcNow(), Event, text, sync: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            options.Observer.Warning($"The events of run {record.Id} cannot be written: {e.Message}");
        }
    }
}
