using WorktreeIsolator.Configuration;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Engines;

/// <summary>What is wrong with the file that an engine's <c>lock</c> names.</summary>
/// <param name="MayCome">Whether it may be right by the time that a run needs it: a directory may be mounted, or made.</param>
/// <param name="Problem">What it is, as the end of <c>'lock' in [engines.NAME] …</c>.</param>
public sealed record UnfitLock(bool MayCome, string Problem);

/// <summary>Looks whether the file that an engine's <c>lock</c> names can be locked, and is not one of wt-run's own, for which runs would wait in vain.</summary>
public static class EngineLock
{
    /// <summary>Where the configuration says which file it is, as compilers write it: <c>file:line:column</c>.</summary>
    /// <param name="configurationFile">Absolute path; null if there is none.</param>
    /// <param name="position">Where in it; null if that is not known.</param>
    /// <param name="engine">The engine.</param>
    public static string Where(string? configurationFile, ConfigPosition? position, string? engine) =>
        configurationFile is not null && position is { } at ? $"{configurationFile}:{at.Line}:{at.Column}" : $"[engines.{engine}]";

    /// <summary>The problem as a sentence.</summary>
    public static string Sentence(UnfitLock unfit, string? engine) => $"'lock' in [engines.{engine}] {unfit.Problem}";

    /// <summary>Looks; nothing is made or locked.</summary>
    /// <param name="file">Absolute path.</param>
    /// <param name="ownDirectories">Where wt-run keeps its state: of the projects, and of this user.</param>
    /// <returns>Null if it will do.</returns>
    public static UnfitLock? WhyUnfit(string file, IEnumerable<string> ownDirectories)
    {
        if (Directory.Exists(file))
        {
            return new(false, $"is '{file}', a directory; name a file, which need not be there");
        }

        var path = CanonicalPath.Of(file);
        if (ownDirectories.FirstOrDefault(own => path.StartsWith(CanonicalPath.Of(own) + '/', StringComparison.Ordinal)) is { } taken)
        {
            return new(false, $"is '{file}', among the files of wt-run's own in '{taken}'; name one elsewhere");
        }

        var directory = Path.GetDirectoryName(path)!;
        return Directory.Exists(directory) ? null
            : File.Exists(directory) ? new(false, $"is '{file}', but '{directory}' is no directory")
            : new(true, $"is '{file}', but the directory '{directory}' does not exist; it has to by the time that a run starts");
    }
}
