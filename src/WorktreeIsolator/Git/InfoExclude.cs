using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>The repository's own ignore file, <c>info/exclude</c>, which no commit carries.</summary>
internal static class InfoExclude
{
    /// <summary>Adds the patterns that are not there yet. The caller holds the repository lock.</summary>
    public static void Add(string commonDirectory, IEnumerable<string> patterns)
    {
        var path = Path.Combine(commonDirectory, "info", "exclude");
        var text = File.Exists(path) ? File.ReadAllText(path) : "";
        var known = text.Split('\n').Select(line => line.TrimEnd('\r')).ToHashSet(StringComparer.Ordinal);
        var missing = patterns.Where(known.Add).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var separator = text.Length == 0 || text.EndsWith('\n') ? "" : "\n";
        var addition = separator + string.Join("", missing.Select(pattern => pattern + "\n"));
        var mode = File.Exists(path) ? File.GetUnixFileMode(path) : (UnixFileMode?)null;
        DurableFile.Replace(path, System.Text.Encoding.UTF8.GetBytes(text + addition), sync: false);
        if (mode is { } m)
        {
            File.SetUnixFileMode(path, m);
        }
    }

    /// <summary>The pattern that means exactly one path, relative to the top, whatever characters it holds.</summary>
    public static string PatternFor(string path)
    {
        var escaped = new System.Text.StringBuilder("/");
        foreach (var c in path)
        {
            if (c is '*' or '?' or '[' or '\\' or ' ' or '!' or '#')
            {
                escaped.Append('\\');
            }

            escaped.Append(c);
        }

        return escaped.ToString();
    }
}
