using System.Buffers.Text;
using System.Globalization;
using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>What <c>/proc/PID/stat</c> says of one process.</summary>
internal sealed record ProcessEntry(
    ProcessIdentity Identity, string Name, char State, int Parent, int Group, int Session, int Threads, bool IsKernelThread)
{
    public int Pid => Identity.Pid;

    /// <summary>Ended, and waiting for its parent to ask for the exit code. (A process whose first thread has ended shows a Z as well.)</summary>
    public bool IsZombie => State is 'Z' && Threads <= 1;

    public bool IsRunning => !IsZombie && State is not ('X' or 'x');

    public bool IsStopped => State is 'T';

    /// <summary>
    /// Every process that <c>/proc</c> shows to us, by pid. The list of pids is read again as long as one of them was gone before it could
    /// be looked at, or had ended: its child, started after the list was made, would be in no list. So whoever lives when this returns is in the table,
    /// or descends from someone in it.
    /// </summary>
    public static Dictionary<int, ProcessEntry> ReadAll() => ReadAll(out _);

    /// <inheritdoc cref="ReadAll()"/>
    /// <param name="isComplete">False if processes ended faster than the list could be read.</param>
    public static Dictionary<int, ProcessEntry> ReadAll(out bool isComplete)
    {
        const int Rounds = 20; // on a machine that starts and ends processes without pause it has to end all the same
        var all = new Dictionary<int, ProcessEntry>(512);
        isComplete = false;
        for (var round = 0; round < Rounds && !isComplete; round++)
        {
            isComplete = true;
            foreach (var directory in Directory.EnumerateDirectories("/proc"))
            {
                if (!int.TryParse(directory.AsSpan("/proc/".Length), CultureInfo.InvariantCulture, out var pid) || all.ContainsKey(pid))
                {
                    continue;
                }

                var entry = Read(pid);
                isComplete &= entry is { IsRunning: true };
                if (entry is not null)
                {
                    all.Add(pid, entry);
                }
            }
        }

        return all;
    }

    /// <summary>One process; null if it does not exist or cannot be seen.</summary>
    public static ProcessEntry? Read(int pid)
    {
        Span<byte> line = stackalloc byte[1024];
        var length = ProcFile.Read($"/proc/{pid}/stat", line);
        return length > 0 ? Parse(line[..length]) : null;
    }

    /// <summary>Reads a line such as <c>42 (a) b) S 1 42 42 …</c>: the name may hold spaces and parentheses, so the last one ends it.</summary>
    internal static ProcessEntry? Parse(ReadOnlySpan<byte> line)
    {
        var open = line.IndexOf((byte)'(');
        var close = line.LastIndexOf((byte)')');
        if (open < 1 || close < open || !Utf8Parser.TryParse(line, out int pid, out _))
        {
            return null;
        }

        const long KernelThreadFlag = 0x00200000;

        // Numbered as in proc(5): the state is the third.
        const int ParentField = 4, GroupField = 5, SessionField = 6, FlagsField = 9, ThreadsField = 20, StartField = 22;
        Span<long> fields = stackalloc long[StartField + 1];
        var state = (char)0;
        var number = 3;
        foreach (var range in line[(close + 1)..].TrimStart((byte)' ').Split((byte)' '))
        {
            var field = line[(close + 1)..].TrimStart((byte)' ')[range];
            if (number == 3)
            {
                state = field.IsEmpty ? (char)0 : (char)field[0];
            }
            else if (!Utf8Parser.TryParse(field, out fields[number], out _))
            {
                return null;
            }

            if (++number > StartField)
            {
                break;
            }
        }

        return number <= StartField
            ? null
            : new ProcessEntry(
                new(pid, fields[StartField]),
                Encoding.UTF8.GetString(line[(open + 1)..close]),
                state,
                (int)fields[ParentField],
                (int)fields[GroupField],
                (int)fields[SessionField],
                (int)fields[ThreadsField],
                (fields[FlagsField] & KernelThreadFlag) != 0);
    }

    /// <summary>Whether one of the names means this process: by the kernel's name for it (15 characters), or by its argv[0].</summary>
    public bool IsNamed(IReadOnlyCollection<string> names)
    {
        const int KernelNameLength = 15;
        if (names.Count == 0)
        {
            return false;
        }

        if (names.Any(n => string.Equals(n.Length > KernelNameLength ? n[..KernelNameLength] : n, Name, StringComparison.Ordinal)))
        {
            return true;
        }

        Span<byte> start = stackalloc byte[4096];
        var length = ProcFile.Read($"/proc/{Pid}/cmdline", start);
        if (length <= 0)
        {
            return false;
        }

        var end = start[..length].IndexOf((byte)0);
        var program = Path.GetFileName(Encoding.UTF8.GetString(start[..(end < 0 ? length : end)]));
        return names.Contains(program, StringComparer.Ordinal);
    }

    /// <summary>Its command line as it shows it; empty if it has ended.</summary>
    public IReadOnlyList<string> ReadArguments()
    {
        var text = Encoding.UTF8.GetString(ProcFile.ReadWhole($"/proc/{Pid}/cmdline"));
        return text.Length == 0 ? [] : text.TrimEnd('\0').Split('\0');
    }

    /// <summary>Its current directory, which has no symbolic link in it; null if it has ended or we may not look.</summary>
    public string? ReadCurrentDirectory() => AnyFile.LinkTarget($"/proc/{Pid}/cwd");

    /// <summary>Whether the process was started with a variable of this name. False if we may not look.</summary>
    public bool HasVariableNamed(string name) => HasEntry(Encoding.UTF8.GetBytes(name + "="), isWhole: false);

    /// <summary>Whether the process was started with exactly this variable, given as NAME=VALUE. False if we may not look.</summary>
    public bool HasVariable(ReadOnlySpan<byte> variable) => HasEntry(variable, isWhole: true);

    private bool HasEntry(ReadOnlySpan<byte> wanted, bool isWhole)
    {
        var environment = ReadEnvironment().AsSpan();
        while (!environment.IsEmpty)
        {
            var end = environment.IndexOf((byte)0);
            var entry = end < 0 ? environment : environment[..end];
            if (isWhole ? entry.SequenceEqual(wanted) : entry.StartsWith(wanted))
            {
                return true;
            }

            environment = end < 0 ? [] : environment[(end + 1)..];
        }

        return false;
    }

    private byte[] ReadEnvironment()
    {
        // In the middle of execve(2) a process shows the new program's name already, but neither arguments nor environment yet.
        const int Attempts = 20;
        for (var attempt = 1; ; attempt++)
        {
            var environment = ProcFile.ReadWhole($"/proc/{Pid}/environ");
            if (environment.Length > 0 || attempt == Attempts || IsKernelThread || !HasNoArguments())
            {
                return environment;
            }

            Waiting.Pause(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        }
    }

    private bool HasNoArguments()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(Pid) is { IsRunning: true } now && now.Identity == Identity && ProcFile.Read($"/proc/{Pid}/cmdline", one) == 0;
    }
}
