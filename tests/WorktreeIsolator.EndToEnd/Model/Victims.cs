using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>What a supervisor has started, to be killed.</summary>
internal static class Victims
{
    /// <summary>Everything that descends from a program, whether it has left its session or not; nothing if it has ended.</summary>
    public static List<ProcessEntry> Below(BackgroundRun run)
    {
        var all = ProcessEntry.ReadAll();
        if (all.GetValueOrDefault(run.Pid)?.Identity != run.Identity)
        {
            // Reaped, and its pid may be a stranger's: another test's.
            return [];
        }

        var found = new List<ProcessEntry>();
        var parents = new Queue<int>([run.Pid]);
        while (parents.TryDequeue(out var parent))
        {
            foreach (var child in all.Values.Where(entry => entry.Parent == parent && entry.IsRunning))
            {
                found.Add(child);
                parents.Enqueue(child.Pid);
            }
        }

        return found;
    }

    /// <summary>SIGKILL for that process and no other that got its pid.</summary>
    public static void Kill(ProcessEntry process)
    {
        using var handle = ProcessHandle.Open(process);
        handle?.Send(Libc.SIGKILL);
    }

    /// <summary>Processes that belong to runs of a repository, by what is in their environment.</summary>
    /// <param name="root">The directory of the test, which no other process names.</param>
    public static IReadOnlyList<string> OfRuns(string root)
    {
        var home = System.Text.Encoding.UTF8.GetBytes($"HOME={root}/home");
        return
        [
            .. ProcessEntry.ReadAll().Values
                .Where(entry => entry.IsRunning && entry.HasVariable(home) && Environment(entry).Contains("\0WT_RUN_ID=", StringComparison.Ordinal))
                .Select(entry => $"{entry.Pid} {entry.Name}"),
        ];
    }

    private static string Environment(ProcessEntry entry) =>
        "\0" + System.Text.Encoding.UTF8.GetString(ProcFile.ReadWhole($"/proc/{entry.Pid}/environ"));
}
