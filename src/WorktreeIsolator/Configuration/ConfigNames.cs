using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Configuration;

/// <summary>Judges names, patterns and references in the file. Each check gives a clause that follows the value, or null.</summary>
internal static class ConfigNames
{
    private const int LongestName = 64;

    /// <summary>Names of projects, engines and triggers: they stand in file names, on command lines and in addresses.</summary>
    public static string? CheckName(string name)
    {
        var right = name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0]);
        foreach (var c in name)
        {
            right = right && (char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        }

        return right
            ? null
            : $"is not a name; allowed are up to {LongestName} letters, digits, '.', '_' and '-', beginning with a letter or a digit";
    }

    /// <summary>Names of refs, branches and remotes; what git itself allows beyond this is for git to say.</summary>
    public static string? CheckGitName(string name)
    {
        if (name.StartsWith('-'))
        {
            return "begins with '-'; git would take it for an option";
        }

        foreach (var c in name)
        {
            if (c <= ' ' || c == '\u007F')
            {
                return "holds a blank or a control character, which no name in git has";
            }
        }

        return null;
    }

    /// <summary>Names of environment variables. The message never quotes one: it may be a secret in the wrong place.</summary>
    public static string? CheckVariable(string name)
    {
        var right = name.Length > 0 && !char.IsAsciiDigit(name[0]);
        foreach (var c in name)
        {
            right = right && (char.IsAsciiLetterOrDigit(c) || c == '_');
        }

        return right ? null : "is not the name of an environment variable; allowed are letters, digits and '_', not beginning with a digit";
    }

    /// <summary>Patterns of paths inside a working tree.</summary>
    public static string? CheckPattern(string pattern)
    {
        if (pattern.StartsWith('/') || pattern == "~" || pattern.StartsWith("~/", StringComparison.Ordinal))
        {
            return "is an absolute path; patterns are relative to the top of the worktree";
        }

        foreach (var segment in pattern.Split('/'))
        {
            if (segment is "..")
            {
                return "leaves the worktree; '..' is not allowed in a pattern";
            }

            if (segment.Equals(".git", StringComparison.OrdinalIgnoreCase))
            {
                return "reaches into '.git', which belongs to git alone";
            }
        }

        return null;
    }

    /// <summary>Names of processes as the system shows them: no path.</summary>
    public static string? CheckProcess(string name) =>
        name.Contains('/', StringComparison.Ordinal) ? "is a path; the name of a process has no '/'" : null;

    /// <summary>
    /// What is wrong with <c>worktrees_dir</c> as it stands, before anyone looks at a file system: it must not be the repository, an
    /// ancestor of it or inside <c>.git</c>.
    /// </summary>
    /// <param name="directory">The value, <c>~</c> expanded.</param>
    /// <param name="projectPath">The project's absolute path, if it is known.</param>
    public static string? CheckWorktreesDir(string directory, string? projectPath)
    {
        var depth = 0;
        var left = 0;
        foreach (var segment in directory.Split('/'))
        {
            switch (segment)
            {
                case "" or ".":
                    break;
                case "..":
                    depth--;
                    left = Math.Min(left, depth);
                    break;
                default:
                    depth++;
                    break;
            }

            if (segment.Equals(".git", StringComparison.OrdinalIgnoreCase))
            {
                return "lies inside '.git', which belongs to git alone";
            }
        }

        if (!directory.StartsWith('/'))
        {
            return depth > left ? null : depth == 0 ? "is the repository itself" : "is an ancestor of the repository";
        }

        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        return path == "/" || (projectPath is not null && CanonicalPath.IsAtOrBelow(projectPath, path))
            ? "is the project's directory or an ancestor of it"
            : null;
    }
}
