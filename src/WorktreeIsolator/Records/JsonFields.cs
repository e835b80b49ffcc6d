using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace WorktreeIsolator.Records;

/// <summary>
/// The fields of one JSON object, as <see cref="RecordReader"/> takes them. They are looked for where the one taken last ended, for that is where
/// <see cref="RecordWriter"/> put them, and only then everywhere; so ten thousand records are read in the time that the framework's reader, which is general and
/// compiled as it is met, takes for two thousand. What is not asked for is passed over.
/// </summary>
/// <exception cref="JsonException">From every member: what is there cannot be read.</exception>
internal ref struct JsonFields
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly int _first;
    private int _next;

    /// <summary>Begins.</summary>
    /// <param name="json">The object, with nothing but blanks around it.</param>
    public JsonFields(ReadOnlySpan<byte> json)
    {
        _json = json;
        var start = Blank(json, 0);
        Require(At(json, start) == '{');
        _first = _next = start + 1;
    }

    /// <summary>Requires that the object ends, and nothing comes after it.</summary>
    public void End()
    {
        _ = TryFindFrom(_next, _json.Length, [], out _);
        var end = Blank(_json, _next);
        Require(At(_json, end) == '}' && Blank(_json, end + 1) == _json.Length);
    }

    /// <summary>Takes the next value of an array off its front; empty at its end.</summary>
    /// <param name="array">What is left of the array, with the bracket or comma before the value in front, and perhaps blanks before that.</param>
    public static ReadOnlySpan<byte> TakeElement(ref ReadOnlySpan<byte> array)
    {
        array = array[Blank(array, 0)..];
        var start = At(array, 0) == ']' ? 0 : Blank(array, 1);
        Require(start < array.Length && array[0] is (byte)'[' or (byte)',' or (byte)']');
        if (array[start] == ']')
        {
            return [];
        }

        var end = EndOf(array, start);
        var value = array[start..end];
        array = array[Blank(array, end)..];
        return value;
    }

    /// <summary>A value as it stands there; empty if it is null or missing.</summary>
    public ReadOnlySpan<byte> Find(ReadOnlySpan<byte> name)
    {
        var began = _next;
        if (TryFindFrom(began, _json.Length, name, out var value) || TryFindFrom(_first, began, name, out value))
        {
            return value.SequenceEqual("null"u8) ? [] : value;
        }

        _next = began;
        return [];
    }

    /// <summary>A text; null if it is null or missing.</summary>
    public string? TextOrNull(ReadOnlySpan<byte> name) => Find(name) is { IsEmpty: false } value ? ToText(value) : null;

    /// <summary>A text that has to be there.</summary>
    public string Text(ReadOnlySpan<byte> name) => ToText(Find(name));

    /// <summary>Texts that have to be there.</summary>
    public IReadOnlyList<string> Texts(ReadOnlySpan<byte> name) => ToTexts(Find(name));

    /// <summary>Whole number; null if it is null or missing.</summary>
    public long? NumberOrNull(ReadOnlySpan<byte> name) => Find(name) is { IsEmpty: false } value ? ToNumber(value, long.MaxValue) : null;

    /// <summary>Whole number that has to be there.</summary>
    /// <param name="name">The field.</param>
    /// <param name="most">What it may be at most.</param>
    public long Number(ReadOnlySpan<byte> name, long most = long.MaxValue) => ToNumber(Find(name), most);

    /// <summary>A truth that has to be there.</summary>
    public bool Truth(ReadOnlySpan<byte> name)
    {
        var value = Find(name);
        Require(value.SequenceEqual("true"u8) || value.SequenceEqual("false"u8));
        return value[0] == 't';
    }

    /// <summary>A time; null if it is null or missing.</summary>
    public DateTimeOffset? TimeOrNull(ReadOnlySpan<byte> name) => Find(name) is { IsEmpty: false } value ? ToTime(value) : null;

    /// <summary>A time that has to be there.</summary>
    public DateTimeOffset Time(ReadOnlySpan<byte> name) => ToTime(Find(name));

    /// <summary>The texts of an array.</summary>
    public static IReadOnlyList<string> ToTexts(ReadOnlySpan<byte> value)
    {
        Require(At(value, 0) == '[');
        var texts = new List<string>();
        while (TakeElement(ref value) is { IsEmpty: false } text)
        {
            texts.Add(ToText(text));
        }

        return texts;
    }

    private bool TryFindFrom(int from, int before, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var at = from; at < before;)
        {
            at = Blank(_json, at);
            if (At(_json, at) is (byte)'}')
            {
                break;
            }

            var end = EndOf(_json, at);
            var isWanted = end - at == name.Length + 2 && _json[(at + 1)..(end - 1)].SequenceEqual(name);
            at = Blank(_json, end);
            Require(At(_json, at) == ':');
            at = Blank(_json, at + 1);
            end = EndOf(_json, at);
            _next = Blank(_json, end);
            Require(At(_json, _next) is (byte)',' or (byte)'}');
            _next += _json[_next] == ',' ? 1 : 0;
            if (isWanted)
            {
                value = _json[at..end];
                return true;
            }

            at = _next;
        }

        // Nothing has this name: what there was has been passed over.
        value = [];
        return false;
    }

    private static string ToText(ReadOnlySpan<byte> value)
    {
        Require(At(value, 0) == '"');
        return value.Contains((byte)'\\') ? Unescaped(value) : Encoding.UTF8.GetString(value[1..^1]);
    }

    private static string Unescaped(ReadOnlySpan<byte> value)
    {
        try
        {
            return Framework(value).GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a character.
            throw Damaged();
        }
    }

    private static long ToNumber(ReadOnlySpan<byte> value, long most)
    {
        Require(Utf8Parser.TryParse(value, out long number, out var length) && length == value.Length && number <= most);
        return number;
    }

    private static DateTimeOffset ToTime(ReadOnlySpan<byte> value)
    {
        Require(At(value, 0) == '"');
        return Framework(value).TryGetDateTimeOffset(out var time) ? time : throw Damaged();
    }

    private static Utf8JsonReader Framework(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        _ = reader.Read();
        return reader;
    }

    private static int Blank(ReadOnlySpan<byte> json, int at)
    {
        while (At(json, at) is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }

        return at;
    }

    /// <summary>Where a value ends that begins here.</summary>
    private static int EndOf(ReadOnlySpan<byte> json, int at)
    {
        var depth = 0;
        var start = at;
        do
        {
            switch (At(json, at))
            {
                case (byte)'"':
                    at = EndOfText(json, at);
                    break;
                case (byte)'{' or (byte)'[':
                    depth++;
                    at++;
                    break;
                case (byte)'}' or (byte)']':
                    depth--;
                    at++;
                    break;
                case 0:
                    throw Damaged();
                default:
                    at = depth == 0 ? EndOfWord(json, at) : at + 1;
                    break;
            }
        }
        while (depth > 0);

        Require(at > start && depth == 0);
        return at;
    }

    private static int EndOfText(ReadOnlySpan<byte> json, int at)
    {
        for (at++; ; at += 2)
        {
            var length = json[Math.Min(at, json.Length)..].IndexOfAny((byte)'"', (byte)'\\');
            Require(length >= 0);
            at += length;
            if (json[at] == '"')
            {
                return at + 1;
            }
        }
    }

    private static int EndOfWord(ReadOnlySpan<byte> json, int at)
    {
        while (At(json, at) is > (byte)' ' and not ((byte)',' or (byte)'}' or (byte)']' or (byte)':'))
        {
            at++;
        }

        return at;
    }

    private static byte At(ReadOnlySpan<byte> json, int at) => at < json.Length ? json[at] : (byte)0;

    private static void Require(bool isRight)
    {
        if (!isRight)
        {
            throw Damaged();
        }
    }

    private static JsonException Damaged() => new("This is no JSON of the kind that wt-run writes.");
}
