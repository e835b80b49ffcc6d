using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>The project itself, whose turn the run has: what the engine does there is done, and nothing is brought back.</summary>
internal sealed class ProjectDirectory(string path) : RunDirectory
{
    public override string EngineDirectory => path;

    public override IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public override RunRecord BringBack(RunRecord record, EngineVerdict verdict) => record;

    public override void Dispose()
    {
    }
}
