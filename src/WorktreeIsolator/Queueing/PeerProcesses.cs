using System.Globalization;
using System.Text;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Queueing;

/// <summary>A process that we did not start and that works in a project.</summary>
/// <param name="Pid">Its process id.</param>
/// <param name="Name">The configured name that means it.</param>
/// <param name="Directory">Its current directory.</param>
public sealed record PeerProcess(int Pid, string Name, string Directory)
{
    /// <summary><c>claude (pid 4711)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name} (pid {Pid})");
}

/// <summary>
/// Finds the peers of a project (<c>peer_processes</c>): processes of the configured names that work in its checkout and that no run started.
/// A name means the kernel's name of a process (its first 15 characters), its program, or, if that is an interpreter, the script that it
/// runs. Never wt-run itself, nor an ancestor of this process: whoever called us waits for us, not we for him. Those of other users that
/// <c>/proc</c> does not show to us are not found.
/// </summary>
public static class PeerProcesses
{
    /// <summary>Finds those that work in the checkout that a project lies in.</summary>
    /// <param name="project">The project; its directory exists. It costs nothing if it names none.</param>
    /// <param name="environment">The caller's variables, for git.</param>
    public static IReadOnlyList<PeerProcess> Of(ProjectConfig project, IReadOnlyDictionary<string, string> environment)
    {
        if (project.PeerProcesses.Count == 0)
        {
            return [];
        }

        var repository = Repository.TryOpen(project.Path, environment);
        return Of(project, repository, repository?.Top ?? project.Path);
    }

    /// <summary>Finds those that work in one checkout of a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="repository">Its repository; null if it has none.</param>
    /// <param name="checkout">Top of the working tree.</param>
    internal static IReadOnlyList<PeerProcess> Of(ProjectConfig project, Repository? repository, string checkout) => Find(
        project.PeerProcesses,
        checkout,
        repository is null ? null : Path.GetFullPath(Path.Combine(repository.WorktreesBase, project.WorktreesDir)));

    /// <summary>Finds them, by pid. Costs nothing without names.</summary>
    /// <param name="names">Names of processes.</param>
    /// <param name="directory">Where they work: their current directory is that, or lies below it in no other linked worktree.</param>
    /// <param name="exceptBelow">A directory of which nothing counts; null if there is none.</param>
    public static IReadOnlyList<PeerProcess> Find(IReadOnlyList<string> names, string directory, string? exceptBelow)
    {
        if (names.Count == 0)
        {
            return [];
        }

        var top = CanonicalPath.Of(directory);
        var except = exceptBelow is null ? null : CanonicalPath.Of(exceptBelow);
        var all = ProcessEntry.ReadAll();
        var callers = Callers(all);
        var peers = new List<PeerProcess>();
        foreach (var entry in all.Values.OrderBy(entry => entry.Pid))
        {
            if (entry.IsRunning && !entry.IsKernelThread && !callers.Contains(entry.Pid)
                && entry.ReadCurrentDirectory() is { } current && WorksIn(top, except, current)
                && NameOf(entry, names) is { } name && !entry.HasVariableNamed(ProcessTree.RunIdVariable))
            {
                peers.Add(new PeerProcess(entry.Pid, name, current));
            }
        }

        return peers;
    }

    private static HashSet<int> Callers(Dictionary<int, ProcessEntry> all)
    {
        var callers = new HashSet<int>();
        for (var pid = Environment.ProcessId; callers.Add(pid) && all.TryGetValue(pid, out var entry);)
        {
            pid = entry.Parent;
        }

        return callers;
    }

    /// <summary>
    /// Whether a directory lies in a checkout. An agent may make worktrees of its own inside the checkout; what happens in those does not happen in the
    /// checkout. All paths are canonical.
    /// </summary>
    internal static bool WorksIn(string top, string? except, string current)
    {
        // A checkout that itself lies where worktrees are made: the kept worktree of a run.
        var isExcepted = except is not null && CanonicalPath.IsAtOrBelow(current, except) && !CanonicalPath.IsAtOrBelow(top, except);
        if (isExcepted || !CanonicalPath.IsAtOrBelow(current, top))
        {
            return false;
        }

        for (var path = current; path != top; path = Path.GetDirectoryName(path)!)
        {
            if (GitFile.ReadAdminDirectory(path) is { } admin && Path.GetFileName(Path.GetDirectoryName(admin)) == "worktrees")
            {
                return false;
            }
        }

        return true;
    }

    private static string? NameOf(ProcessEntry entry, IReadOnlyList<string> names)
    {
        const int KernelNameLength = 15;
        var own = ProgramNames.Of(entry.ReadArguments());
        return entry.Name == ProgramNames.WtRun || own.Contains(ProgramNames.WtRun, StringComparer.Ordinal)
            ? null
            : names.FirstOrDefault(name => (name.Length > KernelNameLength ? name[..KernelNameLength] : name) == entry.Name
                || own.Contains(name, StringComparer.Ordinal));
    }
}
