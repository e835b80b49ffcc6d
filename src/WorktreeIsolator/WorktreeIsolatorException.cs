namespace WorktreeIsolator;

/// <summary>
/// The one exception of this library besides <see cref="OperationCanceledException"/>: something could not be done.
/// <see cref="Exception.Message"/> says what and where; <see cref="Hint"/> says what to do next.
/// </summary>
public class WorktreeIsolatorException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="kind">What kind of inability it is.</param>
    /// <param name="message">A sentence: what happened, where, with which value.</param>
    /// <param name="hint">What would be right or what to do next; null if nothing helps.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public WorktreeIsolatorException(FailureKind kind, string message, string? hint = null, Exception? innerException = null)
        : base(message, innerException)
    {
        Kind = kind;
        Hint = hint;
    }

    /// <summary>What kind of inability it is.</summary>
    public FailureKind Kind { get; }

    /// <summary>What would be right or what to do next; null if nothing helps.</summary>
    public string? Hint { get; }
}
