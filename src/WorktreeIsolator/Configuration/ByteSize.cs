using System.Globalization;

namespace WorktreeIsolator.Configuration;

/// <summary>Amounts of bytes as the file writes them: <c>100MiB</c>, <c>512KiB</c>, <c>2GiB</c>.</summary>
public static class ByteSize
{
    /// <summary>What is allowed, as the end of a sentence.</summary>
    public const string Allowed =
        "write a number of bytes or a whole number with the unit B, KiB, MiB, GiB or TiB, such as '100MiB'";

    private static readonly string[] Units = ["KiB", "MiB", "GiB", "TiB"];

    /// <summary>Reads an amount.</summary>
    /// <param name="text">A whole number and a unit.</param>
    /// <param name="bytes">The amount in bytes.</param>
    /// <returns>Whether the text is right and its amount fits into 63 bits.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        var shift = text[digits..] switch
        {
            "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            _ => -1,
        };
        var isNumber = long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        if (shift < 0 || !isNumber || number > long.MaxValue >> shift)
        {
            bytes = 0;
            return false;
        }

        bytes = number << shift;
        return true;
    }

    /// <summary>An amount for people: <c>512 bytes</c>, <c>1.9 MiB</c>.</summary>
    public static string Format(long bytes)
    {
        var (amount, unit) = ((double)bytes, 0);
        while (amount >= 1024 && unit < Units.Length)
        {
            amount /= 1024;
            unit++;
        }

        return unit == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} {(bytes == 1 ? "byte" : "bytes")}")
            : string.Create(CultureInfo.InvariantCulture, $"{amount:0.#} {Units[unit - 1]}");
    }
}
