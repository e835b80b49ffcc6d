using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace WorktreeIsolator.Configuration.Toml;

/// <summary>The text of a document with a cursor in it, and the way from an offset to line and column.</summary>
internal sealed class TomlText
{
    /// <summary>What <see cref="Current"/> is behind the last character; a document that holds it as a character is refused.</summary>
    public const char End = '\0';

    private readonly string _text;
    private int _markOffset;
    private int _markLine = 1;
    private int _markColumn = 1;

    public TomlText(string text)
    {
        _text = text;
        RefuseLoneSurrogates();

        // A byte order mark at the very start is no part of the document.
        if (text.StartsWith('\uFEFF'))
        {
            Offset = _markOffset = 1;
        }
    }

    public int Offset { get; set; }

    public bool AtEnd => Offset >= _text.Length;

    public char Current => Offset < _text.Length ? _text[Offset] : End;

    /// <summary>Reads UTF-8 strictly.</summary>
    /// <exception cref="TomlSyntaxException">The bytes are not UTF-8.</exception>
    public static TomlText FromUtf8(ReadOnlySpan<byte> bytes)
    {
        var buffer = new char[bytes.Length];
        var status = Utf8.ToUtf16(bytes, buffer, out var read, out var written, replaceInvalidSequences: false, isFinalBlock: true);
        var text = new TomlText(new string(buffer, 0, written));
        return status == OperationStatus.Done
            ? text
            : throw text.Error(written, $"the byte 0x{bytes[read]:X2} is not valid UTF-8; the file must be text in UTF-8");
    }

    public char Peek(int ahead) => Offset + ahead < _text.Length ? _text[Offset + ahead] : End;

    public string Slice(int start, int end) => _text[start..end];

    public ReadOnlySpan<char> Span(int start, int end) => _text.AsSpan(start, end - start);

    public void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            Offset++;
        }
    }

    /// <summary>Goes over blanks, a comment and line ends, as often as they come.</summary>
    public void SkipBlanksCommentsAndLines()
    {
        do
        {
            SkipBlanks();
            SkipComment();
        }
        while (SkipLineEnd());
    }

    public bool SkipLineEnd()
    {
        if (Current == '\n')
        {
            Offset++;
            return true;
        }

        if (Current == '\r' && Peek(1) == '\n')
        {
            Offset += 2;
            return true;
        }

        return false;
    }

    public void SkipComment()
    {
        if (Current != '#')
        {
            return;
        }

        while (!AtEnd && Current != '\n')
        {
            if (Current == '\r' && Peek(1) == '\n')
            {
                return;
            }

            RefuseControl("a comment");
            Offset++;
        }
    }

    /// <summary>Refuses a control character other than a tab at the cursor.</summary>
    public void RefuseControl(string where)
    {
        if (Current is (< ' ' and not '\t') or '\u007F')
        {
            throw Error($"the control character U+{(int)Current:X4} is not allowed in {where}");
        }
    }

    /// <summary>The character at the cursor in quotes, for messages.</summary>
    public string Shown()
    {
        if (AtEnd)
        {
            return "the end of the file";
        }

        if (Current is '\n' or '\r')
        {
            return "the end of the line";
        }

        _ = Rune.TryGetRuneAt(_text, Offset, out var rune);
        return Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) ? $"the character U+{rune.Value:X4}" : $"'{rune}'";
    }

    /// <summary>Line and column of an offset; cheap as long as offsets come in rising order.</summary>
    public TomlPosition PositionAt(int offset)
    {
        if (offset < _markOffset)
        {
            _markOffset = _text.StartsWith('\uFEFF') ? 1 : 0;
            _markLine = _markColumn = 1;
        }

        for (; _markOffset < offset; _markOffset++)
        {
            if (_text[_markOffset] == '\n')
            {
                _markLine++;
                _markColumn = 1;
            }
            else if (!char.IsLowSurrogate(_text[_markOffset]))
            {
                _markColumn++;
            }
        }

        return new TomlPosition(_markLine, _markColumn);
    }

    public TomlSyntaxException Error(string message) => Error(Offset, message);

    public TomlSyntaxException Error(int offset, string message) => new(PositionAt(offset), message);

    [DoesNotReturn]
    public void Fail(string message) => throw Error(message);

    private void RefuseLoneSurrogates()
    {
        for (var i = 0; i < _text.Length; i++)
        {
            var rest = _text.AsSpan(i).IndexOfAnyInRange('\uD800', '\uDFFF');
            if (rest < 0)
            {
                return;
            }

            i += rest;
            if (!Rune.TryGetRuneAt(_text, i, out _))
            {
                throw Error(i, "half of a surrogate pair is not a character");
            }

            i++;
        }
    }
}
