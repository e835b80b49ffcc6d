using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Records;

// What runs that died before anyone saw them have left, and how something is taken out of the store.
public sealed partial class RunStore
{
    /// <summary>Clears what is left of a run that died before it was published: nobody ever saw it.</summary>
    internal void ForgetStillborn(string id)
    {
        var aside = Path.Combine(_runs, $".{id}.new");
        if (Directory.Exists(DirectoryOf(id)) || !Directory.Exists(aside))
        {
            return;
        }

        using var liveness = TryAcquireIn(aside);
        if (liveness is null)
        {
            return;
        }

        foreach (var file in Directory.GetFiles(aside))
        {
            File.Delete(file);
        }

        Directory.Delete(aside);
        Deactivate(id);
    }

    /// <summary>Clears what a <c>land</c> or <c>drop</c> left that was killed just when it wrote down that it works with a run.</summary>
    internal void ForgetHalfActivated()
    {
        foreach (var path in Names(_active).Where(name => name.EndsWith(DurableFile.Aside, StringComparison.Ordinal)).Select(name => Path.Combine(_active, name)))
        {
            // Who writes it holds the run's liveness lock.
            var id = Path.GetFileNameWithoutExtension(path);
            using var liveness = TryTakeOver(id);
            if (liveness is not null || !Directory.Exists(DirectoryOf(id)))
            {
                _ = AnyFile.TryDelete(path);
            }
        }
    }

    /// <summary>Null as well if the run is published in this moment, or someone else clears it.</summary>
    private static FileLock? TryAcquireIn(string aside)
    {
        try
        {
            return FileLock.TryAcquire(Path.Combine(aside, "alive"));
        }
        catch (WorktreeIsolatorException) when (!Directory.Exists(aside))
        {
            return null;
        }
    }

    /// <summary>Where directories of the store wait for their deletion.</summary>
    internal string Trash => Path.Combine(StateDirectory, "trash");

    /// <summary>The queues in which runs wait, or have waited. Absolute paths.</summary>
    internal IReadOnlyList<string> Queues() => Path.Combine(StateDirectory, "queue") is var queues && Directory.Exists(queues) ? Directory.GetDirectories(queues) : [];

    /// <summary>What is left of runs that died before they were published and before they were listed as active.</summary>
    /// <param name="before">Only those made before; a younger one may be about to be published.</param>
    /// <returns>Absolute paths.</returns>
    internal IReadOnlyList<string> Stillborn(DateTimeOffset before) =>
    [
        .. Names(_runs).Where(name => name.StartsWith('.') && name.EndsWith(".new", StringComparison.Ordinal)).Select(name => Path.Combine(_runs, name))
            .Where(path => Directory.GetLastWriteTimeUtc(path) < before.UtcDateTime && IsFree(Path.Combine(path, "alive"))),
    ];

    /// <summary>Takes a directory out of the store in one step, so that no reader sees half of it. Whoever calls holds its liveness lock.</summary>
    internal void MoveToTrash(string path)
    {
        const int tries = 3;
        for (var attempt = 1; ; attempt++)
        {
            Sharing.CreateDirectory(Trash);
            try
            {
                Directory.Move(path, Path.Combine(Trash, $"{Path.GetFileName(path)}.{Guid.NewGuid():N}"));
                return;
            }
            catch (DirectoryNotFoundException) when (attempt < tries && Directory.Exists(path))
            {
                // Another prune is just deleting the trash.
            }
        }
    }

    private static bool IsFree(string liveness)
    {
        using var free = File.Exists(liveness) ? FileLock.TryAcquire(liveness, shared: true) : null;
        return free is not null || !File.Exists(liveness);
    }
}
