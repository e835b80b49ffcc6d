using System.Globalization;
using System.Text;
using WorktreeIsolator.Configuration.Toml;

namespace WorktreeIsolator.Configuration;

/// <summary>What the reading of one file has found so far, and what paths in it are relative to.</summary>
internal sealed class ConfigReading(string file, string homeDirectory)
{
    private readonly List<ConfigMistake> _mistakes = [];
    private readonly List<ConfigMistake> _warnings = [];

    public ConfigPosition? FirstSecret { get; private set; }

    public void Mistake(TomlPosition position, string message) => _mistakes.Add(At(position, message));

    public void Warning(TomlPosition position, string message) => _warnings.Add(At(position, message));

    /// <summary>What is wrong or doubtful at a place. Control characters that a key or a value brings in become visible.</summary>
    public ConfigMistake At(TomlPosition position, string message) => new(file, position.Line, position.Column, Visible(message));

    /// <summary>All warnings, in the order of the file.</summary>
    public IReadOnlyList<ConfigMistake> Warnings()
    {
        Sort(_warnings);
        return _warnings;
    }

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

        Sort(_mistakes);
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

    private static void Sort(List<ConfigMistake> list) =>
        list.Sort(static (a, b) => a.Line != b.Line ? a.Line.CompareTo(b.Line) : a.Column.CompareTo(b.Column));

    private static string Visible(string message)
    {
        StringBuilder? visible = null;
        for (var i = 0; i < message.Length; i++)
        {
            if (char.IsControl(message[i]))
            {
                visible ??= new StringBuilder(message, 0, i, message.Length + 16);
                visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)message[i]:X4}");
            }
            else
            {
                visible?.Append(message[i]);
            }
        }

        return visible?.ToString() ?? message;
    }
}
