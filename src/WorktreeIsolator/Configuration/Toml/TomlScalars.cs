using System.Globalization;

namespace WorktreeIsolator.Configuration.Toml;

/// <summary>Reads numbers and booleans. No message quotes the text: it may be a secret whose quotes were forgotten.</summary>
internal static class TomlScalars
{
    /// <summary>Reads the value at the cursor: a boolean, a number, a date or a time.</summary>
    public static TomlValue Read(TomlText text)
    {
        var start = text.Offset;
        var position = text.PositionAt(start);
        while (IsPart(text.Current))
        {
            text.Offset++;
        }

        if (text.Offset == start)
        {
            throw text.Error($"a value is expected instead of {text.Shown()}");
        }

        var word = text.Span(start, text.Offset);
        if (TomlDates.LooksLikeOne(word))
        {
            return TomlDates.Read(text, start);
        }

        return word switch
        {
            "true" => new TomlBoolean(position, value: true),
            "false" => new TomlBoolean(position, value: false),
            "inf" or "+inf" => new TomlFloat(position, double.PositiveInfinity),
            "-inf" => new TomlFloat(position, double.NegativeInfinity),
            "nan" or "+nan" or "-nan" => new TomlFloat(position, double.NaN),
            _ => ReadNumber(text, start, word, position),
        };
    }

    private static bool IsPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '+' or '-' or '.' or ':';

    private static TomlValue ReadNumber(TomlText text, int start, ReadOnlySpan<char> word, TomlPosition position)
    {
        var unsigned = word[0] is '+' or '-' ? word[1..] : word;
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] is '.' or '_'))
        {
            throw text.Error(start, "this is not a value; strings need quotes, booleans are true and false");
        }

        if (unsigned.Length > 1 && unsigned[0] == '0' && char.IsAsciiLetter(unsigned[1]) && unsigned[1] is not ('e' or 'E'))
        {
            return ReadPrefixed(text, start, word, position);
        }

        return word.ContainsAny('.', 'e', 'E')
            ? ReadFloat(text, start, word, position)
            : ReadInteger(text, start, word, position);
    }

    private static TomlInteger ReadPrefixed(TomlText text, int start, ReadOnlySpan<char> word, TomlPosition position)
    {
        var bits = word[1] switch
        {
            'x' => 4,
            'o' => 3,
            'b' => 1,
            _ => throw text.Error(start, "this is not a number; the prefixes are 0x, 0o and 0b, without a sign"),
        };
        ulong value = 0;
        var before = '_';
        foreach (var c in word[2..])
        {
            if (c == '_')
            {
                if (before == '_')
                {
                    throw text.Error(start, Underscores);
                }
            }
            else
            {
                var digit = char.IsAsciiHexDigit(c) ? (uint)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) : uint.MaxValue;
                if (digit >= 1u << bits)
                {
                    throw text.Error(start, $"the number has a character that is no digit after its prefix 0{word[1]}");
                }

                if (value > (ulong)long.MaxValue >> bits)
                {
                    throw text.Error(start, TooLarge);
                }

                value = (value << bits) | digit;
            }

            before = c;
        }

        return before == '_' ? throw text.Error(start, Underscores) : new TomlInteger(position, (long)value);
    }

    private static TomlInteger ReadInteger(TomlText text, int start, ReadOnlySpan<char> word, TomlPosition position)
    {
        var at = word[0] is '+' or '-' ? 1 : 0;
        var first = at;
        SkipDigits(text, start, word, ref at);
        if (at < word.Length)
        {
            throw text.Error(start, "this is not a number or a date; strings need quotes");
        }

        RefuseLeadingZero(text, start, word[first..at]);
        return long.TryParse(WithoutUnderscores(word), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? new TomlInteger(position, value)
            : throw text.Error(start, TooLarge);
    }

    private static TomlFloat ReadFloat(TomlText text, int start, ReadOnlySpan<char> word, TomlPosition position)
    {
        var at = word[0] is '+' or '-' ? 1 : 0;
        var first = at;
        SkipDigits(text, start, word, ref at);
        RefuseLeadingZero(text, start, word[first..at]);
        if (at < word.Length && word[at] == '.')
        {
            at++;
            SkipDigits(text, start, word, ref at);
        }

        if (at < word.Length && word[at] is 'e' or 'E')
        {
            at++;
            if (at < word.Length && word[at] is '+' or '-')
            {
                at++;
            }

            SkipDigits(text, start, word, ref at);
        }

        if (at < word.Length)
        {
            throw text.Error(start, "this is not a number; strings need quotes");
        }

        return new TomlFloat(position, double.Parse(WithoutUnderscores(word), NumberStyles.Float, CultureInfo.InvariantCulture));
    }

    /// <summary>Goes over at least one digit, with single underscores between digits only.</summary>
    private static void SkipDigits(TomlText text, int start, ReadOnlySpan<char> word, ref int at)
    {
        var first = at;
        while (at < word.Length && (char.IsAsciiDigit(word[at]) || word[at] == '_'))
        {
            if (word[at] == '_' && (at == first || word[at - 1] == '_'))
            {
                throw text.Error(start, Underscores);
            }

            at++;
        }

        if (at == first)
        {
            throw text.Error(start, "the number lacks digits; a point and an exponent need digits on both sides");
        }

        if (word[at - 1] == '_')
        {
            throw text.Error(start, Underscores);
        }
    }

    private static void RefuseLeadingZero(TomlText text, int start, ReadOnlySpan<char> digits)
    {
        if (digits.Length > 1 && digits[0] == '0')
        {
            throw text.Error(start, "a number must not begin with a zero; if it is not a number, it needs quotes");
        }
    }

    private static string WithoutUnderscores(ReadOnlySpan<char> word) =>
        word.ToString().Replace("_", "", StringComparison.Ordinal);

    private const string Underscores = "an underscore in a number must stand between two digits";
    private const string TooLarge = "the integer does not fit into 64 bits with a sign";
}
