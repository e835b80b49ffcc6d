namespace WorktreeIsolator.Configuration.Toml;

/// <summary>Reads dates and times of RFC 3339 as TOML 1.0 allows them: with seconds, and only such as exist.</summary>
internal static class TomlDates
{
    private const string Allowed =
        "allowed are 2026-01-31, 07:32:00, 2026-01-31T07:32:00 and 2026-01-31T07:32:00Z, with a fraction of the second if wanted";

    /// <summary>Whether a word begins like a date (<c>2026-</c>) or a time (<c>07:</c>).</summary>
    public static bool LooksLikeOne(ReadOnlySpan<char> word) =>
        (word.Length > 4 && word[4] == '-' && AllDigits(word[..4])) || (word.Length > 2 && word[2] == ':' && AllDigits(word[..2]));

    /// <summary>Reads a date or time that begins at <paramref name="start"/>; the cursor ends behind it.</summary>
    public static TomlDateTime Read(TomlText text, int start)
    {
        text.Offset = start;
        var position = text.PositionAt(start);
        if (text.Peek(2) == ':')
        {
            ReadTime(text, start);
            RequireEnd(text, start);
            return new TomlDateTime(position, TomlDateTimeKind.LocalTime, text.Slice(start, text.Offset));
        }

        ReadDate(text, start);
        var dateEnd = text.Offset;
        var hasTime = text.Current is 'T' or 't' || (text.Current == ' ' && char.IsAsciiDigit(text.Peek(1)));
        if (!hasTime)
        {
            RequireEnd(text, start);
            return new TomlDateTime(position, TomlDateTimeKind.LocalDate, text.Slice(start, dateEnd));
        }

        text.Offset++;
        ReadTime(text, start);
        var timeEnd = text.Offset;
        var type = ReadOffset(text, start) ? TomlDateTimeKind.OffsetDateTime : TomlDateTimeKind.LocalDateTime;
        RequireEnd(text, start);
        var written = string.Concat(text.Span(start, dateEnd), "T", text.Span(dateEnd + 1, timeEnd), text.Span(timeEnd, text.Offset));
        return new TomlDateTime(position, type, written.Replace('z', 'Z'));
    }

    private static void ReadDate(TomlText text, int start)
    {
        var year = ReadNumber(text, start, 4, 0, 9999, "year");
        Require(text, start, '-');
        var month = ReadNumber(text, start, 2, 1, 12, "month");
        Require(text, start, '-');

        // The year 0 exists in RFC 3339 but not in DateTime; it is a leap year, as 4 is.
        _ = ReadNumber(text, start, 2, 1, DateTime.DaysInMonth(year == 0 ? 4 : year, month), "day");
    }

    private static void ReadTime(TomlText text, int start)
    {
        _ = ReadNumber(text, start, 2, 0, 23, "hour");
        Require(text, start, ':');
        _ = ReadNumber(text, start, 2, 0, 59, "minute");
        Require(text, start, ':');

        // 60 is a leap second.
        _ = ReadNumber(text, start, 2, 0, 60, "second");
        if (text.Current != '.')
        {
            return;
        }

        text.Offset++;
        if (!char.IsAsciiDigit(text.Current))
        {
            throw text.Error(start, $"the fraction of the second lacks digits; {Allowed}");
        }

        while (char.IsAsciiDigit(text.Current))
        {
            text.Offset++;
        }
    }

    private static bool ReadOffset(TomlText text, int start)
    {
        switch (text.Current)
        {
            case 'Z' or 'z':
                text.Offset++;
                return true;
            case '+' or '-':
                text.Offset++;
                _ = ReadNumber(text, start, 2, 0, 23, "hour of the offset");
                Require(text, start, ':');
                _ = ReadNumber(text, start, 2, 0, 59, "minute of the offset");
                return true;
            default:
                return false;
        }
    }

    private static int ReadNumber(TomlText text, int start, int digits, int first, int last, string name)
    {
        var number = 0;
        for (var i = 0; i < digits; i++, text.Offset++)
        {
            if (!char.IsAsciiDigit(text.Current))
            {
                throw text.Error(start, $"the {name} needs {digits} digits; {Allowed}");
            }

            number = (number * 10) + (text.Current - '0');
        }

        return number >= first && number <= last
            ? number
            : throw text.Error(start, $"the {name} is {number}, but must be from {first} to {last}");
    }

    private static void Require(TomlText text, int start, char separator)
    {
        if (text.Current != separator)
        {
            throw text.Error(start, $"this is not a date or time: '{separator}' is missing; {Allowed}");
        }

        text.Offset++;
    }

    private static void RequireEnd(TomlText text, int start)
    {
        if (char.IsAsciiLetterOrDigit(text.Current) || text.Current is '_' or '+' or '-' or '.' or ':')
        {
            throw text.Error(start, $"this is not a date or time; {Allowed}, and strings need quotes");
        }
    }

    private static bool AllDigits(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
        }

        return true;
    }
}
