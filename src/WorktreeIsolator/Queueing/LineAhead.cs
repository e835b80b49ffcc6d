using System.Text;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Queueing;

/// <summary>Where who waits in line stands.</summary>
/// <param name="Position">1 if nobody is ahead but those who have begun.</param>
/// <param name="Behind">The run that has what it waits for, or, if nobody knows, the first that is ahead; null if that is no run.</param>
/// <param name="HeldBy">Who has it, if that is no run, or one that died.</param>
internal readonly record struct PlaceInLine(int Position, string? Behind, string? HeldBy);

/// <summary>
/// What those who are ahead in a queue write into their tickets, for those behind them: nothing while they wait, or, once nobody is before them, whom for;
/// and that they have begun. A look that finds all as it was leaves no garbage: it is repeated for hours.
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

    /// <summary>What the owner of a ticket writes who has all that he waited for.</summary>
    public static string Begun => "begun";

    /// <summary>What the owner of a ticket writes who waits although nobody is before him; nothing of both if that is over.</summary>
    /// <param name="behind">The run that has what he waits for; null if that is none.</param>
    /// <param name="heldBy">Who has it, if that is no run, or one that died.</param>
    public static string Waits(string? behind, string? heldBy) => $"{behind}\n{heldBy}";

    /// <summary>
    /// Whoever has begun is among the first, as many as there are places. Of the others each waits, be it for a place or, as the first may, for a peer, for
    /// what a dead run left, for a landing, or at the next gate: so no two are told the same position.
    /// </summary>
    /// <param name="tickets">Of those who are ahead, first come first.</param>
    public PlaceInLine PlaceBehind(List<string> tickets)
    {
        var waiting = tickets.Count;
        for (var i = 0; i < Math.Min(places, tickets.Count); i++)
        {
            if (HasBegun(tickets[i], isFirst: i == 0))
            {
                waiting--;
            }
        }

        return tickets.Count == 0 ? new(1, null, null) : new(waiting + 1, _behind, _heldBy);
    }

    private bool HasBegun(string ticket, bool isFirst)
    {
        var isKnown = !isFirst || ticket == _first;
        if (isKnown && _begun.Contains(ticket))
        {
            return true;
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
        }

        return hasBegun;
    }
}
