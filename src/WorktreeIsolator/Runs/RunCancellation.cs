using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Runs;

/// <summary>Cancels a run by asking its supervisor, which then stops the engine and keeps the work.</summary>
public static class RunCancellation
{
    /// <summary>Asks the supervisor to cancel; a second call makes it kill the engine.</summary>
    /// <param name="store">The store that holds the run.</param>
    /// <param name="record">The run.</param>
    /// <returns>False if the run has ended already.</returns>
    /// <exception cref="WorktreeIsolatorException">The supervisor cannot be reached from here.</exception>
    public static bool Cancel(RunStore store, RunRecord record)
    {
        if (record.State.IsFinal() || record.Supervisor is not { } supervisor || !store.IsAlive(record.Id))
        {
            return false;
        }

        if (supervisor is not { IsOfThisBoot: true, IsOfThisNamespace: true })
        {
            throw new WorktreeIsolatorException(
                FailureKind.System,
                $"Run {record.Id} belongs to another pid namespace (a container); its process cannot be reached from here.",
                "Cancel it there.");
        }

        if (ProcessEntry.Read(supervisor.Pid) is not { } process || process.Identity != supervisor.Identity)
        {
            return false;
        }

        using var handle = ProcessHandle.Open(process);
        handle?.Stop(Libc.SIGTERM);
        return handle is null || !handle.IsForbidden
            ? handle is not null
            : throw new WorktreeIsolatorException(
                FailureKind.System, $"Process {supervisor.Pid} of run {record.Id} belongs to another user and cannot be signalled.", "Cancel it as that user.");
    }
}
