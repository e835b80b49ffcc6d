using System.Globalization;

namespace WorktreeIsolator.Configuration;

/// <summary>Judges cron schedules of five fields: minute, hour, day of the month, month, day of the week.</summary>
public static class CronExpression
{
    private static readonly string[] s_months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private static readonly string[] s_days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Field[] s_fields =
    [
        new("minute", 0, 59, []),
        new("hour", 0, 23, []),
        new("day of the month", 1, 31, []),
        new("month", 1, 12, s_months),
        new("day of the week", 0, 7, s_days),
    ];

    /// <summary>Says what is wrong with a schedule.</summary>
    /// <param name="schedule">
    /// Five fields with blanks between them. A field is <c>*</c>, a value, a range <c>a-b</c>, <c>*/n</c> or <c>a-b/n</c>, or several
    /// of these with commas; months and days of the week may be English names of three letters.
    /// </param>
    /// <returns>What is wrong and what is allowed, as a clause; null if the schedule is right and fires at some time.</returns>
    public static string? Check(string schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var fields = schedule.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length > 0 && fields[0].StartsWith('@'))
        {
            return Nickname(fields[0]);
        }

        if (fields.Length != s_fields.Length)
        {
            var seconds = fields.Length is 6 or 7 ? "; seconds and years are not among them" : "";
            return $"it has {fields.Length} field{(fields.Length == 1 ? "" : "s")} instead of the five: minute, hour, day of the month, month, "
                + $"day of the week{seconds}";
        }

        Span<ulong> sets = stackalloc ulong[5];
        for (var i = 0; i < fields.Length; i++)
        {
            if (ReadField(s_fields[i], fields[i], out sets[i]) is { } problem)
            {
                return problem;
            }
        }

        // As soon as a day of the week is asked for, either day makes it fire, and every week has every day.
        var anyWeekday = fields[4].StartsWith('*');
        return anyWeekday && NeverFires(sets[2], sets[3]) ? "it never fires: no month asked for has such a day" : null;
    }

    private static bool NeverFires(ulong days, ulong months)
    {
        for (var month = 1; month <= 12; month++)
        {
            var length = month == 2 ? 29 : month is 4 or 6 or 9 or 11 ? 30 : 31;
            if ((months & (1UL << month)) != 0 && (days & ((1UL << (length + 1)) - 1)) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private static string Nickname(string name)
    {
        var meant = name switch
        {
            "@hourly" => "0 * * * *",
            "@daily" or "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" or "@annually" => "0 0 1 1 *",
            _ => null,
        };
        return meant is null ? "names that begin with '@' are not allowed; write five fields" : $"write '{meant}' for '{name}'";
    }

    private static string? ReadField(Field field, string text, out ulong set)
    {
        set = 0;
        foreach (var part in text.Split(','))
        {
            if (ReadPart(field, part, ref set) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string? ReadPart(Field field, string part, ref ulong set)
    {
        if (part.Length == 0)
        {
            return $"the {field.Name} has an empty entry; {field.Allowed}";
        }

        var slash = part.IndexOf('/', StringComparison.Ordinal);
        var range = slash < 0 ? part : part[..slash];
        var step = 1;
        if (slash >= 0 && (!TryNumber(part.AsSpan(slash + 1), out step) || step < 1 || step > field.Last))
        {
            return $"the step in '{part}' of the {field.Name} is not a number from 1 to {field.Last}";
        }

        int first = field.First, last = field.Last;
        if (range != "*")
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            if (ReadValue(field, dash < 0 ? range : range[..dash], out first) is { } problem)
            {
                return problem;
            }

            if (dash < 0 && slash >= 0)
            {
                return $"the step in '{part}' of the {field.Name} needs a range, such as '{range}-{field.Last}/{step}'";
            }

            last = first;
            if (dash >= 0 && ReadValue(field, range[(dash + 1)..], out last) is { } other)
            {
                return other;
            }

            if (first > last)
            {
                return $"the range '{range}' of the {field.Name} runs backwards; write two ranges with a comma";
            }
        }

        for (var value = first; value <= last; value += step)
        {
            set |= 1UL << value;
        }

        return null;
    }

    private static string? ReadValue(Field field, string text, out int value)
    {
        for (var i = 0; i < field.Names.Length; i++)
        {
            if (string.Equals(text, field.Names[i], StringComparison.OrdinalIgnoreCase))
            {
                value = i + field.First;
                return null;
            }
        }

        return TryNumber(text, out value) && value >= field.First && value <= field.Last
            ? null
            : $"'{text}' is no {field.Name}; {field.Allowed}";
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private sealed record Field(string Name, int First, int Last, string[] Names)
    {
        public string Allowed => Names.Length == 0
            ? $"allowed are {First} to {Last}, ranges, lists, steps and '*'"
            : $"allowed are {First} to {Last}, '{Names[0]}' to '{Names[^1]}', ranges, lists, steps and '*'";
    }
}
