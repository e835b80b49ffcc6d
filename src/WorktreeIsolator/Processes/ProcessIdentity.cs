using System.Runtime.InteropServices;

namespace WorktreeIsolator.Processes;

/// <summary>
/// One process for all time until the next boot: its pid, and when it started (clock ticks since boot, field 22 of
/// <c>/proc/PID/stat</c>), because the kernel gives a pid to a stranger as soon as its owner is gone.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ProcessIdentity(int Pid, long StartTime)
{
    /// <summary>Ourselves.</summary>
    public static ProcessIdentity Current { get; } = Of(System.Environment.ProcessId)
        ?? throw new WorktreeIsolatorException(
            FailureKind.System, "/proc/self/stat cannot be read.", "wt-run needs /proc to find the processes of a run; mount it.");

    /// <summary>Different after each boot: pids and start times of another boot mean nothing now.</summary>
    public static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>The inode of our pid namespace: pids of another namespace are not ours to read.</summary>
    public static long PidNamespace { get; } = ReadPidNamespace();

    /// <summary>Whether this very process still runs. One that has ended but that its parent has not reaped does not.</summary>
    public bool IsAlive => ProcessEntry.Read(Pid) is { IsRunning: true } entry && entry.Identity == this;

    /// <summary>Whoever has this pid now; null if nobody has, or if <c>/proc</c> does not show it to us.</summary>
    public static ProcessIdentity? Of(int pid) => ProcessEntry.Read(pid)?.Identity;

    private static long ReadPidNamespace()
    {
        // "pid:[4026531836]"
        var target = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
        var start = target.IndexOf('[', StringComparison.Ordinal) + 1;
        return long.TryParse(target.AsSpan(start).TrimEnd(']'), System.Globalization.CultureInfo.InvariantCulture, out var inode) ? inode : 0;
    }
}
