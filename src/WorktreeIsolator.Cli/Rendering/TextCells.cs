using System.Text;
using Spectre.Console.Rendering;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Texts as a terminal shows them: some characters take two of its columns, some none.</summary>
internal static class TextCells
{
    private const char Ellipsis = '…';

    /// <summary>How many columns a text takes.</summary>
    public static int Width(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
            {
                return new Segment(text).CellCount();
            }
        }

        return text.Length;
    }

    /// <summary>As much of the beginning as fits, with an ellipsis if that is not all.</summary>
    public static string Cut(string text, int width)
    {
        if (Width(text) <= width)
        {
            return text;
        }

        var kept = new StringBuilder();
        var room = width - 1;
        foreach (var rune in text.EnumerateRunes())
        {
            room -= Width(rune.ToString());
            if (room < 0)
            {
                break;
            }

            kept.Append(rune);
        }

        return kept.Append(Ellipsis).ToString();
    }

    /// <summary>As much of the end as fits.</summary>
    public static string CutBeginning(string text, int width)
    {
        if (Width(text) <= width)
        {
            return text;
        }

        var runes = text.EnumerateRunes().ToList();
        var (first, room) = (runes.Count, width - 1);
        while (first > 0 && (room -= Width(runes[first - 1].ToString())) >= 0)
        {
            first--;
        }

        return Ellipsis + string.Concat(runes.Skip(first));
    }
}
