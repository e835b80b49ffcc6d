using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_run_whose_record_someone_deletes : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_run_whose_record_someone_deletes() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    /// <summary>At that moment wt-run writes down that the engine has started.</summary>
    private string Delete => $"until rm -rf '{_repository[".git/wt-run"]}'; do :; done";

    [Fact]
    public void Says_where_its_work_is_and_how_to_take_it_over()
    {
        var run = _repository.RunInWorktree($"{EngineScript.Commit("one")}; echo two > two; {Delete}").Expect(125);

        var worktree = _repository.Worktrees[1];
        var branch = "wt/" + Path.GetFileName(worktree);
        Assert.Contains($"wt-run' held of it was deleted while it was under way. Its work is in the worktree '{worktree}', what it committed on the branch '{branch}'.\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Could not find", run.Error, StringComparison.Ordinal);
        Assert.Contains($"hint: git merge {branch}\n", run.Error, StringComparison.Ordinal);
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(worktree, "two")));
        _repository.Git("merge", "--quiet", branch);
        Assert.Equal("work\n", _repository.Read("one"));

        _repository.RunInWorktree("true").Expect(0);
    }

    [Fact]
    public void Says_it_in_place_too()
    {
        var run = _repository.WtRun.Run("run", "--no-worktree", "--", "sh", "-c", $"echo one > one; {Delete}").Expect(125);

        Assert.Contains($"wt-run' held of it was deleted while it was under way. What it made is in '{_repository.Path}'.\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Could not find", run.Error, StringComparison.Ordinal);
    }
}
