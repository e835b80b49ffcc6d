using System.Diagnostics.CodeAnalysis;

namespace WorktreeIsolator.Configuration.Toml;

/// <summary>How a table came to be; it decides what may still be added to it.</summary>
internal enum TomlTableOrigin
{
    /// <summary>By a header below it: <c>[a.b]</c> makes <c>a</c>. A header of its own may still follow.</summary>
    Implied,

    /// <summary>By its own header, or the document itself.</summary>
    Header,

    /// <summary>By a dotted key: <c>a.b = 1</c> makes <c>a</c>. Dotted keys may add to it.</summary>
    DottedKey,

    /// <summary>By braces. Nothing may be added.</summary>
    Inline,
}

/// <summary>A key in a table, with the places of key and value.</summary>
internal sealed record TomlEntry(string Key, TomlPosition KeyPosition, TomlValue Value);

/// <summary>A table; its entries keep the order of the document.</summary>
internal sealed class TomlTable(TomlPosition position, TomlTableOrigin origin) : TomlValue(position)
{
    private readonly List<TomlEntry> _entries = [];
    private readonly Dictionary<string, TomlEntry> _byKey = new(StringComparer.Ordinal);

    public TomlTableOrigin Origin { get; set; } = origin;

    public IReadOnlyList<TomlEntry> Entries => _entries;

    public override string Kind => "a table";

    public bool TryGet(string key, [NotNullWhen(true)] out TomlEntry? entry) => _byKey.TryGetValue(key, out entry);

    public void Add(TomlEntry entry)
    {
        _byKey.Add(entry.Key, entry);
        _entries.Add(entry);
    }
}
