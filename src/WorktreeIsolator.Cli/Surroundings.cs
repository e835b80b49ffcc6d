using System.Collections;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli;

/// <summary>Where and by whom the program was called; read once, here at the edge, and handed down as values.</summary>
internal sealed class Surroundings
{
    private Surroundings(Dictionary<string, string> environment, string currentDirectory)
    {
        Environment = environment;
        CurrentDirectory = currentDirectory;
    }

    /// <summary>The variables of this process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>Absolute path.</summary>
    public string CurrentDirectory { get; }

    /// <summary>Absolute path; <c>/</c> if there is none.</summary>
    public string HomeDirectory => Environment.GetValueOrDefault("HOME") is { Length: > 0 } home ? home : "/";

    /// <summary>The nearest directory, here or above, that git takes for the top of a working tree, or for a bare repository; null if there is none.</summary>
    public string? RepositoryTop
    {
        get
        {
            for (var directory = CurrentDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            {
                var git = Path.Combine(directory, ".git");
                if (Directory.Exists(git) || File.Exists(git) || IsBareRepository(directory))
                {
                    return directory;
                }
            }

            return null;
        }
    }

    /// <summary>
    /// Whether the current directory lies in a worktree that wt-run made for a run: git's own file names its admin directory, which has the
    /// run's id for a name.
    /// </summary>
    public bool IsInRunWorktree =>
        RepositoryTop is { } top && Path.Combine(top, ".git") is var git && File.Exists(git)
        && RunId.TryParse(Path.GetFileName(File.ReadAllText(git).Trim())) is not null;

    /// <summary>What git itself looks for; a directory <c>.git</c> looks the same and belongs to the working tree above it.</summary>
    private static bool IsBareRepository(string directory) =>
        File.Exists(Path.Combine(directory, "HEAD")) && Directory.Exists(Path.Combine(directory, "objects"))
        && Directory.Exists(Path.Combine(directory, "refs")) && Path.GetFileName(directory) != ".git";

    /// <summary>Reads what is real.</summary>
    /// <exception cref="WorktreeIsolatorException">The current directory was deleted, or has a name that is not UTF-8.</exception>
    public static Surroundings Read()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            environment[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        try
        {
            var current = Directory.GetCurrentDirectory();
            return current.Contains('\uFFFD', StringComparison.Ordinal) && !Directory.Exists(current)
                ? throw new WorktreeIsolatorException(
                    FailureKind.System, $"The name of the current directory is not UTF-8: '{current}'.", "wt-run works in any directory that is called by UTF-8 names; names below it may be any.")
                : new Surroundings(environment, current);
        }
        catch (IOException e)
        {
            throw new WorktreeIsolatorException(FailureKind.System, "The current directory does not exist any more.", "Change to one that does.", e);
        }
    }
}
