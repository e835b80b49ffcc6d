using System.Globalization;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>
/// Whose a repository is. git lets another user in who has it in <c>safe.directory</c>; but what one user writes there the other cannot
/// change, unless the repository is shared (<c>core.sharedRepository</c>), and then work would be left half-done.
/// </summary>
internal static class Ownership
{
    /// <summary>The user it belongs to.</summary>
    public static uint? OwnerOf(Repository repository) => AnyFile.OwnerOf(repository.CommonDirectory);

    /// <summary>Whether git makes what it writes there writable for more than one user.</summary>
    public static bool IsShared(Repository repository)
    {
        var setting = repository.Config.Get("core.sharedrepository")?.ToLowerInvariant();
        return setting is "group" or "true" or "yes" or "on" or "1" or "all" or "world" or "everybody" or "2"
            || (setting is ['0', _, _, ..] && IsWritableForOthers(setting));
    }

    /// <summary>Why nobody but its owner may let runs work there; null if we may.</summary>
    public static WorktreeIsolatorException? WhyRefused(Repository repository)
    {
        const uint Root = 0; // can write everything, and everything of another user's is in its care
        return OwnerOf(repository) is not { } owner || Libc.GetEuid() is var us && (us == owner || us == Root) || IsShared(repository)
            ? null
            : new WorktreeIsolatorException(
                FailureKind.Git,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The repository '{repository.CommonDirectory}' belongs to another user (uid {owner}; this is uid {us}) and is not shared."),
                $"""
                If you are to work in it together, its owner types, with a group that you are both in:
                git -C '{repository.CommonDirectory}' config core.sharedRepository group
                chgrp -R GROUP '{repository.CommonDirectory}' && chmod -R g+rwX '{repository.CommonDirectory}' && find '{repository.CommonDirectory}' -type d -exec chmod g+s {"{}"} +
                """);
    }

    /// <summary>A mode such as 0660.</summary>
    private static bool IsWritableForOthers(string mode) =>
        mode.All(c => c is >= '0' and <= '7') && (Convert.ToInt32(mode, 8) & 0b010_010) != 0;
}
