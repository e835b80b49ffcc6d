using System.Runtime.InteropServices;
using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// All processes of one run, however they hide: descendants of its root; members of the root's session and group; processes whose
/// environment holds the run's id; and orphans that the kernel gave to us as their subreaper, for which none of that may hold any more.
/// Never ourselves, our ancestors, or children that <see cref="ChildProcess"/> started for other purposes; a child that anything else in
/// this program started would be taken for an orphan. A wt-run that the engine started belongs to the tree.
/// </summary>
internal sealed class ProcessTree : IDisposable
{
    /// <summary>The variable that marks the processes of a run.</summary>
    public const string RunIdVariable = "WT_RUN_ID";

    /// <summary>
    /// The variable that marks what fetches for a run. Only a dead run's are ended: with the end of an engine there is none left but what a fetch leaves
    /// for others, such as the master of ssh's shared connections.
    /// </summary>
    public const string FetchVariable = "WT_RUN_FETCH";

    // The commands that run in this process at the moment. An orphan that cleared its environment and has a session of its own shows no
    // sign of where it came from: with several active commands it could belong to any of them, so it is left to whoever ends last.
    private static readonly Lock Gate = new();
    private static readonly List<ProcessTree> Active = [];
    private static readonly HashSet<ProcessIdentity> KeptByAny = [];
    private static long _orphansSince;
    private static bool _isSubreaper;

    private readonly byte[]? _variable;
    private readonly byte[]? _fetchVariable;
    private readonly IReadOnlyCollection<string> _keep;
    private readonly HashSet<ProcessIdentity> _seen;
    private readonly Dictionary<ProcessIdentity, NamedProcess> _kept = [];
    private readonly bool _isActive;
    private ProcessIdentity? _root;
    private bool _wasAlone;

    private ProcessTree(string? runId, IReadOnlyCollection<string> keep, IEnumerable<ProcessIdentity> known, bool isActive, bool alsoFetches)
    {
        _variable = string.IsNullOrEmpty(runId) ? null : Encoding.UTF8.GetBytes($"{RunIdVariable}={runId}");
        _fetchVariable = string.IsNullOrEmpty(runId) || !alsoFetches ? null : Encoding.UTF8.GetBytes($"{FetchVariable}={runId}");
        _keep = keep;
        _seen = [.. known];
        _isActive = isActive;
    }

    /// <summary>Members that are left alone because of their name, found so far and still running.</summary>
    public IReadOnlyList<NamedProcess> Kept => [.. _kept.Values.Where(p => p.Identity.IsAlive)];

    public ProcessIdentity? Root => _root;

    /// <summary>The tree of a command that is about to start; <see cref="SetRoot"/> follows as soon as it has.</summary>
    /// <param name="runId">The value of <see cref="RunIdVariable"/> in its environment; null if it has none.</param>
    /// <param name="keep">Names of processes to leave alone.</param>
    public static ProcessTree OfNewCommand(string? runId, IReadOnlyCollection<string> keep)
    {
        BecomeSubreaper();
        var tree = new ProcessTree(runId, keep, [], isActive: true, alsoFetches: false);
        lock (Gate)
        {
            if (Active.Count == 0)
            {
                _orphansSince = long.MaxValue;
            }

            Active.Add(tree);
        }

        return tree;
    }

    /// <summary>The tree of a run whose supervisor is gone.</summary>
    /// <param name="runId">The run's id.</param>
    /// <param name="root">Its root process, which led a session or a group of the same number; null if it never had one.</param>
    /// <param name="known">Other processes that are known to belong to it.</param>
    /// <param name="keep">Names of processes to leave alone.</param>
    /// <param name="alsoFetches">Whether what is marked by <see cref="FetchVariable"/> belongs to it.</param>
    public static ProcessTree OfDeadRun(
        string runId, ProcessIdentity? root, IEnumerable<ProcessIdentity> known, IReadOnlyCollection<string> keep, bool alsoFetches = false) =>
        new(runId, keep, known, isActive: false, alsoFetches) { _root = root };

    /// <summary>Ends all processes of a run whose supervisor is gone: interrupt, grace, terminate, grace, kill.</summary>
    /// <param name="runId">The run's id.</param>
    /// <param name="root">Its root process as recorded when it started; null if it never had one.</param>
    /// <param name="known">Other processes that are known to belong to it. Start times are checked: a stranger with a reused pid is spared.</param>
    /// <param name="grace">How long each of the two gentle signals may take.</param>
    /// <param name="keep">Names of processes to leave alone.</param>
    /// <param name="alsoFetches">Whether what is marked by <see cref="FetchVariable"/> belongs to it.</param>
    /// <param name="terms">How far to go, and how far someone went before; null: from the first signal to the end.</param>
    /// <returns>What was ended, and what was not: only if that is empty the run is over.</returns>
    public static TreeEnd EndRun(
        string runId, ProcessIdentity? root, IReadOnlyCollection<ProcessIdentity> known, TimeSpan grace, IReadOnlyCollection<string> keep,
        bool alsoFetches = false, EndingTerms? terms = null)
    {
        using var tree = OfDeadRun(runId, root, known, keep, alsoFetches);
        using var ending = new TreeEnding(tree, grace, TreeEnding.InterruptFirst, System.Diagnostics.Stopwatch.StartNew(), terms);
        ending.Run();
        var end = ending.Result;
        ProcessIdentity[] all = root is { } r ? [.. known, r] : [.. known];
        var hidden = all.Where(p => IsHidden(p.Pid)).Select(p => new NamedProcess(p, "?"));
        return end with { NotEnded = [.. end.NotEnded, .. hidden] };
    }

    public void SetRoot(ProcessIdentity root)
    {
        _root = root;
        lock (Gate)
        {
            _orphansSince = Math.Min(_orphansSince, root.StartTime);
        }
    }

    /// <summary>Finds the members that run now, without those to keep. Adopted processes that have ended are reaped on the way.</summary>
    /// <param name="isSure">
    /// Whether an empty result means that nobody was left. False if someone ended before all could be read about him: a child of his may be
    /// in no list.
    /// </param>
    public List<ProcessEntry> Scan(out bool isSure)
    {
        var all = ProcessEntry.ReadAll(out isSure);
        var candidates = Candidates(all);
        lock (Gate)
        {
            _wasAlone = Active.Count == 1 && Active[0] == this;
        }

        var rootPid = _root is { } root && IsNumberOfRun(root, all, candidates) ? root.Pid : -1;
        var members = new Dictionary<int, ProcessEntry>();
        AddWithDescendants(candidates, members, e =>
            e.Identity == _root || _seen.Contains(e.Identity) || IsOurOrphan(e) ||
            ((e.Session == rootPid || e.Group == rootPid) && e.Identity.StartTime >= _root?.StartTime));
        var vanished = false;
        if (_variable is not null)
        {
            AddWithDescendants(candidates, members, e =>
            {
                var isMember = e.HasVariable(_variable) || (_fetchVariable is not null && e.HasVariable(_fetchVariable));
                vanished |= !isMember && !e.Identity.IsAlive;
                return isMember;
            });
        }

        isSure &= !vanished;
        var found = new List<ProcessEntry>(members.Count);
        foreach (var member in members.Values)
        {
            // Remembered: when its parent ends, nothing else may show that it belongs to the run.
            _seen.Add(member.Identity);
            if (member.Identity != _root && member.IsNamed(_keep))
            {
                Keep(member);
            }
            else
            {
                found.Add(member);
            }
        }

        return found;
    }

    /// <summary>
    /// Called when scans find nothing more: takes the command off the active ones. False if the others have ended since the last scan,
    /// so that orphans which were not ours then are now.
    /// </summary>
    public bool TryLeave()
    {
        lock (Gate)
        {
            if (_isActive && !_wasAlone && Active.Count == 1 && Active[0] == this)
            {
                return false;
            }

            Active.Remove(this);
            return true;
        }
    }

    public void Dispose()
    {
        lock (Gate)
        {
            Active.Remove(this);
        }
    }

    private static void BecomeSubreaper()
    {
        if (!_isSubreaper)
        {
            _ = Libc.Prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
            _isSubreaper = true;
        }
    }

    /// <summary>With hidepid, /proc does not show other users' processes; they are there all the same.</summary>
    private static bool IsHidden(int pid) =>
        ProcessEntry.Read(pid) is null &&
        (Libc.Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() == Libc.EPERM);

    private static void AddWithDescendants(
        List<ProcessEntry> candidates, Dictionary<int, ProcessEntry> members, Func<ProcessEntry, bool> isMember)
    {
        foreach (var entry in candidates)
        {
            if (!members.ContainsKey(entry.Pid) && isMember(entry))
            {
                members.Add(entry.Pid, entry);
            }
        }

        for (var before = -1; before != members.Count;)
        {
            before = members.Count;
            foreach (var entry in candidates)
            {
                if (members.ContainsKey(entry.Parent))
                {
                    members.TryAdd(entry.Pid, entry);
                }
            }
        }
    }

    /// <summary>
    /// Whether a session or group with the root's pid as its number is the run's. The number stays taken while the root, even unreaped, or a member lives;
    /// once all are gone a stranger can get it, lead a session with it, and be gone as well, as every daemon's first parent is.
    /// </summary>
    private bool IsNumberOfRun(ProcessIdentity root, Dictionary<int, ProcessEntry> all, List<ProcessEntry> candidates)
    {
        if (all.TryGetValue(root.Pid, out var now))
        {
            return now.Identity == root;
        }

        return _isActive || candidates.Exists(e =>
            (e.Session == root.Pid || e.Group == root.Pid) && (_seen.Contains(e.Identity) || (_variable is not null && e.HasVariable(_variable))));
    }

    private List<ProcessEntry> Candidates(Dictionary<int, ProcessEntry> all)
    {
        var spared = new HashSet<int> { 0 };
        for (var pid = Environment.ProcessId; spared.Add(pid) && all.TryGetValue(pid, out var entry);)
        {
            pid = entry.Parent;
        }

        var candidates = new List<ProcessEntry>(all.Count);
        foreach (var entry in all.Values)
        {
            if (entry.IsZombie && entry.Parent == Environment.ProcessId)
            {
                KnownChildren.ReapAdopted(entry.Pid);
            }

            // What is older than the root cannot come from it; most of the machine is, and costs no further look.
            if (entry.IsRunning && !spared.Contains(entry.Pid) && !(entry.Identity.StartTime < OldestPossible) && !IsOtherChild(entry))
            {
                candidates.Add(entry);
            }
        }

        return candidates;
    }

    private long OldestPossible => _isActive ? Math.Min(_orphansSince, _root?.StartTime ?? long.MaxValue) : 0;

    private bool IsOtherChild(ProcessEntry entry) =>
        entry.Parent == Environment.ProcessId && entry.Identity != _root && KnownChildren.Contains(entry.Pid);

    private bool IsOurOrphan(ProcessEntry entry)
    {
        if (!_isActive || !_wasAlone || entry.Parent != Environment.ProcessId || KnownChildren.Contains(entry.Pid))
        {
            return false;
        }

        lock (Gate)
        {
            return !KeptByAny.Contains(entry.Identity);
        }
    }

    /// <summary>Remembers it for all: the command that was told to keep it may be over when another one looks for orphans.</summary>
    private void Keep(ProcessEntry member)
    {
        if (!_kept.TryAdd(member.Identity, new(member.Identity, member.Name)))
        {
            return;
        }

        lock (Gate)
        {
            KeptByAny.RemoveWhere(p => !p.IsAlive);
            KeptByAny.Add(member.Identity);
        }
    }
}
