namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>How a run ends whose engine made a mess and exits with 0.</summary>
public enum Ending
{
    /// <summary>There is nothing to bring back.</summary>
    Nothing,

    /// <summary>The work goes where the policy says.</summary>
    Delivered,

    /// <summary>Only what git does not look at, or HEAD does not reach, was made; how far HEAD itself goes is left open.</summary>
    Set_aside,

    /// <summary>Nothing may land before a person has finished or aborted what is under way, or pushed what the work refers to.</summary>
    Unfinished,

    /// <summary>The work shares no history with the target.</summary>
    Unrelated,

    /// <summary>The worktree stays for what no ref can hold; whether the rest goes where the policy says, or waits for a person, is left open.</summary>
    Beyond_refs,

    /// <summary>git cannot read all of it as it was left: either the run mends that, or it says so and the directory stays.</summary>
    Damaged,

    /// <summary>git, or the run, cannot go on with what was left; the record says so and the directory stays.</summary>
    Broken,
}

/// <summary>Whether the worktree is there after the run.</summary>
public enum Stays
{
    /// <summary>A ref can hold all of it, so it goes.</summary>
    No,

    /// <summary>No ref can hold all of it.</summary>
    Yes,

    /// <summary>Either is right, as long as nothing is lost.</summary>
    Either,
}

/// <summary>One kind of mess that an engine can leave.</summary>
/// <param name="Name">What it is, in words; names the test.</param>
/// <param name="Script">Makes it, with the functions of <see cref="MessScript"/>; runs in the worktree.</param>
internal sealed record KindOfMess(string Name, string Script)
{
    /// <summary>What becomes of the run.</summary>
    public Ending Ending { get; init; } = Ending.Delivered;

    /// <summary>What becomes of the worktree.</summary>
    public Stays Stays { get; init; }

    /// <summary>Full names of refs of the repository that the engine makes or moves, and that stay as it leaves them.</summary>
    public IReadOnlyList<string> Refs { get; init; } = [];

    /// <summary>A script that changes the user's repository before the run; runs in the main worktree.</summary>
    public string? Before { get; init; }

    /// <summary>Whether the project has <c>submodules = true</c>.</summary>
    public bool HasSubmodules { get; init; }

    /// <summary>Whether the run must not have root's right to read everything.</summary>
    public bool IsOfNobody { get; init; }

    /// <summary>The project's <c>rescue_limit</c> in bytes; null for the default.</summary>
    public long? RescueLimit { get; init; }

    /// <summary>The exit code of the engine.</summary>
    public int ExitCode { get; init; }

    /// <summary>The same mess of an engine that fails.</summary>
    public KindOfMess Failing => this with { ExitCode = 3 };

    public override string ToString() => Name;
}
