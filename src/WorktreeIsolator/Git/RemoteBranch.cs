namespace WorktreeIsolator.Git;

/// <summary>A branch at a remote.</summary>
/// <param name="Remote">The remote's name.</param>
/// <param name="Ref">The full name of the branch there.</param>
internal sealed record RemoteBranch(string Remote, string Ref)
{
    private const string Heads = "refs/heads/";

    /// <summary>The short name of the branch there: <c>main</c>.</summary>
    public string Branch => Ref.StartsWith(Heads, StringComparison.Ordinal) ? Ref[Heads.Length..] : Ref;

    /// <summary>The branch that a name such as <c>origin/x</c> stands for; null if it begins with no remote.</summary>
    public static RemoteBranch? TryParse(string name, IReadOnlyList<string> remotes)
    {
        var remote = remotes.Where(r => name.StartsWith(r + "/", StringComparison.Ordinal)).MaxBy(r => r.Length);
        return remote is null ? null : new RemoteBranch(remote, Heads + name[(remote.Length + 1)..]);
    }

    /// <summary>The full name of the ref here that a fetch or a push brings to where the branch is there.</summary>
    /// <returns>Null if the configuration tracks another branch only; <c>refs/remotes/…</c> is free then.</returns>
    public string? ConfiguredTrackingRef(GitConfig config)
    {
        foreach (var refspec in config.GetAll($"remote.{Remote}.fetch"))
        {
            var sides = refspec.TrimStart('+').Split(':');
            var star = sides[0].IndexOf('*', StringComparison.Ordinal);
            if (star < 0 ? sides[0] == Ref : IsBetween(sides[0][..star], sides[0][(star + 1)..]))
            {
                return sides.Length < 2 ? null : star < 0 ? sides[1] : sides[1].Replace("*", Ref[star..^(sides[0].Length - star - 1)], StringComparison.Ordinal);
            }
        }

        return null;
    }

    /// <summary>Where our fetches bring the branch, whether the configuration tracks it or not.</summary>
    public string TrackingRef(GitConfig config) => ConfiguredTrackingRef(config) ?? $"refs/remotes/{Remote}/{Branch}";

    /// <summary><c>origin/main</c>.</summary>
    public override string ToString() => $"{Remote}/{Branch}";

    private bool IsBetween(string start, string end) =>
        Ref.Length >= start.Length + end.Length && Ref.StartsWith(start, StringComparison.Ordinal) && Ref.EndsWith(end, StringComparison.Ordinal);
}
