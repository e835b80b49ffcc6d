using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>All messes by name.</summary>
public static class MessCases
{
    private static readonly Dictionary<string, KindOfMess> ByName =
        new[] { FileMesses.All, CommitMesses.All, UnfinishedMesses.All, RepositoryMesses.All, DamageMesses.All }
            .SelectMany(messes => messes).ToDictionary(mess => mess.Name, StringComparer.Ordinal);

    /// <summary>The names, as xunit wants them.</summary>
    public static TheoryData<string> Names { get; } = [.. ByName.Keys];

    /// <summary>Every third one, for a policy that keeps work as another one does which has them all; in the heavy form all.</summary>
    public static TheoryData<string> EveryThird(int first) => [.. ByName.Keys.Where((_, i) => HeavyTests.AreOn || i % 3 == first)];

    /// <summary>Those that are also made by an engine that fails.</summary>
    public static TheoryData<string> NamesOfFailing { get; } =
    [
        "nothing", "commits and an untracked file", "staged, then edited", "assume-unchanged and edited", "a detached HEAD ahead, with dirt",
        "another branch, with dirt", "dropped by reset, nothing else", "a merge with conflicts", "a rebase with --autostash", "a nested repository",
        "a submodule with a commit that is recorded", "no commit on HEAD, files staged", "an index cut short", "a big file above the limit",
        "a stash", "an orphan branch with a commit", "amended", "its directory deleted",
    ];

    internal static KindOfMess Named(string name) => ByName[name];
}
