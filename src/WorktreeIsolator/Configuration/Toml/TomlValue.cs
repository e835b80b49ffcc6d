using System.Runtime.InteropServices;

namespace WorktreeIsolator.Configuration.Toml;

/// <summary>A place in a TOML document: line and column in code points, both from 1.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TomlPosition(int Line, int Column);

/// <summary>A value with the place where it begins.</summary>
internal abstract class TomlValue(TomlPosition position)
{
    public TomlPosition Position { get; } = position;

    /// <summary>What it is, for messages: "a string".</summary>
    public abstract string Kind { get; }
}

internal sealed class TomlString(TomlPosition position, string value) : TomlValue(position)
{
    public string Value { get; } = value;

    public override string Kind => "a string";
}

internal sealed class TomlInteger(TomlPosition position, long value) : TomlValue(position)
{
    public long Value { get; } = value;

    public override string Kind => "an integer";
}

internal sealed class TomlFloat(TomlPosition position, double value) : TomlValue(position)
{
    public double Value { get; } = value;

    public override string Kind => "a float";
}

internal sealed class TomlBoolean(TomlPosition position, bool value) : TomlValue(position)
{
    public bool Value { get; } = value;

    public override string Kind => "a boolean";
}

/// <summary>Which of TOML's four date and time types a value has.</summary>
internal enum TomlDateTimeKind
{
    OffsetDateTime,
    LocalDateTime,
    LocalDate,
    LocalTime,
}

/// <summary>A date or time that exists, in the notation of RFC 3339 with <c>T</c> and <c>Z</c>; the fraction as written.</summary>
internal sealed class TomlDateTime(TomlPosition position, TomlDateTimeKind type, string text) : TomlValue(position)
{
    public TomlDateTimeKind Type { get; } = type;

    public string Text { get; } = text;

    public override string Kind => Type switch
    {
        TomlDateTimeKind.LocalDate => "a date",
        TomlDateTimeKind.LocalTime => "a time",
        _ => "a date and time",
    };
}

/// <summary>An array: one written as a value, or the tables of <c>[[headers]]</c>.</summary>
internal sealed class TomlArray(TomlPosition position, bool isTables = false) : TomlValue(position)
{
    private readonly List<TomlValue> _items = [];

    public IReadOnlyList<TomlValue> Items => _items;

    /// <summary>Whether it comes from <c>[[headers]]</c>, so that further ones may add to it.</summary>
    public bool IsTables { get; } = isTables;

    public override string Kind => IsTables ? "an array of tables" : "an array";

    public void Add(TomlValue item) => _items.Add(item);
}
