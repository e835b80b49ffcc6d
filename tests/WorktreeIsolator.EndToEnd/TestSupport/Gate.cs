using Microsoft.Win32.SafeHandles;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A place in a shell script where it stops until the test lets it go on: it reads from a named pipe.</summary>
internal sealed class Gate
{
    private readonly Scratch _scratch;
    private readonly string _pipe;
    private readonly string _reached;

    public Gate(Scratch scratch, string name = "gate")
    {
        _scratch = scratch;
        _pipe = scratch.Path(name);
        _reached = scratch.Path(name + ".reached");
        scratch.Run(scratch.Root, "mkfifo", _pipe).Expect(0);
    }

    /// <summary>The step of the script: says that it is reached, then waits. The shell does both itself: no process that has still to end is left beside it.</summary>
    public string Step => $": > '{_reached}'; read -r go < '{_pipe}'";

    /// <summary>Waits until a script has reached the gate.</summary>
    public void AwaitReached() => Eventually.True(() => File.Exists(_reached), $"a script has reached {_reached}");

    /// <summary>Lets the script that waits go on. If none does any more, the failure says what became of the runs.</summary>
    public void Open() => Eventually.True(TryOpen, () => $"a script waits at {_pipe}; it reached it: {File.Exists(_reached)}\n{RecordsAndEvents()}");

    /// <summary>Nobody who reads the pipe: it cannot be opened.</summary>
    private bool TryOpen()
    {
        const int nonBlocking = 0x800; // O_NONBLOCK
        var fd = Libc.Open(_pipe, Libc.O_WRONLY | Libc.O_CLOEXEC | nonBlocking, 0);
        if (fd < 0)
        {
            return false;
        }

        using var pipe = new FileStream(new SafeFileHandle(fd, ownsHandle: true), FileAccess.Write, bufferSize: 0);
        pipe.Write("go\n"u8);
        return true;
    }

    private string RecordsAndEvents() => string.Concat(
        Directory.EnumerateFiles(_scratch.Root, "*.json*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(path => Path.GetFileName(path) is "run.json" or "events.jsonl").Select(path => $"{path}:\n{File.ReadAllText(path)}\n"));
}
