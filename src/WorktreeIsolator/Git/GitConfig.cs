using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Git;

/// <summary>git's configuration for one repository, read once; later values of a key win, as in git.</summary>
internal sealed class GitConfig
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);

    private GitConfig()
    {
    }

    /// <summary>The names of all remotes, in the order in which the configuration names them.</summary>
    public IReadOnlyList<string> Remotes { get; private init; } = [];

    /// <summary>Reads what <c>git config --list -z</c> printed: key, line feed, value, NUL.</summary>
    public static GitConfig Parse(byte[] output)
    {
        var remotes = new List<string>();
        var config = new GitConfig { Remotes = remotes };
        foreach (var entry in ByteText.Decode(output).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var end = entry.IndexOf('\n', StringComparison.Ordinal);
            var key = end < 0 ? entry : entry[..end];
            var value = end < 0 ? "true" : entry[(end + 1)..];
            if (!config._values.TryGetValue(key, out var list))
            {
                config._values[key] = list = [];
            }

            list.Add(value);
            if (key.StartsWith("remote.", StringComparison.Ordinal) && key.EndsWith(".url", StringComparison.Ordinal)
                && key.Length > "remote..url".Length)
            {
                var name = key["remote.".Length..^".url".Length];
                if (!remotes.Contains(name))
                {
                    remotes.Add(name);
                }
            }
        }

        return config;
    }

    /// <summary>The value of a key (section and name in lower case), null if it is not set.</summary>
    public string? Get(string key) => _values.TryGetValue(key, out var list) ? list[^1] : null;

    /// <summary>Whether a key is set to what git takes for true.</summary>
    public bool IsTrue(string key) => Get(key)?.ToLowerInvariant() is "true" or "yes" or "on" or "1";

    /// <summary>All values of a key.</summary>
    public IReadOnlyList<string> GetAll(string key) => _values.TryGetValue(key, out var list) ? list : [];
}
