using System.Diagnostics;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// Ends a process tree with one signal after the other, a grace after each. It never waits by itself: whoever owns the poll(2) loop
/// waits for <see cref="PidFds"/> or <see cref="NextStep"/> and calls <see cref="Advance"/>, so that output flows on meanwhile.
/// </summary>
internal sealed unsafe class TreeEnding : IDisposable
{
    /// <summary>New children of a member appear without a sign; this is how long they may go without the signal.</summary>
    private static readonly TimeSpan ScanInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>How long it may take until the terms are looked at again.</summary>
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(200);

    /// <summary>How long the kernel may take to carry out SIGKILL; a process stuck in a system call takes forever.</summary>
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    private readonly ProcessTree _tree;
    private readonly TimeSpan _grace;
    private readonly int[] _signals;
    private readonly Stopwatch _clock;
    private readonly EndingTerms _terms;
    private readonly bool _isForTheDead;
    private readonly Dictionary<ProcessIdentity, ProcessHandle> _handles = [];
    private readonly Dictionary<ProcessIdentity, NamedProcess> _ended = [];
    private int _stage = -1;
    private TimeSpan _stageEnds;
    private TimeSpan _nextScan;
    private SentSignal? _sent;
    private TimeSpan _scanTook;

    public TreeEnding(ProcessTree tree, TimeSpan grace, int[] signals, Stopwatch clock, EndingTerms? terms = null)
    {
        _tree = tree;
        _grace = grace;
        _signals = signals;
        _clock = clock;
        _terms = terms ?? new EndingTerms();
        _isForTheDead = terms is not null;
        var stage = _terms.Last is { } last ? Array.IndexOf(signals, last.Signal) : -1;
        EnterStage(Math.Max(stage, 0));
        if (stage >= 0)
        {
            _sent = _terms.Last;
            _stageEnds -= _sent!.Value.Age;
        }
    }

    /// <summary>For a tree whose root is to stop: it may save what it has.</summary>
    public static int[] InterruptFirst { get; } = [Libc.SIGINT, Libc.SIGTERM, Libc.SIGKILL];

    /// <summary>For what is left when the root has ended: shells start background children with SIGINT ignored.</summary>
    public static int[] TerminateFirst { get; } = [Libc.SIGTERM, Libc.SIGKILL];

    public bool IsOver { get; private set; }

    public bool Killed { get; private set; }

    /// <summary>When <see cref="Advance"/> has something to do even if no process ends, on the clock that was given.</summary>
    public TimeSpan NextStep => _nextScan < _stageEnds ? _nextScan : _stageEnds;

    /// <summary>Handles of the members that still run.</summary>
    public IEnumerable<int> PidFds => _handles.Values.Where(h => h.PidFd >= 0).Select(h => h.PidFd);

    public TreeEnd Result
    {
        get
        {
            NamedProcess[] running = [.. _handles.Values.Where(h => !h.HasEnded).Select(h => h.Process)];
            return new([.. _ended.Values.Except(running)], _tree.Kept, running, Killed) { IsOngoing = !IsOver, LastSent = _sent };
        }
    }

    private int CurrentSignal => _signals[_stage];

    private bool IsOutOfPatience => CurrentSignal != Libc.SIGKILL && _handles.Count > 0
        && (_terms.Cancel.IsCancellationRequested || (_terms.Patience != Timeout.InfiniteTimeSpan && _clock.Elapsed >= _terms.Patience));

    /// <summary>No more grace for anyone.</summary>
    public void KillNow()
    {
        if (CurrentSignal != Libc.SIGKILL)
        {
            EnterStage(_signals.Length - 1);
        }
    }

    /// <summary>Does what is due.</summary>
    public void Advance()
    {
        ForgetEnded();
        if (IsOver || (_handles.Count > 0 && _clock.Elapsed < NextStep))
        {
            return;
        }

        if (_clock.Elapsed >= _stageEnds)
        {
            if (_stage == _signals.Length - 1)
            {
                IsOver = true;
                return;
            }

            EnterStage(_stage + 1);
        }

        // A scan that was not sure may have missed someone; hardly many of them in a row.
        const int UnsureScans = 5;
        for (var empty = 1; !IsOver; empty++)
        {
            if (SignalAll(out var isSure))
            {
                _nextScan = _handles.Count > 0 ? _clock.Elapsed + (_isForTheDead ? Waiting.PauseAfter(_scanTook) : ScanInterval) : TimeSpan.Zero;
                return;
            }

            IsOver = (isSure || empty >= UnsureScans) && _tree.TryLeave();
        }
    }

    /// <summary>For callers without a loop of their own: to the end, or as far as the terms go.</summary>
    public void Run()
    {
        for (Advance(); !IsOver && !IsOutOfPatience; Advance())
        {
            var fds = PidFds.Select(fd => new Libc.PollFd { Fd = fd, Events = Libc.POLLIN }).ToArray();
            var wait = NextStep - _clock.Elapsed;
            fixed (Libc.PollFd* first = fds)
            {
                _ = Libc.Poll(first, (nuint)fds.Length, (int)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, LongestPoll.TotalMilliseconds));
            }
        }
    }

    public void Dispose()
    {
        foreach (var handle in _handles.Values)
        {
            handle.Dispose();
        }

        _handles.Clear();
    }

    private void EnterStage(int stage)
    {
        _stage = stage;
        _stageEnds = _clock.Elapsed + (CurrentSignal == Libc.SIGKILL ? KillPatience : _grace);
        _nextScan = TimeSpan.Zero;
        _sent = null;
    }

    /// <summary>Finds all members and gives each the signal of this stage, once. False if there are none, as far as one can be sure.</summary>
    private bool SignalAll(out bool isSure)
    {
        var now = SentSignal.Now;
        var anyone = Find(out var members, out isSure);
        if (CurrentSignal == Libc.SIGKILL)
        {
            FreezeAll(ref members);
        }

        foreach (var (handle, isStopped) in members)
        {
            if (handle.LastSignal != CurrentSignal && !WasSentByOther(handle.Process.Identity))
            {
                Killed |= CurrentSignal == Libc.SIGKILL;
                handle.Stop(CurrentSignal);
                if (handle.Process.Identity != _tree.Root)
                {
                    _ended[handle.Process.Identity] = handle.Process;
                }
            }

            if (isStopped && CurrentSignal != Libc.SIGKILL)
            {
                // A stopped process would sleep on over its signal.
                handle.Send(Libc.SIGCONT);
            }
        }

        if (_sent is null && members.Count > 0 && CurrentSignal != Libc.SIGKILL)
        {
            _sent = new SentSignal(CurrentSignal, now);
            _terms.Sent?.Invoke(_sent.Value, [.. members.Select(member => member.Handle.Process.Identity)]);
        }

        if (CurrentSignal == Libc.SIGKILL && members.Count > 0 && members.TrueForAll(m => m.Handle.IsForbidden))
        {
            // Another user's: no patience helps.
            _stageEnds = _clock.Elapsed;
        }

        return anyone;
    }

    /// <summary>Many programs take a second interrupt for impatience, and break off what they save.</summary>
    private bool WasSentByOther(ProcessIdentity process) => _terms.Last is { } last && _sent == last && process.StartTime < last.Ticks;

    /// <summary>Stops everyone first, so that no one forks while the others are being killed.</summary>
    private void FreezeAll(ref List<(ProcessHandle Handle, bool IsStopped)> members)
    {
        const int Rounds = 10;
        var frozen = new HashSet<ProcessHandle>();
        for (var round = 0; round < Rounds; round++)
        {
            var news = members.Where(m => frozen.Add(m.Handle)).ToList();
            if (news.Count == 0)
            {
                return;
            }

            foreach (var (handle, _) in news)
            {
                handle.Send(Libc.SIGSTOP);
            }

            _ = Find(out members, out _);
        }
    }

    /// <returns>
    /// Whether the scan found anyone, even one that has ended since and can be signalled no more: it may have had a child in between.
    /// </returns>
    private bool Find(out List<(ProcessHandle Handle, bool IsStopped)> found, out bool isSure)
    {
        found = [];
        var before = _clock.Elapsed;
        var entries = _tree.Scan(out isSure);
        _scanTook = _clock.Elapsed - before;
        foreach (var entry in entries)
        {
            if (!_handles.TryGetValue(entry.Identity, out var handle))
            {
                handle = ProcessHandle.Open(entry);
                if (handle is null)
                {
                    continue;
                }

                _handles.Add(entry.Identity, handle);
            }

            found.Add((handle, entry.IsStopped));
        }

        return entries.Count > 0;
    }

    private void ForgetEnded()
    {
        foreach (var handle in _handles.Values.Where(h => h.HasEnded).ToList())
        {
            _handles.Remove(handle.Process.Identity);
            handle.Dispose();
        }
    }
}
