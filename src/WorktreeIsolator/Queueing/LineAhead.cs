using System.Buffers.Text;
using System.Globalization;
using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>Where who waits in line stands.</summary>
/// <param name="Position">1 if nobody is ahead but those who have begun. One more than that of who is ahead, in whatever further line he stands.</param>
/// <param name="Behind">The run that has what it waits for, or, if nobody knows, the first that is ahead; null if that is no run.</param>
/// <param name="HeldBy">Who has it, if that is no run, or one that died.</param>
/// <param name="IsBehindOneThatWaits">Whether <paramref name="Behind"/> has not begun, but stands in a further line.</param>
internal readonly record struct PlaceInLine(int Position, string? Behind, string? HeldBy, bool IsBehindOneThatWaits = false);

/// <summary>
/// What those who are ahead in a queue write into their tickets, for those behind them: nothing while they wait, or, once nobody is before them, whom for,
/// or where they stand in a further line; and that they have begun. A look that finds all as it was leaves no garbage: it is repeated for hours.
/// </summary>
/// <param name="places">How many may go at once.</param>
internal sealed class LineAhead(int places)
{
    private const int Longest = 4096;

    /// <summary>That never changes, so nobody looks again.</summary>
    private readonly HashSet<string> _begun = new(StringComparer.Ordinal);

    private string? _first;
    private byte[] _text = [];
    private string? _behind;
    private string? _heldBy;
    private bool _firstWaits;

    /// <summary>What the owner of a ticket writes who has all that he waited for.</summary>
    public static string Begun => "begun";

    /// <summary>What the owner of a ticket writes who waits although nobody is before him; nothing of both if that is over.</summary>
    /// <param name="behind">The run that has what he waits for; null if that is none.</param>
    /// <param name="heldBy">Who has it, if that is no run, or one that died.</param>
    public static string Waits(string? behind, string? heldBy) => $"{behind}\n{heldBy}";

    /// <summary>What the owner of a ticket writes whose turn it is, and who stands in a further line.</summary>
    /// <param name="position">His position there.</param>
    public static string WaitsAt(int position) => string.Create(CultureInfo.InvariantCulture, $"\n\n{position}");

    /// <summary>
    /// Whoever has begun is among the first, as many as there are places. Of the others each waits, be it for a place or, as the first may, for a peer, for
    /// what a dead run left, for a landing, or at the next gate: so no two are told the same position. If all of the first stand in further lines, nobody
    /// behind them goes before the one who is nearest there has begun: those who are ahead of him are ahead of them, too.
    /// </summary>
    /// <param name="tickets">Of those who are ahead, first come first.</param>
    public PlaceInLine PlaceBehind(List<string> tickets)
    {
        var (waiting, aheadOfThem) = (tickets.Count, tickets.Count < places ? 0 : int.MaxValue);
        for (var i = 0; i < Math.Min(places, tickets.Count); i++)
        {
            if (PositionOf(tickets[i], isFirst: i == 0) is { } position)
            {
                aheadOfThem = Math.Min(aheadOfThem, position - 1);
            }
            else
            {
                aheadOfThem = 0;
                waiting--;
            }
        }

        return tickets.Count == 0 ? new(1, null, null) : new(waiting + aheadOfThem + 1, _behind, _heldBy, _firstWaits);
    }

    /// <summary>Where the owner of a ticket who is among the first stands in a further line, 1 if in none; null if he has begun.</summary>
    private int? PositionOf(string ticket, bool isFirst)
    {
        var isKnown = !isFirst || ticket == _first;
        if (isKnown && _begun.Contains(ticket))
        {
            return null;
        }

        Span<byte> buffer = stackalloc byte[Longest];
        var text = buffer[..FileLock.ReadText(ticket, buffer)];
        var hasBegun = text.SequenceEqual("begun\n"u8);
        if (hasBegun)
        {
            _ = _begun.Add(ticket);
        }

        if (isFirst && !(isKnown && text.SequenceEqual(_text)))
        {
            (_first, _text) = (ticket, text.ToArray());
            (_behind, _heldBy) = !hasBegun && Encoding.UTF8.GetString(text).Split('\n') is [var behind, var heldBy, ..] && (behind.Length > 0 || heldBy.Length > 0)
                ? (behind.Length > 0 ? behind : null, heldBy.Length > 0 ? heldBy : null)
                : (Ticket.RunIn(ticket), null);
            _firstWaits = !hasBegun && _heldBy is null && _behind == Ticket.RunIn(ticket);
        }

        return hasBegun ? null : text.StartsWith("\n\n"u8) && Utf8Parser.TryParse(text[2..], out int position, out _) ? Math.Max(1, position) : 1;
    }
}
