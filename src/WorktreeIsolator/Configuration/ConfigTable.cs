using WorktreeIsolator.Configuration.Toml;

namespace WorktreeIsolator.Configuration;

/// <summary>
/// One table of the file while it is read. Every value is asked for by its key; what is wrong becomes a mistake and reads as null,
/// so that all mistakes are found at once. <see cref="RefuseUnknown"/> ends the reading.
/// </summary>
internal sealed class ConfigTable(ConfigReading reading, TomlTable table, string name)
{
    private readonly List<string> _known = [];

    /// <summary>How messages call the table: <c>[projects.scout]</c>.</summary>
    public string Name { get; } = name;

    public TomlPosition Position => table.Position;

    /// <summary>Whether the key is there, right or wrong.</summary>
    public bool Has(string key) => table.TryGet(key, out _);

    /// <summary>Whether the key holds an array without entries.</summary>
    public bool IsEmptyArray(string key) => table.TryGet(key, out var entry) && entry.Value is TomlArray { Items.Count: 0 };

    /// <summary>A string that is not empty and holds no NUL character.</summary>
    public string? Text(string key, bool allowEmpty = false)
    {
        if (Value<TomlString>(key, "a string") is not { } text)
        {
            return null;
        }

        return CheckText(text, $"'{key}' {Place}", allowEmpty) ? text.Value : null;
    }

    public bool? Flag(string key) => Value<TomlBoolean>(key, "true or false")?.Value;

    public int? Integer(string key, int least, int most = int.MaxValue) => (int?)Long(key, least, most);

    /// <summary>An amount of bytes, at least 1.</summary>
    public long? Bytes(string key)
    {
        if (Find(key) is { Value: TomlString text })
        {
            if (ByteSize.TryParse(text.Value, out var bytes) && bytes > 0)
            {
                return bytes;
            }

            reading.Mistake(text.Position, $"'{key}' {Place} is {Shown(key, text)}; {ByteSize.Allowed}");
            return null;
        }

        return Long(key, 1, long.MaxValue, $"an amount of bytes: {ByteSize.Allowed}");
    }

    /// <summary>A duration; zero only where it means something.</summary>
    public TimeSpan? Length(string key, bool allowZero = false)
    {
        if (Value<TomlString>(key, $"a duration in quotes: {Duration.Allowed}") is not { } text)
        {
            return null;
        }

        if (!Duration.TryParse(text.Value, out var duration, out var problem))
        {
            reading.Mistake(text.Position, $"'{key}' {Place} is {Shown(key, text)}: {problem}");
            return null;
        }

        if (duration == TimeSpan.Zero && !allowZero)
        {
            reading.Mistake(text.Position, $"'{key}' {Place} is {Shown(key, text)}; it must be more than zero");
            return null;
        }

        return duration;
    }

    public T? Choice<T>(string key, ConfigChoice<T> choice)
        where T : struct, Enum
    {
        if (Value<TomlString>(key, $"one of {Suggestion.Quoted(choice.Words)}") is not { } text)
        {
            return null;
        }

        if (choice.TryParse(text.Value, out var value))
        {
            return value;
        }

        reading.Mistake(text.Position, $"'{key}' {Place} is {Shown(key, text)}{Suggestion.Tail(text.Value, choice.Words)}");
        return null;
    }

    /// <summary>An array of strings; <paramref name="check"/> says what is wrong with one of them.</summary>
    public IReadOnlyList<string>? Texts(string key, Func<string, string?>? check = null, bool allowEmpty = false)
    {
        if (Value<TomlArray>(key, "an array of strings") is not { } array)
        {
            return null;
        }

        var texts = new List<string>(array.Items.Count);
        foreach (var item in array.Items)
        {
            if (item is not TomlString text)
            {
                reading.Mistake(item.Position, $"'{key}' {Place} must hold strings only, not {Shown(key, item)}");
            }
            else if (!CheckText(text, $"an entry of '{key}' {Place}", allowEmpty))
            {
                continue;
            }
            else if (check?.Invoke(text.Value) is { } problem)
            {
                reading.Mistake(text.Position, $"{Shown(key, text)} in '{key}' {Place} {problem}");
            }
            else
            {
                texts.Add(text.Value);
            }
        }

        return texts;
    }

    /// <summary>A program and its arguments.</summary>
    public IReadOnlyList<string>? Command(string key, bool required)
    {
        if (Find(key) is { Value: TomlString text })
        {
            reading.Mistake(
                text.Position,
                $"'{key}' {Place} must be an array of the program and its arguments, such as [\"npm\", \"ci\"], not a string; no shell reads it");
            return null;
        }

        if (Texts(key, allowEmpty: true) is not { } command)
        {
            return null;
        }

        if (command.Count == 0 ? required : command[0].Length == 0)
        {
            reading.Mistake(
                PositionOf(key), $"'{key}' {Place} names no program; its first entry must be one, such as [\"npm\", \"ci\"]");
            return null;
        }

        return command;
    }

    /// <summary>A table below this one.</summary>
    public ConfigTable? Table(string key, string name) =>
        Value<TomlTable>(key, "a table") is { } inner ? new ConfigTable(reading, inner, name) : null;

    /// <summary>The tables of an array of tables.</summary>
    public IEnumerable<ConfigTable> Tables(string key, string name)
    {
        if (Value<TomlArray>(key, $"an array of tables, each with the header {name}") is not { } array)
        {
            yield break;
        }

        foreach (var item in array.Items)
        {
            if (item is TomlTable inner)
            {
                yield return new ConfigTable(reading, inner, name);
            }
            else
            {
                reading.Mistake(item.Position, $"'{key}' must hold tables only, each with the header {name}, not {item.Kind}");
            }
        }
    }

    /// <summary>All entries, for tables whose keys are names.</summary>
    public IReadOnlyList<TomlEntry> Entries()
    {
        foreach (var entry in table.Entries)
        {
            _known.Add(entry.Key);
        }

        return table.Entries;
    }

    public ConfigTable? AsTable(TomlValue value, string name)
    {
        if (value is TomlTable inner)
        {
            return new ConfigTable(reading, inner, name);
        }

        reading.Mistake(value.Position, $"{name} must be a table, not {value.Kind}");
        return null;
    }

    /// <summary>Says that a key must be there.</summary>
    public void Missing(string key, string allowed) =>
        reading.Mistake(Position, $"'{key}' is missing {Place}; {allowed}");

    /// <summary>Says what is wrong with the table as a whole.</summary>
    public void Mistake(string message) => reading.Mistake(Position, message);

    /// <summary>Says what is wrong with the value of a key that is there.</summary>
    public void Wrong(string key, string problem) => reading.Mistake(PositionOf(key), $"'{key}' {Place} {problem}");

    /// <summary>Says what is doubtful about a key that is there.</summary>
    public void Doubt(string key, string problem) => reading.Warning(PositionOf(key), $"'{key}' {Place} {problem}");

    /// <summary>Where the value of a key stands; the table itself if the key is not there.</summary>
    public TomlPosition PositionOf(string key) => table.TryGet(key, out var entry) ? entry.Value.Position : Position;

    /// <summary>Refuses every key that was not asked for.</summary>
    public void RefuseUnknown()
    {
        foreach (var entry in table.Entries)
        {
            if (!_known.Contains(entry.Key))
            {
                reading.Mistake(entry.KeyPosition, $"unknown key '{entry.Key}' {Place}{Suggestion.Tail(entry.Key, _known)}");
            }
        }
    }

    /// <summary>Where a key stands, for messages: "in [projects.scout]".</summary>
    private string Place => Name.Length == 0 ? "at the top of the file" : $"in {Name}";

    private TomlEntry? Find(string key)
    {
        if (!_known.Contains(key))
        {
            _known.Add(key);
        }

        return table.TryGet(key, out var entry) ? entry : null;
    }

    private T? Value<T>(string key, string wanted)
        where T : TomlValue
    {
        if (Find(key) is not { } entry)
        {
            return null;
        }

        if (entry.Value is T value)
        {
            return value;
        }

        reading.Mistake(entry.Value.Position, $"'{key}' {Place} must be {wanted}, not {Shown(key, entry.Value)}");
        return null;
    }

    private long? Long(string key, long least, long most, string? wanted = null)
    {
        if (Value<TomlInteger>(key, wanted ?? "a whole number without quotes") is not { } number)
        {
            return null;
        }

        if (number.Value >= least && number.Value <= most)
        {
            return number.Value;
        }

        var isOpen = most is int.MaxValue or long.MaxValue;
        var allowed = !isOpen ? $"from {least} to {most}" : number.Value < least ? $"at least {least}" : $"at most {most}";
        reading.Mistake(number.Position, $"'{key}' {Place} is {number.Value}; it must be {allowed}");
        return null;
    }

    private bool CheckText(TomlString text, string what, bool allowEmpty)
    {
        if (text.Value.Length == 0 && !allowEmpty)
        {
            reading.Mistake(text.Position, $"{what} is empty; leave it out if nothing is meant");
            return false;
        }

        if (text.Value.Contains('\0', StringComparison.Ordinal))
        {
            reading.Mistake(text.Position, $"{what} holds a NUL character, which no program and no path can have");
            return false;
        }

        return true;
    }

    /// <summary>A value as messages show it; of what may be a secret only the kind.</summary>
    private static string Shown(string key, TomlValue value) => value switch
    {
        _ when key is "secret" or "secret_env" or "env" or "url" => value.Kind,
        TomlString { Value.Length: > 60 } text => $"'{text.Value[..60]}…'",
        TomlString text => $"'{text.Value}'",
        TomlInteger number => $"the number {number.Value}",
        TomlBoolean flag => flag.Value ? "true" : "false",
        _ => value.Kind,
    };
}
