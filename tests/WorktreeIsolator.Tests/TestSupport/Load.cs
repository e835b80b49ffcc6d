using System.Globalization;
using System.Runtime.CompilerServices;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Tests.TestSupport;

/// <summary>
/// A busy machine, if <c>WT_RUN_LOAD</c> says with how many processes: they spin, and two of them (one, if there are fewer than four) write and sync
/// a file without end, for as long as the tests run.
/// </summary>
internal static class Load
{
    private const string Spin = "while :; do :; done";

    /// <summary>Into a file that has no name any more, so that nothing is left behind.</summary>
    private const string Write = "f=$(mktemp) && exec 3<> \"$f\" && rm \"$f\" && while :; do dd if=/dev/zero of=/dev/fd/3 bs=64k count=64 conv=notrunc,fsync 2> /dev/null; done";

#pragma warning disable CA2255 // Whatever the first test is, the load has to be there before it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Begin()
    {
        if (Environment.GetEnvironmentVariable("WT_RUN_LOAD") is not { Length: > 0 } wanted)
        {
            return;
        }

        var count = int.Parse(wanted, NumberStyles.None, CultureInfo.InvariantCulture);

        // The kernel kills them when the thread that started them ends, however that comes: this one lasts as long as the process.
        new Thread(() => Keep(count)) { IsBackground = true, Name = "load" }.Start();
    }

    private static void Keep(int count)
    {
        var writers = Math.Min(count / 2, 2);
        var processes = Enumerable.Range(0, count).Select(i => ChildProcess.Start(new ChildStart
        {
            Argv = ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", i < writers ? Write : Spin],
            WorkingDirectory = Path.GetTempPath(),
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
                ["TMPDIR"] = Path.GetTempPath(),
            },
            Output = ChildOutput.Null,
            Error = ChildOutput.Inherit,
            Group = ChildGroup.OwnSession,
        })).ToList();
        processes.ForEach(process => throw new InvalidOperationException($"A process of the load ended, with {process.Wait()}."));
    }
}
