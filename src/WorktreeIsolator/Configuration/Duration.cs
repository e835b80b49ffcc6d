using System.Globalization;
using System.Text;

namespace WorktreeIsolator.Configuration;

/// <summary>Lengths of time as the file and the command line write them: <c>30m</c>, <c>1h30m</c>, <c>500ms</c>.</summary>
public static class Duration
{
    /// <summary>What is allowed, as the end of a sentence.</summary>
    internal const string Allowed =
        "write whole numbers with the units d, h, m, s, ms, the largest first and each at most once, such as '30m' or '1h30m'";

    private const string LongestText = "3650d";

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(3650);
    private static readonly string[] s_units = ["d", "h", "m", "s", "ms"];
    private static readonly long[] s_milliseconds = [86_400_000, 3_600_000, 60_000, 1_000, 1];

    /// <summary>Reads a length of time.</summary>
    /// <param name="text">Whole numbers, each with one of the units d, h, m, s, ms, the largest first; zero is allowed.</param>
    /// <param name="duration">The length of time; zero if the text is wrong.</param>
    /// <param name="problem">What is wrong with the text and what is allowed, as a clause without the text; empty if it is right.</param>
    /// <returns>Whether the text is right.</returns>
    public static bool TryParse(string text, out TimeSpan duration, out string problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = TimeSpan.Zero;
        problem = Read(text, out var milliseconds);
        if (problem.Length > 0)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    /// <summary>Writes a length of time so that <see cref="TryParse"/> reads it back; what is below a millisecond is left out.</summary>
    /// <param name="duration">A length of time that is not negative.</param>
    public static string Format(TimeSpan duration)
    {
        var rest = (long)duration.TotalMilliseconds;
        var text = new StringBuilder();
        for (var i = 0; i < s_units.Length; i++)
        {
            var number = rest / s_milliseconds[i];
            rest %= s_milliseconds[i];
            if (number > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{number}{s_units[i]}");
            }
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }

    private static string Read(string text, out long milliseconds)
    {
        milliseconds = 0;
        if (text.Length == 0)
        {
            return $"a duration is missing; {Allowed}";
        }

        var next = 0;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && char.IsAsciiDigit(text[i]))
            {
                i++;
            }

            var digits = text.AsSpan(start, i - start);
            start = i;
            while (i < text.Length && char.IsAsciiLetterLower(text[i]))
            {
                i++;
            }

            var unit = Array.IndexOf(s_units, text[start..i]);
            if (digits.Length == 0 || unit < next)
            {
                return Problem(digits, text.AsSpan(start, i - start), unit);
            }

            // Comparing with the quotient keeps the product from overflowing.
            var most = (long)s_longest.TotalMilliseconds / s_milliseconds[unit];
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > most)
            {
                return TooLong();
            }

            milliseconds += number * s_milliseconds[unit];
            next = unit + 1;
            if (milliseconds > (long)s_longest.TotalMilliseconds)
            {
                return TooLong();
            }
        }

        return "";
    }

    private static string TooLong() => $"the duration is too long; at most {LongestText} is allowed";

    private static string Problem(ReadOnlySpan<char> digits, ReadOnlySpan<char> unit, int index)
    {
        if (digits.Length == 0)
        {
            return $"that is not a duration; {Allowed}";
        }

        if (unit.Length == 0)
        {
            return $"the unit after {digits} is missing; {Allowed}";
        }

        return index < 0
            ? $"'{unit}' is not a unit of time; {Allowed}"
            : $"the unit '{unit}' is repeated or stands after a smaller one; {Allowed}";
    }
}
