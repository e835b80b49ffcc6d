using System.Text.Json.Nodes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>What engines do, as lines for a shell.</summary>
internal static class EngineScript
{
    /// <summary>Writes a file and commits it.</summary>
    public static string Commit(string file, string text = "work") => $"echo '{text}' > '{file}'; git add '{file}'; git commit -qm 'Change {file}'";

    /// <summary>Commits in the user's checkout, as a person who works there meanwhile; no hook and no signature of theirs is in the way.</summary>
    public static string CommitInCheckout(TestRepository repository, string file, string text = "theirs") =>
        $"(cd '{repository.Path}' && echo '{text}' > '{file}' && git add '{file}' && "
        + $"git -c commit.gpgSign=false -c core.hooksPath=/dev/null commit -qm 'Move on with {file}' -- '{file}')";

    /// <summary>
    /// Does something while wt-run, which is the parent of the shell, stands still: however slow the machine is, no time limit ends the shell before it is
    /// done. The limit has to be long enough for a shell to get this far.
    /// </summary>
    public static string InOneGo(string script) => $"kill -STOP $PPID; {script}; kill -CONT $PPID";

    /// <summary>Notes the commit that is checked out, for <see cref="LandingSteps.AssertNothingIsLost"/>.</summary>
    public static string NoteCommit(Scratch scratch) => $"git rev-parse HEAD >> '{scratch.Path("commits")}'";
}

/// <summary>What tests of landing do again and again.</summary>
internal static class LandingSteps
{
    public static Finished Land(this TestRepository repository, RunRecord record) => repository.WtRun.Run("land", record.Id, "--json");

    public static RunRecord Show(this TestRepository repository, string id) => repository.WtRun.Run("show", id, "--json").Expect(0).Record;

    /// <summary>What <c>prune</c> took and left, each as <c>took KIND NAME: REASON</c>.</summary>
    public static IReadOnlyList<string> Prune(this TestRepository repository, params IReadOnlyList<string> options) =>
    [
        .. repository.WtRun.Run(["prune", "--json", .. options]).Expect(0).Json.AsArray().OfType<JsonNode>().Select(
            item => $"{(item["taken"]!.GetValue<bool>() ? "took" : "left")} {item["kind"]} {item["name"]}: {item["reason"]}"),
    ];

    /// <summary>All records of the repository.</summary>
    public static IReadOnlyList<RunRecord> Runs(this TestRepository repository) => repository.WtRun.Run("list", "--json").Expect(0).Records;

    /// <summary>Resolves a conflict in the checkout and ends the merge.</summary>
    public static void Resolve(this TestRepository repository, string file, string text)
    {
        repository.Write(file, text);
        repository.Git("commit", "--quiet", "--all", "--no-edit");
    }

    /// <summary>Parents of a commit, in order.</summary>
    public static string[] Parents(this TestRepository repository, string commit) =>
        repository.Git("log", "-1", "--format=%P", commit).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether some ref reaches a commit.</summary>
    public static bool IsHeldByARef(this TestRepository repository, string commit) =>
        repository.Git("for-each-ref", "--count=1", "--contains", commit, "--format=%(refname)").Length > 0;

    /// <summary>After a garbage collection every commit that the engine noted is still there: under a ref, or in a worktree that is.</summary>
    public static void AssertNothingIsLost(this TestRepository repository, Scratch scratch, RunRecord record)
    {
        var isKept = record.Kept is not null && Directory.Exists(record.Worktree) && repository.Worktrees.Contains(record.Worktree);
        if (!isKept)
        {
            repository.Git("reflog", "expire", "--all", "--expire=now");
        }

        repository.Git("gc", "--quiet", "--prune=now");
        foreach (var commit in File.ReadAllLines(scratch.Path("commits")))
        {
            repository.Git("cat-file", "-e", commit);
            if (!isKept && !repository.IsHeldByARef(commit))
            {
                throw new InvalidOperationException($"No ref holds {commit}, and the worktree is gone.\n{RepositoryState.Of(repository)}");
            }
        }
    }

    /// <summary>Waits until a run has begun a step whose name holds these words.</summary>
    public static void AwaitStep(this TestRepository repository, string words) => Eventually.True(
        () => Directory.Exists(repository[".git/wt-run/runs"])
            && Directory.EnumerateFiles(repository[".git/wt-run/runs"], "events.jsonl", SearchOption.AllDirectories)
                .Any(file => File.ReadAllText(file).Contains(words, StringComparison.Ordinal)),
        $"a run says '{words}'");
}
