using System.Text.Json.Serialization;

namespace WorktreeIsolator.Records;

/// <summary>Reads records as <see cref="RecordWriter"/> writes them: JSON with names in snake_case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(IReadOnlyList<RunRecord>))]
[JsonSerializable(typeof(Session))]
public sealed partial class RecordJson : JsonSerializerContext;
