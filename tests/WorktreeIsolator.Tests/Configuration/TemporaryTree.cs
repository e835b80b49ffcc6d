using WorktreeIsolator.Configuration;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Tests.Configuration;

/// <summary>A temporary directory for files and directories that only have to be there.</summary>
internal sealed class TemporaryTree : IDisposable
{
    // Canonical, so that paths compare equal even if the temporary directory is reached by a symlink.
    private readonly DirectoryInfo _top = new(CanonicalPath.Of(System.IO.Directory.CreateTempSubdirectory("wt-run-test-").FullName));

    public string At(string path) => Path.Combine(_top.FullName, path);

    public string Directory(string path) => System.IO.Directory.CreateDirectory(At(path)).FullName;

    /// <summary>Makes an empty file and the directories above it.</summary>
    public string File(string path)
    {
        _ = Directory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(At(path), "");
        return At(path);
    }

    public void Dispose() => _top.Delete(recursive: true);
}
