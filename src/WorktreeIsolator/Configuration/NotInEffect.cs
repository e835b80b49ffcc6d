namespace WorktreeIsolator.Configuration;

/// <summary>Keys that are read and checked, so that a file is right today and tomorrow, but that nothing acts on in this version.</summary>
public static class NotInEffect
{
    /// <summary>Those that a project sets to something other than their default.</summary>
    public static IReadOnlyList<string> In(ProjectConfig project)
    {
        var standard = new ProjectConfig { Name = project.Name, Path = project.Path };
        return Named(
            ("max_worktrees", project.MaxWorktrees != standard.MaxWorktrees),
            ("pool", project.Pool.Size > 0));
    }

    /// <summary>Those that an engine sets.</summary>
    public static IReadOnlyList<string> In(EngineConfig engine) =>
        Named(("max_parallel", engine.MaxParallel is not null), ("lock", engine.Lock is not null));

    private static List<string> Named(params ReadOnlySpan<(string Key, bool IsSet)> keys)
    {
        var names = new List<string>();
        foreach (var (key, isSet) in keys)
        {
            if (isSet)
            {
                names.Add(key);
            }
        }

        return names;
    }
}
