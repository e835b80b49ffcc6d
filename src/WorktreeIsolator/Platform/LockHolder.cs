using System.Globalization;
using System.Text;

namespace WorktreeIsolator.Platform;

/// <summary>Finds out who holds a <see cref="FileLock"/>, for messages only.</summary>
internal static class LockHolder
{
    /// <summary>Whether the kernel's list of locks can be read.</summary>
    public static bool IsReadable => File.Exists("/proc/locks");

    /// <summary>A phrase such as <c>process 4711 (flock), "run 3f9c…"</c>; says so if nobody can be seen.</summary>
    public static string Describe(string path)
    {
        var text = ReadText(path);
        var pids = ProcessesHolding(path);
        var builder = new StringBuilder();
        builder.AppendJoin(", ", pids.Select(pid => string.Create(CultureInfo.InvariantCulture, $"process {pid} ({NameOf(pid)})")));
        if (pids.Count == 0)
        {
            builder.Append("a process that cannot be seen from here");
        }

        // The text is the last holder's that wrote one; flock(1) writes none, so it counts only if it names one of those pids.
        if (text.Length > 0 && (pids.Count == 0 || pids.Exists(pid => Names(text, pid))))
        {
            builder.Append(CultureInfo.InvariantCulture, $", {text}");
        }

        return builder.ToString();
    }

    /// <summary>Whether a process can be seen that holds the lock; nothing is locked to find out.</summary>
    public static bool CanBeSeen(string path) => ProcessesHolding(path).Count > 0;

    /// <summary>The processes that hold a flock on the file, as /proc/locks lists them: <c>FLOCK ADVISORY WRITE pid major:minor:inode</c>.</summary>
    public static List<int> ProcessesHolding(string path)
    {
        var pids = new List<int>();
        if (FileIdentity.Of(path) is not { } file)
        {
            return pids;
        }

        var wanted = string.Create(CultureInfo.InvariantCulture, $"{file.DeviceMajor:x2}:{file.DeviceMinor:x2}:{file.Inode}");
        foreach (var line in ReadLocks())
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 6 && fields[1] == "FLOCK" && fields[5] == wanted
                && int.TryParse(fields[4], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0)
            {
                pids.Add(pid);
            }
        }

        return pids;
    }

    /// <summary>A sandbox may hide the file; a message must not fail for that.</summary>
    private static string[] ReadLocks()
    {
        try
        {
            return File.ReadAllLines("/proc/locks");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whether a text says <c>pid 47</c>, and not only <c>pid 4711</c>.</summary>
    private static bool Names(string text, int pid)
    {
        var words = text.Split([' ', ',', ';', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
        var number = pid.ToString(CultureInfo.InvariantCulture);
        return words.Zip(words.Skip(1)).Contains(("pid", number));
    }

    private static string NameOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return "ended; a process that it started holds the file";
        }
    }

    /// <summary>Its first line. Not through .NET's own opening of files, which would try to lock it, and fail.</summary>
    private static string ReadText(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(AnyFile.ReadAllBytes(path)).Split('\n')[0];
        }
        catch (Exception e) when (e is IOException or WorktreeIsolatorException)
        {
            return "";
        }
    }
}
