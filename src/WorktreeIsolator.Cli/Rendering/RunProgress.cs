using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>
/// Shows a run as it goes: wt-run's own lines on standard error, a line for each stage that the next one replaces on a terminal; and the
/// engine's output where it belongs, byte for byte.
/// </summary>
internal class RunProgress : RunObserver
{
    // To the first column, erase, do not wrap what is too long for the terminal.
    private const string BeginLive = "\r\e[K\e[?7l";
    private const string EndLive = "\e[?7h";
    private const string EraseLive = "\r\e[K";

    private const string Prefix = "wt-run: ";
    private const int LongestCommand = 100;

    private static readonly TimeSpan ASecond = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly bool _showsStages;
    private readonly bool _echoes;
    private readonly bool _isInteractive;
    private readonly bool _isLive;
    private RunState? _state;
    private bool _liveLineIsShown;
    private bool _isMidLine;
    private Func<string>? _waits;
    private Timer? _clock;

    /// <summary>Creates it.</summary>
    /// <param name="showsStages">False for <c>--quiet</c>: only warnings are told.</param>
    /// <param name="echoes">False for <c>--json</c>: the engine's output is in the log alone.</param>
    /// <param name="isInteractive">Whether the engine has the terminal while it runs.</param>
    /// <param name="since">The state of a run that is not new.</param>
    public RunProgress(bool showsStages, bool echoes, bool isInteractive, RunState? since = null)
    {
        _state = since;
        _showsStages = showsStages;
        _echoes = echoes;
        _isInteractive = isInteractive;
        _isLive = StandardStreams.Error.IsTerminal;
    }

    public override void Changed(RunRecord record)
    {
        if (record.State == _state)
        {
            return;
        }

        var isFirst = _state is null;
        _state = record.State;
        if (isFirst && _showsStages)
        {
            Say(record.Worktree is { } path
                ? $"run {record.Id} in worktree {path} from {record.Base?.Ref} ({record.Isolation.Reason})"
                : $"run {record.Id} in {record.Directory} ({record.Isolation.Reason})");
        }
        else if (record.State == RunState.Starting && _isInteractive)
        {
            lock (_gate)
            {
                Erase();
            }
        }
        else if (record.State == RunState.Running && !_isInteractive)
        {
            Began($"running {record.Engine.Name ?? Shortened(ShellWords.Command(record.Engine.Command))}");
        }
    }

    /// <summary>Who tells how the run ended, at once: what follows it may take a while.</summary>
    public Action<RunRecord> Tell { get; set; } = static _ => { };

    public override void Ended(RunRecord record)
    {
        End();
        Tell(record);
    }

    public override void LandedLater(RunRecord record)
    {
        if (_showsStages || record.State != RunState.Succeeded)
        {
            Say(RunOutcome.Line(record));
        }
    }

    public override void Began(string what)
    {
        if (!_showsStages)
        {
            return;
        }

        lock (_gate)
        {
            EndWaiting();
            if (_isLive)
            {
                FinishEngineLine();
                DrawLive(what);
            }
            else
            {
                WriteLine(what);
            }
        }
    }

    public override void Waits(string what, Func<string> place)
    {
        Func<string> line = () => Waiting(what, place());
        Began(line());
        if (_isLive && _showsStages)
        {
            lock (_gate)
            {
                (_waits, _clock) = (line, new Timer(_ => DrawAgain(line), null, ASecond, ASecond));
            }
        }
    }

    public override void Warning(string text) => Say($"warning: {text}");

    /// <summary>Says a line that stays.</summary>
    public void Say(string text)
    {
        lock (_gate)
        {
            WriteLine(text);
        }
    }

    public override void Output(bool isError, ReadOnlySpan<byte> bytes)
    {
        if (!_echoes || bytes.IsEmpty)
        {
            return;
        }

        lock (_gate)
        {
            var stream = isError ? StandardStreams.Error : StandardStreams.Out;
            if (stream.IsTerminal)
            {
                Erase();
            }

            // Where the output goes elsewhere than our own lines, it cannot get into their way.
            if (isError || (stream.IsTerminal && _isLive))
            {
                _isMidLine = bytes[^1] != (byte)'\n';
            }

            stream.Write(bytes);
        }
    }

    /// <summary>Takes the live line away: what follows is written by someone else.</summary>
    public void End()
    {
        lock (_gate)
        {
            EndWaiting();
            Erase();
            FinishEngineLine();
        }
    }

    /// <summary>Where not all of it fits into a line of the terminal, its place and behind whom comes first.</summary>
    private string Waiting(string what, string place)
    {
        var line = $"Queued — waiting for {what} ({place})";
        var width = StandardStreams.Error.Width - Prefix.Length;
        return !_isLive || width <= 0 || TextCells.Width(line) <= width ? line : TextCells.Cut($"Queued: {place}; waiting for {what}", width);
    }

    private void DrawAgain(Func<string> line)
    {
        lock (_gate)
        {
            // The clock of a wait before may come late.
            if (_waits != line)
            {
                return;
            }

            try
            {
                DrawLive(line());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or WorktreeIsolatorException)
            {
                // The record of the run ahead cannot be read at this moment; what was shown stays.
            }
        }
    }

    private void DrawLive(string what)
    {
        StandardStreams.Error.TryWriteText($"{BeginLive}{Prefix}{Words.Printable(what.ReplaceLineEndings(" "))}{EndLive}");
        _liveLineIsShown = true;
    }

    private void EndWaiting()
    {
        _clock?.Dispose();
        (_waits, _clock) = (null, null);
    }

    private static string Shortened(string command)
    {
        var line = command.ReplaceLineEndings(" ");
        return line.Length <= LongestCommand ? line : line[..LongestCommand] + "…";
    }

    private void WriteLine(string text)
    {
        Erase();
        FinishEngineLine();
        StandardStreams.Error.TryWriteText($"{Prefix}{Words.Printable(text)}\n");
    }

    private void Erase()
    {
        if (_liveLineIsShown)
        {
            StandardStreams.Error.TryWriteText(EraseLive);
            _liveLineIsShown = false;
        }
    }

    private void FinishEngineLine()
    {
        if (_isMidLine)
        {
            StandardStreams.Error.TryWriteText("\n");
            _isMidLine = false;
        }
    }
}
