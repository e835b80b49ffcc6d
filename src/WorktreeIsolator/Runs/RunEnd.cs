using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>
/// The last that is written of a run. Where that cannot be, the disk being full or the record deleted, a run whose engine has worked is left as it is: the
/// next command brings it to its end, with its work, as it does with one that died. Until then nothing says where that is but the error.
/// </summary>
/// <param name="journal">The run's written side.</param>
/// <param name="repository">Its repository; null without git.</param>
internal sealed class RunEnd(RunJournal journal, Repository? repository)
{
    private const int NoSpace = 28; // ENOSPC, which the runtime hands on

    /// <summary>Writes it down.</summary>
    /// <param name="change">Makes the last record, in a final state.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Func<RunRecord, RunRecord> change) => journal.Update(
        record => change(record) with
        {
            FinishedAt = journal.Now,
            LockHeldMs = record.LockHeldMs,
            Queue = record.QueueWhenOver(journal.Now),
        },
        sync: true);

    /// <summary>The same.</summary>
    /// <param name="change">Makes the last record, in a final state.</param>
    /// <exception cref="WorktreeIsolatorException">It cannot be written: where the work is, and what helps.</exception>
    public void WriteOrTell(Func<RunRecord, RunRecord> change)
    {
        try
        {
            Write(change);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritten(e);
        }
    }

    /// <summary>Writes down that it failed.</summary>
    /// <param name="why">What went wrong.</param>
    /// <exception cref="WorktreeIsolatorException">
    /// What the engine left is not kept yet, so the run is not over: recovery goes on with it, as if this process had been killed. Where it is, and what helps.
    /// </exception>
    public void Fail(Exception why)
    {
        if (why is not WorktreeIsolatorException && journal.Record.StartedAt is not null)
        {
            // A second try may find room, where the run's places were, and would end the run without its work.
            throw Unwritten(why);
        }

        var hint = (why as WorktreeIsolatorException)?.Hint;
        if (journal.Record.State is RunState.Running or RunState.Finishing)
        {
            throw new WorktreeIsolatorException(
                FailureKind.System,
                $"Run {journal.Record.Id} broke off after its engine was started: {why.Message.TrimEnd('.')}. {WhereWorkIs(journal.Record).Sentence}",
                $"{(hint is null ? "" : hint + "\n")}Once the cause is mended, the next command brings it to its end and keeps all that: wt-run show {journal.Record.Id[..8]}",
                why);
        }

        WriteOrTell(record => record with { State = RunState.Failed, Message = why.Message, Hint = hint });
    }

    private WorktreeIsolatorException Unwritten(Exception e)
    {
        var (record, directory) = (journal.Record, journal.Directory);
        var isDeleted = e is DirectoryNotFoundException || !Directory.Exists(directory);
        var why = isDeleted ? $"what '{journal.StateDirectory}' held of it was deleted while it was under way"
            : e is UnauthorizedAccessException ? $"this user may no longer write to '{directory}'"
            : $"{SystemsWords(e)}, where '{directory}' is";
        var (sentence, worktree, branch) = WhereWorkIs(record);
        var help = (worktree ?? branch) is null ? "wt-run list" : $"wt-run land {record.Session ?? record.Id}";
        return new WorktreeIsolatorException(
            FailureKind.System,
            $"Run {record.Id} ended, but that could not be written down: {why}. {sentence}",
            isDeleted ? ByHand(worktree, branch)
                : $"{(e.HResult == NoSpace ? "When there is room again ('wt-run prune' deletes what no run needs)" : "When that is mended")}: {help}",
            e);
    }

    /// <summary>What the runtime says of a file without the file: <c>No space left on device</c>.</summary>
    private static string SystemsWords(Exception e) => e.Message.Split(" : '")[0].TrimEnd('.');

    /// <summary>Where a person finds what the engine made; the worktree and the branch only if work is there that is nowhere else.</summary>
    private (string Sentence, string? Worktree, string? Branch) WhereWorkIs(RunRecord record)
    {
        if (record.StartedAt is null)
        {
            return ("Its engine was not started.", null, null);
        }

        if (record.MergeBack?.Result is MergeBackResult.Landed or MergeBackResult.Pushed)
        {
            return ($"Its work has {(record.MergeBack.Result == MergeBackResult.Landed ? "landed on" : "been pushed to")} {record.MergeBack.Target}.", null, null);
        }

        var worktree = Directory.Exists(record.Worktree) ? record.Worktree : null;
        var branch = BranchWithWork(record);
        return (worktree, branch) switch
        {
            (null, null) when record.Worktree is null => ($"What it made is in '{record.Directory}'.", null, null),
            (null, null) => ("It left no work.", null, null),
            (null, _) => ($"Its work is on the branch '{branch}'.", null, branch),
            (_, null) => ($"Its work is in the worktree '{worktree}'.", worktree, null),
            _ => ($"Its work is in the worktree '{worktree}', what it committed on the branch '{branch}'.", worktree, branch),
        };
    }

    private string? BranchWithWork(RunRecord record) =>
        record.Branch is { } branch && repository?.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", BranchName.Parse(branch).Ref]) is { Succeeded: true, Output: var tip }
        && tip != record.Base?.Commit
            ? branch
            : null;

    /// <summary>Without its record wt-run knows nothing of the run.</summary>
    private static string? ByHand(string? worktree, string? branch)
    {
        string[] steps =
        [
            .. worktree is null ? Array.Empty<string>() : [$"git -C {ShellWords.Quoted(worktree)} status   # commit there what you need and it has not"],
            .. branch is null ? Array.Empty<string>() : [$"git merge {ShellWords.Quoted(branch)}"],
            .. worktree is null ? Array.Empty<string>() : [$"git worktree remove --force --force {ShellWords.Quoted(worktree)}   # when you have what you need"],
        ];
        return steps.Length == 0 ? null : $"wt-run knows the run no more. By hand:\n{string.Join('\n', steps)}";
    }
}
