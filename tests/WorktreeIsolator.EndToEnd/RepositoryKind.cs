namespace WorktreeIsolator.EndToEnd;

/// <summary>A kind of repository that a person may have, and how a shell makes one.</summary>
/// <param name="Name">In words.</param>
/// <param name="Make">A shell script that makes it; it starts in an empty directory, and may use what <see cref="Prelude"/> defines.</param>
internal sealed record RepositoryKind(string Name, string Make)
{
    /// <summary>What all the scripts may use.</summary>
    public const string Prelude =
        """
        set -e
        export LC_ALL=C
        save() { git add -A; git commit -qm "$1"; }
        repo() { git init -q "$1"; cd "$1"; mkdir -p a/deep b; echo first > README; echo a > a/file; echo d > a/deep/file; echo b > b/file; save First; }
        hook() { mkdir -p "${1%/*}"; printf '#!/bin/sh\n%s\n' "$2" > "$1"; chmod +x "$1"; }

        """;

    /// <summary>The project's path, relative to that directory.</summary>
    public string Project { get; init; } = "repo";

    /// <summary>Keys of the project's configuration.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>What the engine does beside adding a file; it starts in the worktree.</summary>
    public string Engine { get; init; } = "true";

    /// <summary>A shell script that must end with 0 in the project when the run has landed.</summary>
    public string Check { get; init; } = "true";

    /// <summary>Whether the worktree gets its submodules, which git writes into the repository's configuration.</summary>
    public bool HasSubmodules => Keys.Contains("submodules = true");
}
