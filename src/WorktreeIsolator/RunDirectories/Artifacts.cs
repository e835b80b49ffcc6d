using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What was taken of a worktree's ignored files.</summary>
/// <param name="Info">Where it is, for the record; null if there was nothing.</param>
/// <param name="KeepWorktree">Why the worktree must stay, as some of it could not be copied; null if it may go.</param>
internal sealed record TakenArtifacts(ArtifactsInfo? Info, string? KeepWorktree);

/// <summary>
/// Copies the ignored files that a project wants to keep (<c>artifacts</c>) from a run's worktree into the directory of its record: no ref
/// holds what git ignores, so they would go with the worktree. What wt-run placed there itself is none. A link is copied as a link.
/// </summary>
internal sealed class Artifacts(
    RegisteredWorktree worktree, GitCommand git, ProjectConfig project, IReadOnlyList<string> placed, string recordDirectory, Action<string> warn)
{
    private const string Incomplete = "its artifacts could not be copied: ";

    private readonly string _target = Path.Combine(recordDirectory, "artifacts");

    /// <summary>Copies them. Done again, it replaces what an earlier try left.</summary>
    public TakenArtifacts Take()
    {
        if (project.Artifacts.Count == 0)
        {
            return new TakenArtifacts(null, null);
        }

        try
        {
            return TakeAll();
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return NotTaken(null, e.Message);
        }
    }

    /// <summary>Whether the worktree of a run was kept because not all could be copied: then they are all taken again.</summary>
    public static bool AreIncomplete(RunRecord record) => record.Kept?.Reason.StartsWith(Incomplete, StringComparison.Ordinal) == true;

    private TakenArtifacts TakeAll()
    {
        var listed = List();
        var ours = placed.ToHashSet(StringComparer.Ordinal);
        var files = 0;
        var bytes = 0L;
        string? why = listed.Error.Contains("could not open directory", StringComparison.Ordinal) ? listed.Error.Trim() : null;
        foreach (var name in listed.Fields)
        {
            if (name.EndsWith('/'))
            {
                // git looks no further into a repository of its own, and names it whether a pattern matches anything in it or not.
                why ??= IsAskedFor(name) ? $"'{name}' is a repository of its own" : null;
            }
            else if (!ours.Contains(name))
            {
                bytes += AnyFile.Copy(Path.Combine(worktree.Path, name), Path.Combine(_target, name));
                files++;
            }
        }

        var info = files == 0 ? null : new ArtifactsInfo(_target, files, bytes);
        return why is null ? new TakenArtifacts(info, null) : NotTaken(info, why);
    }

    private GitResult List() => git.At(worktree.Path).ReadOnly()
        .Configured("core.fsmonitor", "false").Configured("core.untrackedCache", "false").WithTimeout(GitCommand.ContentTimeout)
        .Run(["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", .. project.Artifacts.Select(pattern => $":(top,glob){pattern}")]);

    /// <summary>Whether a pattern means everything in a directory: it is the directory's name, or that of one above it, with or without <c>/**</c>.</summary>
    private bool IsAskedFor(string directory) => project.Artifacts.Any(pattern =>
    {
        var whole = (pattern.EndsWith("/**", StringComparison.Ordinal) ? pattern[..^2] : pattern.TrimEnd('/') + "/");
        return whole.AsSpan().IndexOfAny("*?[\\") < 0 && directory.StartsWith(whole, StringComparison.Ordinal);
    });

    private TakenArtifacts NotTaken(ArtifactsInfo? info, string why)
    {
        var taken = info is null ? "" : string.Create(CultureInfo.InvariantCulture, $" ({info.Files} files were)");
        warn($"Not all artifacts could be copied{taken}: {why}");
        return new TakenArtifacts(info, $"{Incomplete}{why}");
    }
}
