namespace WorktreeIsolator.Git;

/// <summary>Who makes commits where git itself knows nobody: without it the first commit in a cron job fails.</summary>
internal static class Identity
{
    /// <summary>The name that commits get then.</summary>
    public const string FallbackName = "wt-run";

    /// <summary>The address that commits get then; .invalid can belong to nobody (RFC 2606).</summary>
    public const string FallbackEmail = "wt-run@localhost.invalid";

    /// <summary>Variables that give commits an author, if git would find none; else none.</summary>
    public static IReadOnlyDictionary<string, string> FallbackVariables(Repository repository)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var role in new[] { "AUTHOR", "COMMITTER" })
        {
            if (!IsKnown(repository, role))
            {
                variables[$"GIT_{role}_NAME"] = FallbackName;
                variables[$"GIT_{role}_EMAIL"] = FallbackEmail;
            }
        }

        return variables;
    }

    private static bool IsKnown(Repository repository, string role)
    {
        var section = role == "AUTHOR" ? "author" : "committer";
        var name = repository.Git.Environment.ContainsKey($"GIT_{role}_NAME")
            || repository.Config.Get($"{section}.name") is not null || repository.Config.Get("user.name") is not null;
        var email = repository.Git.Environment.ContainsKey($"GIT_{role}_EMAIL") || repository.Git.Environment.ContainsKey("EMAIL")
            || repository.Config.Get($"{section}.email") is not null || repository.Config.Get("user.email") is not null;

        // What is not configured git may still find in the password file and the host's name; it fails if it cannot.
        return (name && email) || repository.Git.ReadOnly().Try(["var", $"GIT_{role}_IDENT"]).Succeeded;
    }
}
