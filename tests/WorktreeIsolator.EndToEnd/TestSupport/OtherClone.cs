namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A clone in which someone else works on the same remote.</summary>
internal sealed class OtherClone
{
    private readonly Scratch _scratch;
    private readonly string _path;

    public OtherClone(Scratch scratch, string bare)
    {
        _scratch = scratch;
        _path = scratch.Path("other");
        scratch.Run(scratch.Root, "git", "clone", "--quiet", bare, _path).Expect(0);
    }

    /// <summary>A line for a shell: they write a file and push it to <c>main</c>, on top of what is there.</summary>
    public string Push(string file, string text = "theirs") =>
        $"(cd '{_path}' && git pull -q --rebase && echo '{text}' > {file} && git add {file} && git commit -qm \"Push {file}\" && git push -q origin HEAD:main)";

    /// <summary>They run a shell line.</summary>
    public void Run(string script) => _scratch.Run(_path, "sh", "-c", script).Expect(0);
}
