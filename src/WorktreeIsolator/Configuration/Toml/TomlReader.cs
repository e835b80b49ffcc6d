namespace WorktreeIsolator.Configuration.Toml;

/// <summary>
/// Reads TOML 1.0, all of it and nothing beyond, into plain tables. What 1.1 added is refused, so that a file means the same to
/// every other reader.
/// </summary>
internal sealed class TomlReader
{
    /// <summary>How deep arrays, inline tables and the parts of one key may nest: far beyond use, far below the end of the stack.</summary>
    public const int DeepestNesting = 100;

    private readonly TomlText _text;
    private readonly TomlTable _root;
    private TomlTable _current;
    private int _depth;

    private TomlReader(TomlText text)
    {
        _text = text;
        _root = _current = new TomlTable(new TomlPosition(1, 1), TomlTableOrigin.Header);
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="TomlSyntaxException">It is not TOML 1.0; the first error only.</exception>
    public static TomlTable Read(string text) => new TomlReader(new TomlText(text)).ReadDocument();

    /// <summary>Reads a document in UTF-8.</summary>
    /// <exception cref="TomlSyntaxException">It is not UTF-8 or not TOML 1.0; the first error only.</exception>
    public static TomlTable Read(ReadOnlySpan<byte> utf8) => new TomlReader(TomlText.FromUtf8(utf8)).ReadDocument();

    private TomlTable ReadDocument()
    {
        while (true)
        {
            _text.SkipBlanksCommentsAndLines();
            if (_text.AtEnd)
            {
                return _root;
            }

            if (_text.Current == '[')
            {
                ReadHeader();
            }
            else
            {
                ReadKeyValue(_current);
            }

            RequireLineEnd();
        }
    }

    private void ReadHeader()
    {
        var opening = _text.Offset++;
        var isArray = _text.Current == '[';
        if (isArray)
        {
            _text.Offset++;
        }

        var position = _text.PositionAt(opening);
        var keys = ReadKeys();
        for (var i = isArray ? 2 : 1; i > 0; i--, _text.Offset++)
        {
            if (_text.Current != ']')
            {
                _text.Fail($"the header is not closed: '{(isArray ? "]]" : "]")}' is expected instead of {_text.Shown()}");
            }
        }

        var parent = _root;
        for (var i = 0; i < keys.Count - 1; i++)
        {
            parent = Descend(parent, keys[i]);
        }

        _current = isArray ? AppendTable(parent, keys[^1], position) : DefineTable(parent, keys[^1], position);
    }

    private static TomlTable Descend(TomlTable parent, TomlKey key)
    {
        if (!parent.TryGet(key.Name, out var entry))
        {
            var made = new TomlTable(key.Position, TomlTableOrigin.Implied);
            parent.Add(new TomlEntry(key.Name, key.Position, made));
            return made;
        }

        return entry.Value switch
        {
            TomlTable { Origin: not TomlTableOrigin.Inline } table => table,
            TomlArray { IsTables: true } array => (TomlTable)array.Items[^1],
            TomlTable => throw key.Error("is an inline table; nothing can be added to it", entry),
            _ => throw key.Error($"is {entry.Value.Kind}, not a table", entry),
        };
    }

    private static TomlTable DefineTable(TomlTable parent, TomlKey key, TomlPosition position)
    {
        if (!parent.TryGet(key.Name, out var entry))
        {
            var made = new TomlTable(position, TomlTableOrigin.Header);
            parent.Add(new TomlEntry(key.Name, key.Position, made));
            return made;
        }

        if (entry.Value is not TomlTable { Origin: TomlTableOrigin.Implied } table)
        {
            throw key.Error("is defined twice", entry);
        }

        table.Origin = TomlTableOrigin.Header;
        return table;
    }

    private static TomlTable AppendTable(TomlTable parent, TomlKey key, TomlPosition position)
    {
        TomlArray array;
        if (!parent.TryGet(key.Name, out var entry))
        {
            array = new TomlArray(position, isTables: true);
            parent.Add(new TomlEntry(key.Name, key.Position, array));
        }
        else
        {
            array = entry.Value as TomlArray is { IsTables: true } tables
                ? tables
                : throw key.Error($"is {entry.Value.Kind}; a header in double brackets cannot add to it", entry);
        }

        var table = new TomlTable(position, TomlTableOrigin.Header);
        array.Add(table);
        return table;
    }

    private void ReadKeyValue(TomlTable table)
    {
        var keys = ReadKeys();
        if (_text.Current != '=')
        {
            _text.Fail($"'=' is expected after the key instead of {_text.Shown()}");
        }

        _text.Offset++;
        _text.SkipBlanks();
        for (var i = 0; i < keys.Count - 1; i++)
        {
            table = DescendDotted(table, keys[i]);
        }

        var last = keys[^1];
        if (table.TryGet(last.Name, out var entry))
        {
            throw last.Error("is set twice", entry);
        }

        table.Add(new TomlEntry(last.Name, last.Position, ReadValue()));
    }

    private static TomlTable DescendDotted(TomlTable parent, TomlKey key)
    {
        if (!parent.TryGet(key.Name, out var entry))
        {
            var made = new TomlTable(key.Position, TomlTableOrigin.DottedKey);
            parent.Add(new TomlEntry(key.Name, key.Position, made));
            return made;
        }

        return entry.Value switch
        {
            TomlTable { Origin: TomlTableOrigin.DottedKey } table => table,
            TomlTable { Origin: TomlTableOrigin.Inline } => throw key.Error("is an inline table; nothing can be added to it", entry),
            TomlTable => throw key.Error("is a table with a header; a dotted key cannot add to it", entry),
            _ => throw key.Error($"is {entry.Value.Kind}, not a table", entry),
        };
    }

    /// <summary>Reads a key, or several with dots; the cursor ends behind it and the blanks that follow.</summary>
    private List<TomlKey> ReadKeys()
    {
        var keys = new List<TomlKey>(1);
        while (true)
        {
            _text.SkipBlanks();
            var start = _text.Offset;
            var name = ReadKey();
            keys.Add(new TomlKey(name, _text.PositionAt(start)));
            if (keys.Count > DeepestNesting)
            {
                throw _text.Error(start, $"the key has more than {DeepestNesting} parts");
            }

            _text.SkipBlanks();
            if (_text.Current != '.')
            {
                return keys;
            }

            _text.Offset++;
        }
    }

    private string ReadKey()
    {
        if (_text.Current is '"' or '\'')
        {
            return TomlStrings.IsMultiline(_text)
                ? throw _text.Error("a key cannot be a string in three quotes")
                : TomlStrings.ReadLine(_text);
        }

        var start = _text.Offset;
        while (char.IsAsciiLetterOrDigit(_text.Current) || _text.Current is '_' or '-')
        {
            _text.Offset++;
        }

        return _text.Offset > start
            ? _text.Slice(start, _text.Offset)
            : throw _text.Error($"a key is expected instead of {_text.Shown()}; keys of other than letters, digits, '_' and '-' need quotes");
    }

    private TomlValue ReadValue() => _text.Current switch
    {
        '"' or '\'' => new TomlString(_text.PositionAt(_text.Offset), TomlStrings.Read(_text)),
        '[' => ReadArray(),
        '{' => ReadInlineTable(),
        _ => TomlScalars.Read(_text),
    };

    private TomlArray ReadArray()
    {
        var opening = _text.Offset;
        var array = new TomlArray(_text.PositionAt(opening));
        Enter();
        while (true)
        {
            _text.SkipBlanksCommentsAndLines();
            if (_text.Current == ']')
            {
                break;
            }

            if (_text.AtEnd)
            {
                throw _text.Error(opening, "the array is not closed: ']' is missing");
            }

            array.Add(ReadValue());
            _text.SkipBlanksCommentsAndLines();
            if (_text.Current == ',')
            {
                _text.Offset++;
            }
            else if (_text.Current != ']')
            {
                _text.Fail($"',' or ']' is expected in the array instead of {_text.Shown()}");
            }
        }

        Leave();
        return array;
    }

    private TomlTable ReadInlineTable()
    {
        var table = new TomlTable(_text.PositionAt(_text.Offset), TomlTableOrigin.Inline);
        Enter();
        _text.SkipBlanks();
        while (_text.Current != '}')
        {
            ReadKeyValue(table);
            _text.SkipBlanks();
            if (_text.Current == ',')
            {
                _text.Offset++;
                _text.SkipBlanks();
                if (_text.Current == '}')
                {
                    _text.Fail("an inline table must not end with a comma");
                }
            }
            else if (_text.Current != '}')
            {
                _text.Fail($"',' or '}}' is expected in the inline table, on the same line, instead of {_text.Shown()}");
            }
        }

        Leave();
        return table;
    }

    private void Enter()
    {
        if (++_depth > DeepestNesting)
        {
            _text.Fail($"arrays and inline tables are nested more than {DeepestNesting} deep");
        }

        _text.Offset++;
    }

    private void Leave()
    {
        _depth--;
        _text.Offset++;
    }

    private void RequireLineEnd()
    {
        _text.SkipBlanks();
        _text.SkipComment();
        if (!_text.AtEnd && !_text.SkipLineEnd())
        {
            _text.Fail($"the end of the line is expected instead of {_text.Shown()}");
        }
    }

    /// <summary>One part of a key.</summary>
    private sealed record TomlKey(string Name, TomlPosition Position)
    {
        public TomlSyntaxException Error(string problem, TomlEntry before) =>
            new(Position, $"'{Name}' {problem}; it stands first in line {before.KeyPosition.Line}");
    }
}
