using System.Globalization;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Recovery;

/// <summary>Tries a lock that is held for milliseconds only: whether it is free in time, and whether flock works on that file system.</summary>
internal static class LockDiagnosis
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks.</summary>
    /// <param name="check">What is looked at.</param>
    /// <param name="project">The project; null if it is about the machine.</param>
    /// <param name="path">A file that exists.</param>
    public static DiagnosisFinding Look(string check, string? project, string path)
    {
        try
        {
            using var taken = FileLock.Acquire(path, Longest, Pause);
            return taken is null ? Held(check, project, path)
                : taken.Excludes() ? new(check, project, DiagnosisStatus.Ok, $"flock works where '{path}' is.")
                : new(
                    check,
                    project,
                    DiagnosisStatus.Problem,
                    $"flock does not work where '{path}' is: two processes can hold the same lock.",
                    $"df -T {ShellWords.Quoted(path)}   # what it holds has to move to a local file system, or that one be mounted with working locks");
        }
        catch (WorktreeIsolatorException e)
        {
            return new(check, project, DiagnosisStatus.Problem, e.Message, e.Hint);
        }
    }

    private static DiagnosisFinding Held(string check, string? project, string path)
    {
        var pids = LockHolder.ProcessesHolding(path);
        return new(
            check,
            project,
            DiagnosisStatus.Problem,
            $"'{path}', which is held for milliseconds, has not been free for {Longest.TotalSeconds:0} s. It is held by {LockHolder.Describe(path)}.",
            pids.Count == 0
                ? $"sudo fuser -v {ShellWords.Quoted(path)}"
                : $"ps -o pid,lstart,args -p {string.Join(',', pids.Select(pid => pid.ToString(CultureInfo.InvariantCulture)))}");
    }
}
