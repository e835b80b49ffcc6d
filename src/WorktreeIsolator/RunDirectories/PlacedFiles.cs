using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// What wt-run placed in a run's worktree by <c>copy</c> and <c>link</c>. It is written down beside the run's record before anything is
/// placed, because recovery and a later landing have to keep it out of commits too, in another process.
/// </summary>
internal sealed class PlacedFiles
{
    private readonly string _file;
    private readonly List<string> _paths;

    /// <summary>Reads what was placed so far.</summary>
    /// <param name="runDirectory">The directory of the run's record.</param>
    public PlacedFiles(string runDirectory)
    {
        _file = Path.Combine(runDirectory, "placed");
        _paths = File.Exists(_file) ? [.. ByteText.Decode(File.ReadAllBytes(_file)).Split('\0', StringSplitOptions.RemoveEmptyEntries)] : [];
    }

    /// <summary>Relative to the top of the worktree.</summary>
    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Writes down what will be placed now.</summary>
    public void Add(IReadOnlyList<string> paths)
    {
        if (paths.Count > 0)
        {
            _paths.AddRange(paths);
            File.AppendAllBytes(_file, ByteText.Encode(string.Concat(paths.Select(path => path + "\0"))));
        }
    }
}
