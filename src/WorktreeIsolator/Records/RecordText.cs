namespace WorktreeIsolator.Records;

/// <summary>A record as it stands in its file.</summary>
/// <param name="CreatedAt">When the run was asked for.</param>
/// <param name="Id">The run.</param>
/// <param name="Json">A JSON object that is a record of this version or an older one.</param>
public sealed record RecordText(DateTimeOffset CreatedAt, string Id, ReadOnlyMemory<byte> Json)
{
    /// <summary>A record as it would be written.</summary>
    public static RecordText Of(RunRecord record) => new(record.CreatedAt, record.Id, RecordWriter.ToUtf8(record));

    /// <summary>The order in which records are listed.</summary>
    public static int OldestFirst(RecordText one, RecordText other)
    {
        var byAge = one.CreatedAt.CompareTo(other.CreatedAt);
        return byAge != 0 ? byAge : string.CompareOrdinal(one.Id, other.Id);
    }
}
