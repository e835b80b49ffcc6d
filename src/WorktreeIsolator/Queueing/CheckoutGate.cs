using System.Globalization;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>
/// As many checkouts of one repository at once as the machine has cores; more only make each other slow and the repository lock wait.
/// Each is a lock file of its own, so a dead process frees its place.
/// </summary>
internal static class CheckoutGate
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits for a place; a checkout always ends, so the wait has no limit but cancellation.</summary>
    public static IDisposable Enter(string stateDirectory, CancellationToken cancellation)
    {
        var directory = Path.Combine(stateDirectory, "checkouts");
        Sharing.CreateDirectory(directory);
        while (true)
        {
            for (var place = 0; place < Environment.ProcessorCount; place++)
            {
                var file = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{place}.lock"));
                if (FileLock.TryAcquire(file) is { } taken)
                {
                    return taken;
                }
            }

            Waiting.Pause(LongestPause * Random.Shared.NextDouble(), cancellation);
        }
    }
}
