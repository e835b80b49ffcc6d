using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>How an engine ended, as far as its work is concerned.</summary>
/// <param name="Succeeded">Whether it ended by itself, with 0: only then may anything land.</param>
/// <param name="Description">A clause for commit messages: <c>failed with exit code 3</c>.</param>
internal sealed record EngineVerdict(bool Succeeded, string Description)
{
    /// <summary>
    /// Whether a person asks for the landing, of a run that ended before: someone may be at work in its worktree, and what fails is told to
    /// that person and changes nothing.
    /// </summary>
    public bool IsByHand { get; init; }
}

/// <summary>
/// Where one run works, held for as long as it does: the project itself, by a turn; or a temporary worktree, by its registration. Disposing
/// gives up what is held; it destroys no work.
/// </summary>
internal abstract class RunDirectory : IDisposable
{
    /// <summary>Absolute path of the directory in which the engine starts.</summary>
    public abstract string EngineDirectory { get; }

    /// <summary>Variables that tell the engine where it is.</summary>
    public abstract IReadOnlyDictionary<string, string> Variables { get; }

    /// <summary>Takes the engine's work to where the project wants it, and gives the directory back.</summary>
    /// <param name="record">The record so far.</param>
    /// <param name="verdict">How the engine ended.</param>
    /// <returns>The record with what became of the work; its state is final if the work decides it, else unchanged.</returns>
    public abstract RunRecord BringBack(RunRecord record, EngineVerdict verdict);

    /// <summary>Gives up what is held.</summary>
    public abstract void Dispose();
}
