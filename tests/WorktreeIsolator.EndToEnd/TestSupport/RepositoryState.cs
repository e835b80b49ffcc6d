using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>What a run may leave behind in a repository, as text, so that two states can be compared and the difference read.</summary>
internal static class RepositoryState
{
    /// <summary>
    /// Refs with their commits, HEAD, registered worktrees, admin directories, directories of worktrees, what the checkout shows, and the
    /// repository's configuration. Trash that is still being deleted does not count.
    /// </summary>
    public static string Of(TestRepository repository) => string.Join(
        "\n",
        [
            "refs:",
            repository.Git("for-each-ref", "--format=%(refname) %(objectname)"),
            "HEAD: " + repository.TryGit("rev-parse", "--symbolic-full-name", "HEAD").Output,
            "worktrees:",
            repository.Git("worktree", "list", "--porcelain"),
            "admin directories: " + string.Join(' ', Names(repository[".git/worktrees"])),
            "directories: " + string.Join(' ', Names(repository[".worktrees"]).Where(name => name != ".trash")),
            "status:",
            repository.Status,
            "configuration:",
            File.ReadAllText(repository[".git/config"]),
        ]);

    /// <summary>Names of what a directory holds, sorted; nothing if there is none.</summary>
    public static IReadOnlyList<string> Names(string directory) => Directory.Exists(directory)
        ? [.. Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];
}

/// <summary>What tests ask of a project again and again.</summary>
internal static class ProjectSteps
{
    /// <summary>Makes the repository a configured project: commits <c>wt-run.toml</c> with these keys, and pushes it if there is a remote.</summary>
    public static TestRepository Configure(this TestRepository repository, params IReadOnlyList<string> keys)
    {
        repository.Commit("wt-run.toml", $"[projects.repo]\npath = \".\"\n{string.Concat(keys.Select(key => key + "\n"))}");
        if (repository.Git("remote").Length > 0)
        {
            repository.Git("push", "--quiet");
        }

        return repository;
    }

    /// <summary>Runs a shell script in a worktree of its own.</summary>
    public static Finished RunInWorktree(this TestRepository repository, string script, params IReadOnlyList<string> options) =>
        repository.WtRun.Run(["run", "--worktree", "--json", .. options, "--", "sh", "-c", script]);

    /// <summary>Runs a shell script in a session.</summary>
    public static Finished RunInSession(this TestRepository repository, string session, string script, params IReadOnlyList<string> options) =>
        repository.WtRun.Run(["run", "--session", session, "--json", .. options, "--", "sh", "-c", script]);

    /// <summary>The events of a run that are called so, in words, in order.</summary>
    public static IReadOnlyList<string> Events(this RunRecord record, string name) =>
    [
        .. File.ReadLines(Path.Combine(Path.GetDirectoryName(record.Log)!, "events.jsonl"))
            .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!)
            .Where(line => line["event"]!.GetValue<string>() == name)
            .Select(line => line["detail"]!.GetValue<string>()),
    ];

    /// <summary>What wt-run told as a warning during a run.</summary>
    public static IReadOnlyList<string> Warnings(this RunRecord record) => record.Events("warning");

    /// <summary>What the run's commands wrote into its log.</summary>
    public static string LogText(this RunRecord record) => File.ReadAllText(record.Log!);
}
