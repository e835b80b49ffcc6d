using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>A signal of a stop sequence that all processes of a run were sent.</summary>
/// <param name="Signal">Its number.</param>
/// <param name="Ticks">When, in clock ticks since boot, as <see cref="ProcessIdentity.StartTime"/> counts them.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SentSignal(int Signal, long Ticks)
{
    /// <summary>What the kernel shows to programs, on every architecture (USER_HZ).</summary>
    private const long TicksPerSecond = 100;

    /// <summary>How long ago it was sent.</summary>
    public TimeSpan Age => TimeSpan.FromSeconds((Now - Ticks) / (double)TicksPerSecond);

    /// <summary>The time by that clock.</summary>
    public static unsafe long Now
    {
        get
        {
            // Seconds and nanoseconds. Not /proc/uptime: a container may show the time since its own start there.
            var time = stackalloc long[2];
            const long nanosecondsPerTick = 1_000_000_000 / TicksPerSecond;
            return Libc.ClockGetTime(Libc.CLOCK_BOOTTIME, time) == 0 ? (time[0] * TicksPerSecond) + (time[1] / nanosecondsPerTick) : 0;
        }
    }
}
