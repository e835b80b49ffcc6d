using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace WorktreeIsolator.Records;

/// <summary>Records as JSON: snake_case, indented, nulls written, so that every field is always there.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true, NewLine = "\n")]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(IReadOnlyList<RunRecord>))]
public sealed partial class RecordJson : JsonSerializerContext
{
    private static RecordJson? _readable;

    /// <summary>How a record is written; text keeps its characters, as no record is ever put into HTML unescaped.</summary>
    public static JsonTypeInfo<RunRecord> One => Readable.RunRecord;

    /// <summary>How several records are written.</summary>
    public static JsonTypeInfo<IReadOnlyList<RunRecord>> Many => Readable.IReadOnlyListRunRecord;

    // Made at first use: the generated half of this class sets Default in an order that nobody promises.
    private static RecordJson Readable => _readable ??= new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
