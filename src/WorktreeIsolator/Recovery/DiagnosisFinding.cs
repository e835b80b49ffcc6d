namespace WorktreeIsolator.Recovery;

/// <summary>How a check of <see cref="Diagnosis"/> came out.</summary>
public enum DiagnosisStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Nothing is wrong, but someone may want to know, or has something to decide.</summary>
    Note,

    /// <summary>Runs fail or wait because of it.</summary>
    Problem,
}

/// <summary>Something that <see cref="Diagnosis"/> found.</summary>
/// <param name="Check">What was looked at, in snake_case: <c>locks</c>, <c>git_locks</c>, <c>disk</c> …</param>
/// <param name="Project">The project; null if it is about the machine.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Message">What was found, in words.</param>
/// <param name="Help">The command that helps; null if nothing is to be done.</param>
public sealed record DiagnosisFinding(string Check, string? Project, DiagnosisStatus Status, string Message, string? Help = null);
