using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class Artifacts : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Artifacts()
    {
        _repository = new TestRepository(_scratch);
        _repository.Commit(".gitignore", "reports/\n*.log\n.env\n");
    }

    public void Dispose()
    {
        // .NET cannot delete a file whose name is not UTF-8.
        _scratch.Run(_scratch.Root, "rm", "-rf", _repository[".git/wt-run/runs"]);
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(0, RunState.Succeeded)]
    [InlineData(3, RunState.Failed)]
    public void Are_kept_with_the_record_whatever_the_result(int exitCode, RunState state)
    {
        _repository.Configure("artifacts = [\"reports/**\", \"*.log\"]");

        var record = _repository.RunInWorktree(
            $"mkdir -p reports/deep; printf 12345 > reports/deep/a; echo b > top.log; echo c > other.txt; mkdir sub; echo d > sub/not.log; exit {exitCode}")
            .Expect(exitCode).Record;

        var path = _repository[$".git/wt-run/runs/{record.Id}/artifacts"];
        Assert.Equal((state, new ArtifactsInfo(path, 2, 7)), (record.State, record.Artifacts));
        Assert.Equal("12345", File.ReadAllText(Path.Combine(path, "reports/deep/a")));
        Assert.Equal(["reports", "top.log"], RepositoryState.Names(path));
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Contains($"2 artifacts (7 bytes) in {path}", _repository.WtRun.Run("show", record.Id).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Keep_their_modes_and_names_of_any_bytes_and_links_that_are_not_followed()
    {
        _repository.Configure("artifacts = [\"reports/**\"]");
        var outside = _scratch.Write("outside", "secret");

        var record = _repository.RunInWorktree(
            $"mkdir -p reports; cd reports; echo a > \"$(printf 'line\\nfeed')\"; echo b > \"$(printf 'raw\\377byte')\"; printf '#!/bin/sh\\n' > tool; "
            + $"chmod 750 tool; chmod 400 \"$(printf 'line\\nfeed')\"; ln -s '{outside}' link; ln -s nowhere broken; ln -s '{_scratch.Home}' home").Expect(0).Record;

        Assert.Equal(6, record.Artifacts?.Files);
        var names = _scratch.Run(Path.Combine(record.Artifacts!.Path, "reports"), "find", ".", "-printf", "%f %y %m %l\\0").Expect(0).OutputBytes;
        Assert.Equal(
            [". d 755 ", "broken l 777 nowhere", $"home l 777 {_scratch.Home}", "line\nfeed f 400 ", $"link l 777 {outside}", "raw\u00ffbyte f 644 ", "tool f 750 "],
            Encoding.Latin1.GetString(names).Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Fact]
    public void Are_not_what_was_placed_there_and_not_what_git_has()
    {
        _repository.Configure("copy = [\".env\"]", "link = [\"data.log\"]", "artifacts = [\"**\"]");
        _repository.Write(".env", "secret");
        _repository.Write("data.log", "big");

        var record = _repository.RunInWorktree("echo mine >> .env; echo forced > forced.log; git add -f forced.log; echo new > new; echo log > own.log").Expect(0).Record;

        Assert.Equal(["own.log"], RepositoryState.Names(record.Artifacts!.Path));
    }

    [Fact]
    public void That_do_not_exist_leave_no_trace()
    {
        _repository.Configure("artifacts = [\"reports/**\"]");

        var record = _repository.RunInWorktree("true").Expect(0).Record;

        Assert.Null(record.Artifacts);
        Assert.False(Directory.Exists(_repository[$".git/wt-run/runs/{record.Id}/artifacts"]));
    }

    [Fact]
    public void That_cannot_be_copied_keep_the_worktree_until_they_can()
    {
        _repository.Configure("artifacts = [\"reports/**\"]");
        var blocker = _scratch.Path("blocker");

        var record = _repository.RunInWorktree(
            $"mkdir reports; echo a > reports/a; touch work; echo '{_repository[".git/wt-run/runs"]}'/$WT_RUN_ID/artifacts > '{blocker}'; touch \"$(cat '{blocker}')\"")
            .Expect(0).Record;

        Assert.Equal((RunState.Succeeded, MergeBackResult.Landed, null), (record.State, record.MergeBack?.Result, record.Artifacts));
        Assert.StartsWith("its artifacts could not be copied: ", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.Contains(record.Warnings(), warning => warning.StartsWith("Not all artifacts could be copied: ", StringComparison.Ordinal));
        Assert.Equal("a\n", File.ReadAllText(Path.Combine(record.Worktree!, "reports/a")));
        Assert.Contains($"left worktree {record.Worktree}: kept on purpose: its artifacts", string.Join('\n', _repository.Prune()), StringComparison.Ordinal);
    }

    [Fact]
    public void That_are_a_repository_of_their_own_keep_the_worktree_only_where_a_pattern_means_all_of_it()
    {
        _repository.Configure("artifacts = [\"reports/**\"]");
        var kept = _repository.RunInWorktree("mkdir -p reports; git init -q reports/inner; echo a > reports/inner/a; echo b > reports/b").Expect(0).Record;
        Assert.Contains("'reports/inner/' is a repository of its own", kept.Kept?.Reason, StringComparison.Ordinal);
        Assert.Equal(1, kept.Artifacts?.Files);

        _repository.Write("wt-run.toml", "[projects.repo]\npath = \".\"\nartifacts = [\"**/*.log\"]\n");
        _repository.Git("commit", "-qam", "Other patterns");
        var gone = _repository.RunInWorktree("mkdir -p reports; git init -q reports/inner; echo a > reports/inner/a.log; echo b > reports/b.log").Expect(0).Record;
        Assert.Equal((1, null), (gone.Artifacts?.Files, gone.Kept));
    }

    [Fact]
    public void Of_a_run_whose_supervisor_was_killed_are_kept_too()
    {
        _repository.Configure("artifacts = [\"reports/**\"]");
        var gate = new Gate(_scratch);
        using var run = _repository.WtRun.Start("run", "--worktree", "--", "sh", "-c", $"mkdir reports; echo a > reports/a; {gate.Step}");
        gate.AwaitReached();
        run.Kill();

        var record = Assert.Single(_repository.Runs());

        Assert.Equal((RunState.Interrupted, 1), (record.State, record.Artifacts?.Files));
        Assert.Equal("a\n", File.ReadAllText(Path.Combine(record.Artifacts!.Path, "reports/a")));
        Assert.Equal([_repository.Path], _repository.Worktrees);
    }

    [Fact]
    public void Of_verify_are_kept_too()
    {
        var verify = _scratch.Script("verify", "mkdir -p reports; echo red > reports/verify; exit 1\n");
        _repository.Configure("artifacts = [\"reports/**\"]", $"verify = [\"{verify}\"]");

        var record = _repository.RunInWorktree("mkdir reports; echo a > reports/engine; echo work > work").Expect(120).Record;

        Assert.Equal(["engine", "verify"], RepositoryState.Names(Path.Combine(record.Artifacts!.Path, "reports")));
        Assert.Equal(2, _repository.Land(record).Expect(1).Record.Artifacts?.Files);
    }

    [Fact]
    public void That_nobody_asked_for_go_with_the_worktree_and_the_journal_names_them()
    {
        var record = _repository.RunInWorktree("mkdir reports; echo a > reports/a; echo b > b.log").Expect(0).Record;

        Assert.Equal(["What git ignores went with the worktree: b.log, reports/"], record.Events("ignored"));
        Assert.Null(record.Artifacts);
    }
}
