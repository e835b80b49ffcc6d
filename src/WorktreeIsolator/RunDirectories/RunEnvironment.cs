using WorktreeIsolator.Git;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The environment of everything that runs for a run: the caller's, without what is git's and what is secret, with what names the run.</summary>
internal static class RunEnvironment
{
    /// <summary>Makes it.</summary>
    /// <param name="caller">The caller's variables.</param>
    /// <param name="secrets">Names of variables that hold secrets of triggers; no engine sees them.</param>
    /// <param name="record">The run.</param>
    /// <param name="identity">Author and committer, where git would find none.</param>
    public static Dictionary<string, string> Make(
        IReadOnlyDictionary<string, string> caller,
        IEnumerable<string> secrets,
        RunRecord record,
        IReadOnlyDictionary<string, string> identity)
    {
        var variables = GitCommand.Scrub(caller);
        foreach (var name in secrets)
        {
            variables.Remove(name);
        }

        foreach (var (name, value) in identity)
        {
            variables[name] = value;
        }

        variables["WT_RUN_PARENTS"] = string.Join(',', Parents(caller));
        variables["WT_RUN_ID"] = record.Id;
        variables["WT_RUN_PROJECT"] = record.Project;
        variables["WT_RUN_TRIGGER"] = (record.Trigger with { Id = null }).ToString();
        variables["WT_RUN_TRIGGER_ID"] = record.Trigger.Id ?? "";
        variables["WT_RUN_SESSION"] = record.Session ?? "";
        variables["WT_RUN_WORKTREE"] = "";
        variables["WT_RUN_BRANCH"] = "";
        variables["WT_RUN_BASE"] = "";
        return variables;
    }

    /// <summary>The runs inside which we were started, outermost first.</summary>
    public static IReadOnlyList<string> Parents(IReadOnlyDictionary<string, string> caller) =>
    [
        .. new[] { caller.GetValueOrDefault("WT_RUN_PARENTS", ""), caller.GetValueOrDefault("WT_RUN_ID", "") }
            .SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries)),
    ];
}
