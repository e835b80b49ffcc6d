using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Shows a detached run until it is published and, if it has to queue, has its ticket; nobody watches from then on.</summary>
internal sealed class DetachedProgress(bool showsStages, bool asJson) : RunProgress(showsStages, echoes: false, isInteractive: false)
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
            Say($"run {record.Id} goes on by itself; follow it with: wt-run logs -f {record.Id}");
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
