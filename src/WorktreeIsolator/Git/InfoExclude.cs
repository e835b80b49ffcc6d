using System.Text;

namespace WorktreeIsolator.Git;

/// <summary>The repository's own ignore file, <c>info/exclude</c>, which no commit carries.</summary>
internal static class InfoExclude
{
    /// <summary>Adds the patterns that are not there yet. The caller holds the repository lock.</summary>
    public static void Add(string commonDirectory, IEnumerable<string> patterns)
    {
        var path = Path.Combine(commonDirectory, "info", "exclude");
        var content = File.Exists(path) ? File.ReadAllBytes(path) : [];
        var known = Encoding.UTF8.GetString(content).Split('\n').Select(line => line.TrimEnd('\r')).ToHashSet(StringComparer.Ordinal);
        var missing = patterns.Where(known.Add).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        // Appended to, never rewritten: it is the user's file, in whatever encoding, with whatever owner, perhaps a link to another one.
        var separator = content.Length == 0 || content[^1] == '\n' ? "" : "\n";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.AppendAllText(path, separator + string.Concat(missing.Select(pattern => pattern + "\n")));
    }

    /// <summary>The pattern that means exactly one path, relative to the top, whatever characters it holds.</summary>
    public static string PatternFor(string path)
    {
        var escaped = new StringBuilder("/");
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
