using System.Globalization;

namespace WorktreeIsolator.Git;

/// <summary>git's version and the oldest one that will do.</summary>
internal static class GitVersion
{
    /// <summary><c>merge-tree --write-tree</c> came with git 2.38.</summary>
    private static readonly Version Minimum = new(2, 38);

    /// <summary>Refuses a git that is too old.</summary>
    /// <param name="output">What <c>git version</c> printed, like <c>git version 2.39.5 (Apple Git-154)</c>.</param>
    public static void Require(string output)
    {
        var numbers = output.Split(' ').ElementAtOrDefault(2)?.Split('.') ?? [];
        if (numbers.Length < 2 || !TryNumber(numbers[0], out var major) || !TryNumber(numbers[1], out var minor))
        {
            throw new WorktreeIsolatorException(FailureKind.Git, $"'git version' printed '{output}', which names no version.");
        }

        if (new Version(major, minor) < Minimum)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Git,
                $"git {string.Join('.', numbers)} is too old: wt-run needs git {Minimum} or newer.",
                "Install a newer git, or put it first in PATH.");
        }
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
