using System.Globalization;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>How much a program that waits looks around: that says what it costs on any machine, however slow or busy.</summary>
internal static class ProcReads
{
    /// <summary>As many as fit into four seconds on a machine so fast that the pause between two is never longer than the shortest, 250 ms; with room for what else is read.</summary>
    public const double OfSixteenLooks = 80;

    /// <summary>How many read(2) a process makes while some seconds pass, for each process of the machine: a look at all of them is three or four.</summary>
    public static double Of(Scratch scratch, int pid, int seconds)
    {
        var before = ReadsOf(pid);
        scratch.Run(scratch.Root, "sleep", seconds.ToString(CultureInfo.InvariantCulture)).Expect(0);
        return (double)(ReadsOf(pid) - before) / ProcessEntry.ReadAll().Count;
    }

    private static long ReadsOf(int pid)
    {
        const string key = "syscr: ";
        return long.Parse(File.ReadLines($"/proc/{pid}/io").First(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..], CultureInfo.InvariantCulture);
    }
}
