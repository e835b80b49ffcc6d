using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class The_directory_of_worktrees
{
    private static readonly byte[] Latin1 = [.. "caf"u8, 0xe9, (byte)'\n'];

    public static TheoryData<string, byte[]?> Excludes { get; } = new()
    {
        { "no file", null },
        { "an empty file", [] },
        { "a last line without an end", "*.tmp"u8.ToArray() },
        { "lines that end like on Windows", "*.tmp\r\n*.bak\r\n"u8.ToArray() },
        { "a byte order mark", Encoding.UTF8.GetPreamble().Concat("*.tmp\n"u8.ToArray()).ToArray() },
        { "names in another encoding", Latin1 },
    };

    [Theory]
    [MemberData(nameof(Excludes))]
    public void Is_excluded_once_and_the_rest_of_the_file_stays_byte_for_byte(string what, byte[]? content)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var exclude = repository[".git/info/exclude"];
        File.Delete(exclude);
        if (content is not null)
        {
            File.WriteAllBytes(exclude, content);
        }

        repository.RunInWorktree("true").Expect(0);
        var once = File.ReadAllBytes(exclude);
        repository.RunInWorktree("true").Expect(0);

        var separator = content is { Length: > 0 } && content[^1] != '\n' ? "\n" : "";
        Assert.True(once.AsSpan().StartsWith(content), what);
        Assert.Equal(separator + "/.worktrees/\n", Encoding.UTF8.GetString(once.AsSpan(content?.Length ?? 0)));
        Assert.Equal(once, File.ReadAllBytes(exclude));
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void Is_not_excluded_again_where_a_line_with_a_carriage_return_does_it_already()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        File.WriteAllText(repository[".git/info/exclude"], "/.worktrees/\r\n");

        repository.RunInWorktree("true").Expect(0);

        Assert.Equal("/.worktrees/\r\n", repository.Read(".git/info/exclude"));
        Assert.Equal("", repository.Status);
    }

    [Fact]
    public void Is_excluded_behind_a_link_to_a_shared_exclude_file()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var shared = scratch.Write("dotfiles/exclude", "*.tmp\n");
        File.Delete(repository[".git/info/exclude"]);
        File.CreateSymbolicLink(repository[".git/info/exclude"], shared);

        repository.RunInWorktree("true").Expect(0);

        Assert.Equal(shared, new FileInfo(repository[".git/info/exclude"]).LinkTarget);
        Assert.Equal("*.tmp\n/.worktrees/\n", File.ReadAllText(shared));
    }

    [Theory]
    [InlineData("../repo.worktrees")]
    [InlineData("build/trees")]
    [InlineData("odd [name] #1")]
    [InlineData("/absolute")]
    public void May_lie_inside_beside_or_anywhere_else(string setting)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var expected = setting[0] == '/' ? scratch.Path("elsewhere") : Path.GetFullPath(setting, repository.Path);
        repository.Configure($"worktrees_dir = \"{(setting[0] == '/' ? expected : setting)}\"");
        repository.Write("kept", "by the user\n");

        var record = repository.RunInWorktree("echo work > work; git -C " + repository.Path + " status --porcelain").Expect(0).Record;

        Assert.Equal(expected, Path.GetDirectoryName(record.Worktree));
        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Contains("?? kept\n", record.LogText(), StringComparison.Ordinal);
        Assert.DoesNotContain(record.LogText().Split('\n'), line => line.StartsWith("?? ", StringComparison.Ordinal) && line != "?? kept");
        Assert.Equal("?? kept", repository.Status);
        Assert.False(Path.Exists(record.Worktree));
    }

    [Theory]
    [InlineData(".", "is the repository itself")]
    [InlineData("..", "ancestor of the repository")]
    [InlineData("/", "directory or an ancestor of it")]
    [InlineData(".git", "inside '.git'")]
    [InlineData(".git/worktrees", "inside '.git'")]
    [InlineData("way-out/trees", "a symbolic link leads it to")]
    [InlineData("../way-into-git/x", "inside git's own directory")]
    [InlineData("../way-home", "it is the repository itself")]
    [InlineData("../way-up", "is a directory above the repository")]
    [InlineData("source", "git tracks files in")]
    public void Is_refused_where_it_would_do_harm(string setting, string why)
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        Directory.CreateSymbolicLink(repository["way-out"], scratch.Directory("outside"));
        Directory.CreateSymbolicLink(scratch.Path("way-into-git"), repository[".git"]);
        Directory.CreateSymbolicLink(scratch.Path("way-home"), repository.Path);
        Directory.CreateSymbolicLink(scratch.Path("way-up"), "/");
        _ = repository.Commit("source/code", "code\n");
        repository.Configure($"worktrees_dir = \"{setting}\"");
        var before = RepositoryState.Of(repository);

        var run = repository.RunInWorktree($"touch '{scratch.Path("ran")}'").Expect(125);

        Assert.Contains("worktrees_dir", run.Error, StringComparison.Ordinal);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.Equal(before, RepositoryState.Of(repository));
        Assert.Empty(RepositoryState.Names(scratch.Path("outside")));
        Assert.False(File.Exists(scratch.Path("ran")));
    }

    [Fact]
    public void Is_right_for_a_project_that_is_reached_through_a_link()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        Directory.CreateSymbolicLink(scratch.Path("link"), repository.Path);
        var config = scratch.Write("wt-run.toml", $"[projects.linked]\npath = \"{scratch.Path("link")}\"\nworktrees_dir = \"{scratch.Path("link/.worktrees")}\"\n");

        var record = new WtRun(scratch, scratch.Path("link")).Run(
            "run", "--config", config, "--worktree", "--json", "--", "sh", "-c", "echo work > work").Expect(0).Record;

        Assert.Equal(repository[".worktrees"], Path.GetDirectoryName(record.Worktree));
        Assert.Equal("work\n", repository.Read("work"));
        Assert.Equal("", repository.Status);
    }
}
