using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>
/// The children that <see cref="ChildProcess"/> started and has not reaped. A subreaper also gets children that nobody here started:
/// orphans of a run. Only this list tells them from a git command that another part of the program has just started.
/// </summary>
internal static unsafe class KnownChildren
{
    private static readonly HashSet<int> Pids = [];

    /// <summary>
    /// Held while a child is started and added: otherwise a scan could see the child before the list does, and take it for an orphan.
    /// </summary>
    public static Lock Gate { get; } = new();

    /// <summary>Only with <see cref="Gate"/> held.</summary>
    public static void Add(int pid) => Pids.Add(pid);

    public static bool Contains(int pid)
    {
        lock (Gate)
        {
            return Pids.Contains(pid);
        }
    }

    /// <summary>Waits for the end of a known child and reaps it.</summary>
    /// <returns>0, or errno.</returns>
    public static int Reap(int pid, out Libc.SigInfo info)
    {
        Libc.SigInfo result = default;
        info = default;
        while (Libc.WaitId(Libc.P_PID, pid, &result, Libc.WEXITED | Libc.WNOWAIT) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR)
            {
                return errno;
            }
        }

        // From the reaping on the pid may be given to the next child: it leaves the list in the same step.
        lock (Gate)
        {
            _ = Libc.WaitId(Libc.P_PID, pid, &result, Libc.WEXITED | Libc.WNOHANG);
            Pids.Remove(pid);
        }

        info = result;
        return 0;
    }

    /// <summary>Reaps one child that is not in the list, if it has ended.</summary>
    public static void ReapAdopted(int pid)
    {
        lock (Gate)
        {
            if (!Pids.Contains(pid))
            {
                Libc.SigInfo info = default;
                _ = Libc.WaitId(Libc.P_PID, pid, &info, Libc.WEXITED | Libc.WNOHANG);
            }
        }
    }

    /// <summary>
    /// Reaps every ended child that is not in the list. Looks with WNOWAIT at whoever is first and reaps by pid: to reap whoever comes
    /// would steal the exit code of a known child.
    /// </summary>
    public static void ReapAllAdopted()
    {
        const int AnyChild = 0;
        while (true)
        {
            Libc.SigInfo info = default;
            if (Libc.WaitId(AnyChild, 0, &info, Libc.WEXITED | Libc.WNOHANG | Libc.WNOWAIT) != 0 || info.Pid == 0)
            {
                return;
            }

            if (Contains(info.Pid))
            {
                // A known one hides those behind it.
                foreach (var entry in ProcessEntry.ReadAll().Values)
                {
                    if (entry.IsZombie && entry.Parent == Environment.ProcessId)
                    {
                        ReapAdopted(entry.Pid);
                    }
                }

                return;
            }

            ReapAdopted(info.Pid);
        }
    }
}
