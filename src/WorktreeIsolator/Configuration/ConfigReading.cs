using WorktreeIsolator.Configuration.Toml;

namespace WorktreeIsolator.Configuration;

/// <summary>What the reading of one file has found so far, and what paths in it are relative to.</summary>
internal sealed class ConfigReading(string file, string homeDirectory)
{
    private readonly List<ConfigMistake> _mistakes = [];
    private readonly List<ConfigMistake> _warnings = [];

    public ConfigPosition? FirstSecret { get; private set; }

    public IReadOnlyList<ConfigMistake> Warnings => _warnings;

    public void Mistake(TomlPosition position, string message) =>
        _mistakes.Add(new ConfigMistake(file, position.Line, position.Column, message));

    public void Warning(TomlPosition position, string message) =>
        _warnings.Add(new ConfigMistake(file, position.Line, position.Column, message));

    public void Secret(TomlPosition position)
    {
        if (FirstSecret is not { } first || position.Line < first.Line)
        {
            FirstSecret = new ConfigPosition(position.Line, position.Column);
        }
    }

    /// <summary>Refuses the file with all mistakes found, in the order of the file.</summary>
    public void ThrowIfWrong()
    {
        if (_mistakes.Count == 0)
        {
            return;
        }

        _mistakes.Sort(static (a, b) => a.Line != b.Line ? a.Line.CompareTo(b.Line) : a.Column.CompareTo(b.Column));
        throw new ConfigException(_mistakes);
    }

    /// <summary>The home directory for <c>~</c> at the beginning; null for another user's, which is not looked up.</summary>
    public string? ExpandHome(string path)
    {
        if (!path.StartsWith('~'))
        {
            return path;
        }

        if (path.Length == 1)
        {
            return homeDirectory;
        }

        return path[1] == '/' ? Path.Combine(homeDirectory, path.AsSpan(2).TrimStart('/').ToString()) : null;
    }

    /// <summary>The absolute path of a path in the file: <c>~</c> is the home directory, else it is relative to the file.</summary>
    public string? AbsolutePath(ConfigTable table, string key)
    {
        if (table.Text(key) is not { } written)
        {
            return null;
        }

        if (ExpandHome(written) is not { } expanded)
        {
            table.Wrong(key, $"is '{written}'; only '~/' stands for a home directory, your own");
            return null;
        }

        var path = Path.GetFullPath(expanded, Path.GetDirectoryName(file)!);
        return path.Length > 1 ? Path.TrimEndingDirectorySeparator(path) : path;
    }
}
