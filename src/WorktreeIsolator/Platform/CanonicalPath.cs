namespace WorktreeIsolator.Platform;

/// <summary>realpath(3): a path without symlinks, <c>.</c> and <c>..</c>.</summary>
internal static class CanonicalPath
{
    // As many as the Linux kernel follows.
    private const int MostLinks = 40;

    /// <summary>The canonical form of a path; parts that do not exist, cannot be read or turn in a circle stay as they are.</summary>
    /// <param name="path">An absolute path.</param>
    public static string Of(string path)
    {
        var followed = 0;
        var pending = new Stack<string>();
        PushParts(pending, path);
        var result = "/";
        while (pending.TryPop(out var part))
        {
            if (part == "..")
            {
                result = Path.GetDirectoryName(result) ?? "/";
                continue;
            }

            var next = Path.Combine(result, part);
            var target = followed < MostLinks ? AnyFile.LinkTarget(next) : null;
            if (target is null)
            {
                result = next;
                continue;
            }

            followed++;
            if (target.StartsWith('/'))
            {
                result = "/";
            }

            PushParts(pending, target);
        }

        return result;
    }

    /// <summary>Whether a canonical path is another one or lies below it.</summary>
    public static bool IsAtOrBelow(string path, string ancestor) =>
        path == ancestor || ancestor == "/" || (path.StartsWith(ancestor, StringComparison.Ordinal) && path[ancestor.Length] == '/');

    private static void PushParts(Stack<string> pending, string path)
    {
        var parts = path.Split('/');
        for (var i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i].Length > 0 && parts[i] != ".")
            {
                pending.Push(parts[i]);
            }
        }
    }
}
