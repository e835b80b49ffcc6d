namespace WorktreeIsolator.Configuration;

/// <summary>Keys that are read and checked, so that a file is right today and tomorrow, but that nothing acts on in this version.</summary>
public static class NotInEffect
{
    /// <summary>Those that a project sets to something other than their default.</summary>
    public static IReadOnlyList<string> In(ProjectConfig project) => project.Pool.Size > 0 ? ["pool"] : [];
}
