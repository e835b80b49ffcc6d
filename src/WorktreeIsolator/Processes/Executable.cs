using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Processes;

/// <summary>Finds the file that a command name stands for, as execvp(3) would.</summary>
internal static class Executable
{
    private const int ExecutePermission = 1;

    /// <summary>The path to execute: absolute, or relative to <paramref name="workingDirectory"/> if the name holds a slash.</summary>
    /// <exception cref="WorktreeIsolatorException">Not found, or found but not executable.</exception>
    public static string Resolve(string name, string workingDirectory, IReadOnlyDictionary<string, string> environment)
    {
        if (name.Length == 0)
        {
            throw new WorktreeIsolatorException(FailureKind.EngineNotFound, "The command is an empty string.");
        }

        if (name.Contains('/', StringComparison.Ordinal))
        {
            var path = Path.Combine(workingDirectory, name);
            return File.Exists(path) ? RequireExecutable(path) : throw NotFound(name, $"there is no file '{path}'");
        }

        var search = environment.GetValueOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
        string? found = null;
        foreach (var directory in search.Split(':'))
        {
            var candidate = Path.Combine(workingDirectory, directory, name);
            if (!File.Exists(candidate))
            {
                continue;
            }

            if (IsExecutable(candidate))
            {
                return candidate;
            }

            found ??= candidate;
        }

        return found is null ? throw NotFound(name, "it is in no directory of PATH") : RequireExecutable(found);
    }

    private static bool IsExecutable(string path) => Libc.Access(path, ExecutePermission) == 0;

    private static string RequireExecutable(string path) => IsExecutable(path)
        ? path
        : throw new WorktreeIsolatorException(
            FailureKind.EngineNotExecutable, $"'{path}' may not be executed: it lacks the permission.", $"chmod +x {ShellWords.Quoted(path)}");

    private static WorktreeIsolatorException NotFound(string name, string why) => new(
        FailureKind.EngineNotFound, $"The command '{name}' was not found: {why}.", "Check the spelling and PATH, or give an absolute path.");
}
