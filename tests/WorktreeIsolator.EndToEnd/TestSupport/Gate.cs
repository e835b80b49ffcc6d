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

    /// <summary>Lets the script that waits go on.</summary>
    public void Open() => _scratch.Run(_scratch.Root, "sh", "-c", $"echo go > '{_pipe}'").Expect(0);
}
