using System.Globalization;
using System.Runtime.InteropServices;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>Looks at what all projects of one repository share: locks, ours and git's; runs that died or need a person; what runs left.</summary>
internal sealed class StoreDiagnosis(ProjectConfig project, RunnerOptions options, RetentionConfig retention, Repository? repository, RunStore store)
{
    private static readonly TimeSpan LongForGit = TimeSpan.FromMinutes(1);
    private static readonly string[] HeldDirectories = ["turns", "targets"];
    private static readonly string[] LocksOfWorktrees = ["index.lock", "HEAD.lock"];
    private static readonly string[] LocksOfRepositories = ["config.lock", "packed-refs.lock", "shallow.lock"];

    /// <summary>Looks at all of it; a check that finds nothing is one finding, too.</summary>
    public IEnumerable<DiagnosisFinding> Look() =>
    [
        LookAtLocks(),
        .. OrOk("held_locks", "Nobody holds a lock for long.", LookAtHeldLocks()),
        .. repository is null ? [] : OrOk("git_locks", "No lock file of git's is in the way.", LookAtGitLocks(repository)),
        .. OrOk("dead_runs", "Every run that is under way has its wt-run process.", LookAtDeadRuns()),
        .. OrOk("needs_person", "No run needs a person.", LookAtOpenRuns()),
        .. LookAtWhatIsLeft(),
    ];

    private DiagnosisFinding LookAtLocks()
    {
        const string check = "locks";
        // Without git there is no repository lock; a record is a file that nobody locks otherwise.
        var path = (repository is null
            ? store.Ids().Select(id => Path.Combine(store.DirectoryOf(id), "run.json"))
            : [Path.Combine(store.StateDirectory, "repo.lock"), Path.Combine(repository.CommonDirectory, "HEAD")])
            .FirstOrDefault(File.Exists);
        return path is null
            ? Ok(check, "No run was here yet; the first one tries whether flock works.")
            : LockDiagnosis.Look(check, project.Name, path);
    }

    /// <summary>Read from the kernel's list, and none is taken: whoever asked for one at that moment would find it held.</summary>
    private IEnumerable<DiagnosisFinding> LookAtHeldLocks() => HeldDirectories
        .Select(name => Path.Combine(store.StateDirectory, name))
        .Where(Directory.Exists).SelectMany(Directory.EnumerateFiles).Append(Path.Combine(store.StateDirectory, "fetch.lock"))
        .Where(LockHolder.CanBeSeen).Order(StringComparer.Ordinal)
        .Select(path => Note("held_locks", $"'{path}' is held by {LockHolder.Describe(path)}.", "wt-run list"));

    private IEnumerable<DiagnosisFinding> LookAtGitLocks(Repository repository)
    {
        const string check = "git_locks";
        var places = WorktreeList.Read(repository)
            .Select((entry, i) => (entry.Path, GitDirectory: i == 0 ? repository.CommonDirectory : GitFile.ReadAdminDirectory(entry.Path)))
            .SelectMany(place => LocksOfWorktrees.Select(name => (place.Path, File: place.GitDirectory is null ? null : Path.Combine(place.GitDirectory, name))))
            .Concat(LocksOfRepositories.Select(name => (Path: repository.Top ?? repository.CommonDirectory, File: (string?)Path.Combine(repository.CommonDirectory, name))));
        foreach (var (path, file) in places)
        {
            if (!File.Exists(file))
            {
                continue;
            }

            var age = options.Time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(file);
            var since = Duration.Format(TimeSpan.FromSeconds(Math.Max(0, Math.Floor(age.TotalSeconds))));
            var holders = ProcessesInDirectory.Find(path).Where(process => process.Name == "git").Select(process => $"git (pid {process.Identity.Pid})").ToList();
            yield return holders.Count > 0
                ? Note(check, $"'{file}' has been there for {since}; {string.Join(", ", holders)} at work in '{path}' may hold it.")
                : age < LongForGit
                    ? Note(check, $"'{file}' has been there for {since}.")
                    : Problem(
                        check,
                        $"'{file}' has been there for {since}, and no git command is seen at work in '{path}'. Whatever writes there fails, and landings wait.",
                        $"rm {ShellWords.Quoted(file!)}   # if no editor, and no git on another machine, uses it");
        }
    }

    private IEnumerable<DiagnosisFinding> LookAtDeadRuns()
    {
        const string check = "dead_runs";
        foreach (var record in new Reconciler(project, options, repository).FindDead())
        {
            var died = $"The wt-run process of run {record.Id} ({record.Project}, {record.Trigger}) is dead.";
            if (DeadRun.WhyOutOfReach(record, options.Environment) is { } why)
            {
                yield return Problem(check, $"{died} {why}", DeadRun.HelpOutOfReach(record));
            }
            else if (Foreign(record) is { Count: > 0 } foreign)
            {
                yield return Problem(
                    check, $"{died} Processes of it are another user's: {string.Join(", ", foreign.Select(process => $"{process.Name} (pid {process.Pid})"))}.", $"sudo kill {string.Join(' ', foreign.Select(process => process.Pid))}; wt-run prune");
            }
            else
            {
                yield return RunEvents.Read(store.DirectoryOf(record.Id), "recovery") is [.., var last]
                    ? Problem(check, $"{died} It could not be brought to an end: {last.Trim()}", "wt-run prune")
                    : Note(
                        check, $"{died} {(RunEvents.Read(store.DirectoryOf(record.Id), RunEvents.Ending).Count > 0 ? record.Message : "The next wt-run command that looks at runs brings it to its end.")}", "wt-run prune");
            }
        }

        foreach (var id in store.ActiveIds().Where(id => !store.IsAlive(id) && store.TryRead(id) is { } run && run.State.IsFinal()))
        {
            if (DeadRun.WhyLandingIsOutOfReach(store, id) is { } why)
            {
                yield return Problem(check, $"Run {id}: {why}", "wt-run list   # there, where it was begun; or here after the next boot");
            }
        }

        var unreadable = UnreadableRun.Find(store, null, options.Environment).ToDictionary(run => run.Id, StringComparer.Ordinal);
        foreach (var id in store.ActiveIds().Where(store.IsUnreadable))
        {
            yield return unreadable.TryGetValue(id, out var dead)
                ? Problem(check, $"Run {id}: {dead.Text}", dead.Help)
                : Problem(check, $"Run {id} is under way, and {RecordPruning.Unreadable}.", "wt-run --version   # use the newest one here");
        }
    }

    /// <summary>Processes of a dead run that we may not end.</summary>
    private List<ProcessEntry> Foreign(RunRecord record)
    {
        const int NoSignal = 0;
        if (record.Supervisor is not { IsOfThisBoot: true })
        {
            return [];
        }

        using var tree = ProcessTree.OfDeadRun(record.Id, record.EngineProcess?.Identity, [], project.KeepProcesses);
        return tree.Scan(out _).FindAll(entry => Libc.Kill(entry.Pid, NoSignal) != 0 && Marshal.GetLastPInvokeError() == Libc.EPERM);
    }

    private IEnumerable<DiagnosisFinding> LookAtOpenRuns() => store.ReadAll().Where(record => record.State == RunState.NeedsMerge)
        .Select(record => Note("needs_person", $"Run {record.Id} ({record.Project}, {record.Trigger}) needs you. {record.Message}".TrimEnd(), $"wt-run show {record.Id[..8]}"));

    /// <summary>What <c>prune</c> would take, and what it would leave and why.</summary>
    private IEnumerable<DiagnosisFinding> LookAtWhatIsLeft()
    {
        IReadOnlyList<PruneItem> items;
        try
        {
            items = new Pruner(options, retention).Prune(project, dryRun: true);
        }
        catch (WorktreeIsolatorException e)
        {
            return [Problem("worktrees", e.Message.Trim(), e.Hint)];
        }

        var left = items.Where(item => !item.IsTaken).ToLookup(item => item.Kind, StringComparer.Ordinal);
        return
        [
            .. OrOk("worktrees", "No worktree is left that no run uses.", LookAtWorktrees(items)),
            .. OrOk("sessions", "No session is open.", items.Where(item => item.Kind == "session").Select(LookAtSession)),
            .. left["branch"].Any()
                ? [Note("branches", $"{Count(left["branch"], "branch", "branches")} of runs: {Names(left["branch"])}.", "wt-run prune --dry-run   # what each holds, and how to land it or give it up")]
                : new[] { Ok("branches", "No branch of a run is left.") },
            .. left["ref"].Any()
                ? [Note("rescues", $"{Count(left["ref"], "ref keeps", "refs keep")} what no branch holds{SizeOfRescues()}: {Names(left["ref"])}.", "wt-run prune --dry-run   # until when, and how to see it")]
                : new[] { Ok("rescues", "No rescue ref is left.") },
            .. OrOk("records", "All records can be read.", left["record"].Select(item => Note("records", $"Run {item.Name}: {item.Reason}.", $"wt-run show {item.Name[..8]}"))),
        ];
    }

    private IEnumerable<DiagnosisFinding> LookAtWorktrees(IReadOnlyList<PruneItem> items)
    {
        foreach (var item in items.Where(item => item.Kind is "worktree" or "directory" or "registration" or "trash"))
        {
            yield return item.IsTaken
                ? Note("worktrees", $"The {item.Kind} '{item.Name}' is left over: {item.Reason}.", "wt-run prune")
                : Note("worktrees", $"'{item.Name}' stays: {item.Reason}.");
        }
    }

    private DiagnosisFinding LookAtSession(PruneItem session) => session.IsTaken
        ? Note("sessions", $"'{session.Name}' is open, until the next prune: {session.Reason}.", $"wt-run prune --dry-run   # to go on with it: wt-run run --session {session.Name}")
        : Note("sessions", $"'{session.Name}' is open: {session.Reason}.", $"wt-run show {session.Name}");

    /// <summary>What git could free without them; in words, or nothing if it takes long to find out.</summary>
    private string SizeOfRescues()
    {
        try
        {
            var output = repository!.Git.ReadOnly().WithTimeout(TimeSpan.FromSeconds(10))
                .Run(["rev-list", "--objects", "--disk-usage", "--glob=refs/wt-run/*", "--not", "--branches", "--tags", "--remotes"]).Output;
            return long.TryParse(output, CultureInfo.InvariantCulture, out var bytes) ? $" ({ByteSize.Format(bytes)})" : "";
        }
        catch (GitException)
        {
            return "";
        }
    }

    private static string Count(IEnumerable<PruneItem> items, string one, string many) =>
        items.Count() is var count && count == 1 ? $"1 {one}" : string.Create(CultureInfo.InvariantCulture, $"{count} {many}");

    private static string Names(IEnumerable<PruneItem> items)
    {
        const int most = 5;
        var names = items.Select(item => item.Name).Order(StringComparer.Ordinal).ToList();
        return string.Join(", ", names.Take(most)) + (names.Count > most ? ", …" : "");
    }

    private IEnumerable<DiagnosisFinding> OrOk(string check, string message, IEnumerable<DiagnosisFinding> findings) => findings.DefaultIfEmpty(Ok(check, message));

    private DiagnosisFinding Ok(string check, string message) => new(check, project.Name, DiagnosisStatus.Ok, message);

    private DiagnosisFinding Note(string check, string message, string? help = null) => new(check, project.Name, DiagnosisStatus.Note, message, help);

    private DiagnosisFinding Problem(string check, string message, string? help) => new(check, project.Name, DiagnosisStatus.Problem, message, help);
}
