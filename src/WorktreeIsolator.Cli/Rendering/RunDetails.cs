using System.Globalization;
using System.Text;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>One run, told at length; what is not known or not so is left out.</summary>
internal static class RunDetails
{
    private const int NameWidth = 12;

    /// <summary>All lines.</summary>
    /// <param name="record">The run.</param>
    /// <param name="rescue">What its rescue ref keeps; null if it has none, or that is gone.</param>
    /// <param name="ahead">The run behind which it waits; null if there is none.</param>
    /// <param name="refs">Which refs there are.</param>
    /// <param name="dead">What is to be said of it, and what helps, if it died and is not over; null for any other.</param>
    public static string Describe(RunRecord record, RescueContents? rescue, RunRecord? ahead, KnownRefs refs, (string Why, string Help)? dead)
    {
        var text = new StringBuilder();
        Line(text, "run", record.Id);
        Line(text, "state", State(record));
        Line(text, "project", record.Project);
        Line(text, "trigger", record.Trigger.ToString());
        Line(text, "session", record.Session);
        Line(text, "isolation", $"{record.Isolation.Kind} ({record.Isolation.Reason})");
        Line(text, "base", record.Base is { } start ? $"{start.Ref} {start.Commit[..12]}" : null);
        if (!record.State.IsFinal())
        {
            Line(text, "branch", record.Branch);
            Line(text, "worktree", record.Worktree);
        }
        else if (record.Branch is { } branch && (record.MergeBack?.Result is not null || (record.Session is null && refs.Has(record, branch))))
        {
            Line(text, "branch", refs.Told(record, branch));
            Line(text, "worktree", Directory.Exists(record.Worktree) ? record.Worktree : $"{record.Worktree} (gone)");
        }

        Line(text, "directory", record.Directory == record.Worktree ? null : record.Directory);
        Line(text, "engine", record.Engine.Name is { } name ? $"{name}: {ShellWords.Command(record.Engine.Command)}" : ShellWords.Command(record.Engine.Command));
        Line(text, "exit code", record.Engine.ExitCode?.ToString(CultureInfo.InvariantCulture));
        Line(text, "merge back", MergeBack(record));
        foreach (var path in record.MergeBack?.Conflicts ?? [])
        {
            Line(text, "conflict", path);
        }

        Line(text, "rescued", record.RescueRef is not null && rescue is null ? $"{record.RescueRef} (no longer there)" : record.RescueRef);
        Line(text, "kept", record.Kept is { } kept ? $"{kept.Path} ({kept.Reason})" : null);
        Line(text, "kept", BranchWithWork(record, refs));
        Line(text, "artifacts", record.Artifacts is { } artifacts ? Words.Artifacts(artifacts) : null);
        Line(text, "waited", Waited(record, ahead));
        Times(text, record);
        Line(text, "supervisor", record.Supervisor is { } process && !record.State.IsFinal() ? string.Create(CultureInfo.InvariantCulture, $"pid {process.Pid}") : null);
        Line(text, "log", record.Log);
        Line(text, "message", dead?.Why ?? record.Message);
        foreach (var hint in Hints(record, dead?.Help))
        {
            Line(text, "hint", hint);
        }

        if (rescue is not null)
        {
            Line(text, "bring back", string.Join('\n', RescueCommands.BringBack(record.Id, rescue)));
        }

        return Words.Printable(text.ToString());
    }

    private static string State(RunRecord record) => record.InHand is { } hand
        ? string.Create(CultureInfo.InvariantCulture, $"{hand.Doing} (pid {hand.Process.Pid}); so far {RecordWriter.NameOf(record.State)}")
        : RecordWriter.NameOf(record.State);

    /// <summary>Nothing of one that is in other hands: what helps next depends on them.</summary>
    private static IEnumerable<string> Hints(RunRecord record, string? helpWithDead) => record.InHand is not null ? [] : record.State.IsFinal()
        ? RunOutcome.Hints(record, isShown: true)
        : [$"follow its output: wt-run logs -f {record.Id[..8]}", helpWithDead ?? $"cancel it: wt-run cancel {record.Id[..8]}"];

    private static string? BranchWithWork(RunRecord record, KnownRefs refs) =>
        record.MergeBack is { Commit: not null, Result: { } result } && record.Branch is { } branch && record.WorkRef() == branch && refs.Has(record, branch)
            ? $"branch {branch} (its work is on it: {RecordWriter.NameOf(result)})"
            : null;

    /// <summary>Nothing of a run that ended before there was anything to bring back.</summary>
    private static string? MergeBack(RunRecord record)
    {
        if (record.MergeBack is not { } work || (work.Result is null && record.State.IsFinal()))
        {
            return null;
        }

        var result = work.Result is { } known ? RecordWriter.NameOf(known) : "not yet";
        return $"{work.Policy}: {result}{(work.Target is { } target ? $", target {target}" : "")}{(work.Commit is { } commit ? $", commit {commit[..12]}" : "")}";
    }

    /// <summary>While it waits the record is not written anew for each second; nor does anyone write how long it had waited when its wt-run died.</summary>
    private static string? Waited(RunRecord record, RunRecord? ahead) => record.Queue switch
    {
        null => null,
        { Position: not null } queue when !record.State.IsFinal() => $"{Words.Took(TimeProvider.System.GetUtcNow() - record.CreatedAt)}, {Words.Waiting(queue, ahead)}",
        var queue => (record is { State: RunState.Interrupted, StartedAt: null } ? "at least " : "") + Words.Took(TimeSpan.FromMilliseconds(queue.WaitedMs)),
    };

    private static void Times(StringBuilder text, RunRecord record)
    {
        Line(text, "created", Time(record.CreatedAt));
        Line(text, "started", record.StartedAt is { } started ? $"{Time(started)}{(record.PrepareMs is { } ms ? $", after {Words.Took(TimeSpan.FromMilliseconds(ms))}" : "")}" : null);
        Line(text, "finished", record.FinishedAt is { } finished ? $"{Time(finished)}, after {Words.Took(finished - record.CreatedAt)}" : null);
        Line(text, Settled(record), record.SettledAt is { } settled ? Time(settled) : null);
        Line(text, "lock held", record.LockHeldMs is { } held ? string.Create(CultureInfo.InvariantCulture, $"{held} ms") : null);
    }

    private static string Settled(RunRecord record) =>
        record.MergeBack?.Result is { } result and (MergeBackResult.Landed or MergeBackResult.Pushed or MergeBackResult.Dropped) ? RecordWriter.NameOf(result) : "looked at";

    private static string Time(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            var indent = "\n" + new string(' ', NameWidth);
            text.Append(name.PadRight(NameWidth)).Append(value.TrimEnd().Replace("\n", indent, StringComparison.Ordinal)).Append('\n');
        }
    }
}
