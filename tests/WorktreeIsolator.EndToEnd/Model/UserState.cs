using WorktreeIsolator.EndToEnd.TestSupport;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>All that belongs to the user, as text: nothing that wt-run does may change it, but for landings on <c>main</c>.</summary>
/// <param name="Paths">Files that differ from HEAD, and untracked ones.</param>
/// <param name="Lasting">What is the same at every moment, also while something lands in the checkout.</param>
/// <param name="Status">What is the same whenever nothing is under way: the index, and which files differ.</param>
internal sealed record UserState(IReadOnlyList<string> Paths, string Lasting, string Status)
{
    /// <summary>The state when nothing is under way.</summary>
    public static UserState Of(TestRepository repository)
    {
        var status = repository.Git("status", "--porcelain=v2", "--no-renames", "--untracked-files=all");
        string[] paths = [.. status.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[(line.LastIndexOf(' ') + 1)..])];
        return new UserState(paths, LastingOf(repository, paths), status);
    }

    /// <summary>What these files hold, HEAD, the stash, and every branch and its commit but <c>main</c> and those of runs.</summary>
    public static string LastingOf(TestRepository repository, IReadOnlyList<string> paths)
    {
        var stash = repository[".git/logs/refs/stash"];
        return string.Join(
            "\n",
            [
                "HEAD: " + repository.Read(".git/HEAD").Trim(),
                "stash:",
                File.Exists(stash) ? File.ReadAllText(stash) : "",
                "branches:",
                .. repository.Git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/stash").Split('\n').Where(line =>
                    !line.StartsWith("refs/heads/main ", StringComparison.Ordinal) && !line.StartsWith("refs/heads/wt/", StringComparison.Ordinal)),
                .. paths.Select(path => $"{path}: {(File.Exists(repository[path]) ? repository.Read(path) : "(gone)")}"),
            ]);
    }

    /// <summary>The same after the user has moved a branch from one commit to another.</summary>
    public UserState WithMoved(string branch, string from, string to) =>
        this with { Lasting = Lasting.Replace($"refs/heads/{branch} {from}", $"refs/heads/{branch} {to}", StringComparison.Ordinal) };
}
