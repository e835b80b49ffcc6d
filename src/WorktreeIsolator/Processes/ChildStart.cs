namespace WorktreeIsolator.Processes;

/// <summary>What a child's standard output or error is connected to.</summary>
internal enum ChildOutput
{
    /// <summary>A pipe that the parent reads.</summary>
    Pipe,

    /// <summary><c>/dev/null</c>.</summary>
    Null,

    /// <summary>The parent's own.</summary>
    Inherit,
}

/// <summary>Which session and process group a child belongs to.</summary>
internal enum ChildGroup
{
    /// <summary>The parent's.</summary>
    Parent,

    /// <summary>A process group of its own in the parent's session: it may get the terminal.</summary>
    OwnGroup,

    /// <summary>A session of its own: no terminal, and a signal to the parent's group does not reach it.</summary>
    OwnSession,
}

/// <summary>How to start one child; immutable, copied to change.</summary>
internal sealed record ChildStart
{
    /// <summary>The program and its arguments. A program without a slash is looked up in the PATH of <see cref="Environment"/>.</summary>
    public required IReadOnlyList<string> Argv { get; init; }

    /// <summary>Absolute path of the directory in which the child starts.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The child's whole environment; nothing is inherited.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Bytes for standard input, null for <c>/dev/null</c>. Ignored if <see cref="InheritInput"/>.</summary>
    public ReadOnlyMemory<byte>? Input { get; init; }

    /// <summary>Whether the child reads the parent's standard input.</summary>
    public bool InheritInput { get; init; }

    public ChildOutput Output { get; init; } = ChildOutput.Pipe;

    public ChildOutput Error { get; init; } = ChildOutput.Pipe;

    public ChildGroup Group { get; init; } = ChildGroup.Parent;
}
