using System.Globalization;
using System.Text;

namespace WorktreeIsolator.Configuration.Toml;

/// <summary>Reads the four kinds of strings; the cursor stands on the opening quote and ends behind the closing one.</summary>
internal static class TomlStrings
{
    /// <summary>Whether three quotes open the string at the cursor.</summary>
    public static bool IsMultiline(TomlText text) => text.Peek(1) == text.Current && text.Peek(2) == text.Current;

    public static string Read(TomlText text) => IsMultiline(text) ? ReadMultiline(text) : ReadLine(text);

    /// <summary>Reads a string on one line: <c>"basic"</c> or <c>'literal'</c>.</summary>
    public static string ReadLine(TomlText text)
    {
        var quote = text.Current;
        var opening = text.Offset++;
        var start = text.Offset;
        StringBuilder? unescaped = null;
        while (text.Current != quote)
        {
            if (text.AtEnd || text.Current == '\n' || (text.Current == '\r' && text.Peek(1) == '\n'))
            {
                throw text.Error(opening, $"the string is not closed on its line; a {Name(quote)} is missing");
            }

            if (text.Current == '\\' && quote == '"')
            {
                unescaped ??= new StringBuilder();
                unescaped.Append(text.Span(start, text.Offset));
                ReadEscape(text, unescaped);
                start = text.Offset;
                continue;
            }

            text.RefuseControl("a string");
            text.Offset++;
        }

        var last = text.Span(start, text.Offset++);
        return unescaped is null ? last.ToString() : unescaped.Append(last).ToString();
    }

    private static string ReadMultiline(TomlText text)
    {
        var quote = text.Current;
        var opening = text.Offset;
        text.Offset += 3;
        _ = text.SkipLineEnd();
        var content = new StringBuilder();
        while (true)
        {
            if (text.AtEnd)
            {
                throw text.Error(opening, $"the string is not closed; three {Name(quote)}s are missing");
            }

            if (text.Current == quote)
            {
                if (ReadQuotes(text, quote, content))
                {
                    return content.ToString();
                }
            }
            else if (text.Current == '\\' && quote == '"')
            {
                if (!SkipLineEndingBackslash(text))
                {
                    ReadEscape(text, content);
                }
            }
            else if (text.Current == '\n' || (text.Current == '\r' && text.Peek(1) == '\n'))
            {
                // Line ends are normalized, so that a file means the same however it was checked out.
                _ = text.SkipLineEnd();
                content.Append('\n');
            }
            else
            {
                text.RefuseControl("a string");
                content.Append(text.Current);
                text.Offset++;
            }
        }
    }

    /// <summary>Goes over a row of quotes. Three close the string; up to two before them belong to it.</summary>
    private static bool ReadQuotes(TomlText text, char quote, StringBuilder content)
    {
        var count = 0;
        while (count < 5 && text.Peek(count) == quote)
        {
            count++;
        }

        text.Offset += count;
        content.Append(quote, count < 3 ? count : count - 3);
        return count >= 3;
    }

    /// <summary>A backslash at the end of a line removes it and all blanks and lines up to the next character.</summary>
    private static bool SkipLineEndingBackslash(TomlText text)
    {
        var backslash = text.Offset++;
        text.SkipBlanks();
        if (!text.SkipLineEnd())
        {
            text.Offset = backslash;
            return false;
        }

        do
        {
            text.SkipBlanks();
        }
        while (text.SkipLineEnd());
        return true;
    }

    private static void ReadEscape(TomlText text, StringBuilder content)
    {
        var escaped = text.Peek(1) switch
        {
            'b' => '\b',
            't' => '\t',
            'n' => '\n',
            'f' => '\f',
            'r' => '\r',
            '"' => '"',
            '\\' => '\\',
            _ => TomlText.End,
        };
        if (escaped != TomlText.End)
        {
            content.Append(escaped);
            text.Offset += 2;
            return;
        }

        var digits = text.Peek(1) switch
        {
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        var backslash = text.Offset++;
        if (digits == 0)
        {
            throw text.Error(
                backslash,
                $"a backslash followed by {text.Shown()} is no escape; allowed are \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX, "
                + "and 'single quotes' keep backslashes as they are");
        }

        text.Offset++;
        var start = text.Offset;
        for (var i = 0; i < digits; i++, text.Offset++)
        {
            if (!char.IsAsciiHexDigit(text.Current))
            {
                throw text.Error(backslash, $"\\{(digits == 4 ? 'u' : 'U')} must be followed by {digits} hexadecimal digits");
            }
        }

        var code = uint.Parse(text.Span(start, text.Offset), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        content.Append(Rune.TryCreate(code, out var rune)
            ? rune.ToString()
            : throw text.Error(backslash, $"U+{code:X4} is not a Unicode character"));
    }

    private static string Name(char quote) => quote == '"' ? "double quote" : "single quote";
}
