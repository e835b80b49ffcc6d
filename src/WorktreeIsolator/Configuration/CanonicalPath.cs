namespace WorktreeIsolator.Configuration;

/// <summary>Resolves symlinks, so that two paths to one directory compare equal.</summary>
internal static class CanonicalPath
{
    // As many as the Linux kernel follows.
    private const int MostLinks = 40;

    /// <summary>
    /// The path without symlinks, <c>.</c> and <c>..</c>. What does not exist, cannot be read or turns in a circle stays as it is written.
    /// </summary>
    /// <param name="path">An absolute path.</param>
    public static string Of(string path)
    {
        var links = 0;
        var resolved = "/";
        var rest = new Stack<string>();
        Push(rest, path);
        while (rest.TryPop(out var segment))
        {
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment == "..")
            {
                resolved = Path.GetDirectoryName(resolved) ?? "/";
                continue;
            }

            var next = Path.Combine(resolved, segment);
            var target = links < MostLinks ? Target(next) : null;
            if (target is null)
            {
                resolved = next;
                continue;
            }

            links++;
            if (target.StartsWith('/'))
            {
                resolved = "/";
            }

            Push(rest, target);
        }

        return resolved;
    }

    private static void Push(Stack<string> rest, string path)
    {
        var segments = path.Split('/');
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            rest.Push(segments[i]);
        }
    }

    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
