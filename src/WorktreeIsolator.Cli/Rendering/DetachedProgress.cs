using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Shows a detached run until it is published and, if it has to queue, has its ticket; nobody watches from then on.</summary>
/// <param name="showsStages">False for <c>--quiet</c>.</param>
/// <param name="asJson">Whether the record is told, instead of the id.</param>
/// <param name="outer">The run inside which it was started, which ends all that it started; null if there is none.</param>
internal sealed class DetachedProgress(bool showsStages, bool asJson, string? outer) : RunProgress(showsStages, echoes: false, isInteractive: false)
{
    private readonly bool _showsStages = showsStages;
    private bool _hasLetGo;

    public override void Changed(RunRecord record)
    {
        base.Changed(record);
        // One that was cancelled by then goes nowhere: its end is told as if it had not been detached.
        if (_hasLetGo || record.State is RunState.Accepted or RunState.Cancelled)
        {
            return;
        }

        _hasLetGo = true;
        if (_showsStages)
        {
            Say($"run {record.Id} goes on by itself{(outer is null ? "" : $", but not beyond the end of run {outer}, inside which it was started")}; follow it with: wt-run logs -f {record.Id}");
        }

        if (asJson)
        {
            StandardStreams.Out.TryWrite([.. RecordWriter.ToUtf8(record), (byte)'\n']);
        }
        else
        {
            StandardStreams.Out.TryWriteText($"{record.Id}\n");
        }

        DetachedProcess.LetGo();
    }
}
