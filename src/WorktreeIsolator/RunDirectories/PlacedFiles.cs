using WorktreeIsolator.Platform;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// What wt-run placed in a run's worktree by <c>copy</c> and <c>link</c>. It is written down beside the run's record before anything is
/// placed, because recovery and a later landing have to keep it out of commits too, in another process.
/// </summary>
internal sealed class PlacedFiles
{
    private readonly List<string> _paths;

    /// <summary>Reads what was placed so far.</summary>
    /// <param name="runDirectory">The directory of the run's record.</param>
    public PlacedFiles(string runDirectory)
    {
        File = Path.Combine(runDirectory, "placed");
        _paths = System.IO.File.Exists(File) ? [.. ByteText.Decode(System.IO.File.ReadAllBytes(File)).Split('\0', StringSplitOptions.RemoveEmptyEntries)] : [];
    }

    /// <summary>What was placed in a run's worktree; in a session's it stays from run to run, and so does the list.</summary>
    public static PlacedFiles Of(WorktreePlan plan, RunContext context) =>
        new(plan.Session is { } session ? new SessionStore(plan.Repository.StateDirectory).DirectoryOf(session.Value) : context.RecordDirectory);

    /// <summary>Where they are written down, each with a NUL at its end.</summary>
    public string File { get; }

    /// <summary>Relative to the top of the worktree.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Writes down what will be placed now.</summary>
    public void Add(IReadOnlyList<string> paths)
    {
        if (paths.Count > 0)
        {
            _paths.AddRange(paths);
            Sharing.CreateDirectory(Path.GetDirectoryName(File)!);
            System.IO.File.AppendAllBytes(File, ByteText.Encode(string.Concat(paths.Select(path => path + "\0"))));
            Sharing.ShareFile(File);
        }
    }
}
