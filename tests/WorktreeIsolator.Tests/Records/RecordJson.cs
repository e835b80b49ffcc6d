using System.Text.Json.Serialization;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Tests.Records;

/// <summary>Records as a serializer sees them, with names in snake_case: what <see cref="RecordWriter"/> and <see cref="RecordReader"/> are held against.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(Session))]
internal sealed partial class RecordJson : JsonSerializerContext;
