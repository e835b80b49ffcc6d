using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Each command says what is in the way and what to type, touches nothing, and works once that was typed.</summary>
public sealed class A_session_whose_worktree_or_branch_a_person_has_taken : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;
    private readonly RunRecord _first;

    public A_session_whose_worktree_or_branch_a_person_has_taken()
    {
        _repository = new TestRepository(_scratch);
        _first = _repository.RunInSession("chat", EngineScript.Commit("one")).Expect(0).Record;
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("run", false)]
    [InlineData("run", true)]
    [InlineData("land", false)]
    [InlineData("land", true)]
    [InlineData("drop", true)]
    public void Names_the_command_that_moves_the_worktree_back(string command, bool isUnlocked)
    {
        var there = _scratch.Path("else where");
        if (isUnlocked)
        {
            _repository.Git("worktree", "unlock", _first.Worktree!);
        }

        _repository.Git("worktree", "move", "--force", "--force", _first.Worktree!, there);
        File.WriteAllText(Path.Combine(there, "by-hand"), "mine");
        var back = $"git worktree move --force --force '{there}' {_first.Worktree}";

        var refused = Do(command).Expect(command == "run" ? 125 : 1).Error;
        Assert.Contains($"its worktree was moved to '{there}'.\n", refused, StringComparison.Ordinal);
        Assert.Contains($"hint: {back}\n", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("fatal:", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("made anew", refused, StringComparison.Ordinal);
        Assert.Equal($"left session chat: its worktree was moved to '{there}'; to go on with it, or to end it, first: {back}", Assert.Single(_repository.Prune(), item => item.Contains("session", StringComparison.Ordinal)));
        Assert.Contains(back, _repository.WtRun.Run("doctor").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("chat", _repository.WtRun.Run("list").Expect(0).Output, StringComparison.Ordinal);

        _scratch.Run(_repository.Path, "sh", "-c", back).Expect(0);
        Do(command).Expect(0);
        AssertHolds(command, "by-hand", "mine");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("land")]
    public void Goes_on_from_its_branch_where_mv_has_taken_the_worktree_and_says_where_the_rest_may_be(string command)
    {
        var there = _scratch.Path("elsewhere");
        Directory.Move(_first.Worktree!, there);
        File.WriteAllText(Path.Combine(there, "by-hand"), "mine");

        var went = Do(command).Expect(0);

        Assert.Contains($"The worktree of session 'chat' is gone ('{_first.Worktree}')", went.Error, StringComparison.Ordinal);
        Assert.Contains("If someone moved it with mv, what was not committed is where it is now", went.Error, StringComparison.Ordinal);
        AssertHolds(command, "one", "work");
        Assert.Equal("mine", File.ReadAllText(Path.Combine(there, "by-hand")));
    }

    [Theory]
    [InlineData("run", false)]
    [InlineData("run", true)]
    [InlineData("land", false)]
    [InlineData("drop", false)]
    [InlineData("drop", true)]
    public void Names_the_command_that_lets_its_branch_go(string command, bool isGone)
    {
        if (isGone)
        {
            _scratch.Run(_scratch.Root, "rm", "-rf", _first.Worktree!).Expect(0);
        }
        else
        {
            File.WriteAllText(Path.Combine(_first.Worktree!, "by-hand"), "mine");
        }

        _repository.Git("checkout", "--quiet", "--ignore-other-worktrees", "wt/session/chat");
        var worktrees = _repository.Worktrees;
        var free = $"git -C {_repository.Path} switch --detach";

        var refused = Do(command).Expect(command == "run" ? 125 : 1).Error;
        Assert.Contains($"its branch 'wt/session/chat' is checked out in '{_repository.Path}'.\n", refused, StringComparison.Ordinal);
        Assert.Contains($"hint: {free}\n", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("fatal:", refused, StringComparison.Ordinal);
        Assert.Contains($"is checked out in '{_repository.Path}'; to go on with it, or to end it, first: {free}", Assert.Single(_repository.Prune(), item => item.Contains("session chat", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(("", _first.MergeBack!.Commit, "refs/heads/wt/session/chat"), (_repository.Status, _repository.Head, _repository.Git("symbolic-ref", "HEAD")));
        Assert.Equal(worktrees, _repository.Worktrees);

        _scratch.Run(_repository.Path, "sh", "-c", free).Expect(0);
        Do(command).Expect(0);
        AssertHolds(command, isGone ? "one" : "by-hand", isGone ? "work" : "mine");
    }

    [Fact]
    public void Lands_from_its_branch_though_that_is_checked_out_elsewhere_if_the_worktree_is_gone()
    {
        _scratch.Run(_scratch.Root, "rm", "-rf", _first.Worktree!).Expect(0);
        _repository.Git("checkout", "--quiet", "--ignore-other-worktrees", "wt/session/chat");

        Assert.Contains("'wt/session/chat' is kept: it is checked out in", Do("land").Expect(0).Error, StringComparison.Ordinal);

        AssertHolds("land", "one", "work");
        Assert.Equal("", _repository.Status);
    }

    [Theory]
    [InlineData("run")]
    [InlineData("land")]
    public void Forgets_nothing_of_the_worktree_while_a_file_is_where_worktrees_are(string command)
    {
        File.WriteAllText(Path.Combine(_first.Worktree!, "by-hand"), "mine");
        Directory.Move(_repository[".worktrees"], _repository[".worktrees.aside"]);
        _repository.Write(".worktrees", "");

        Assert.Contains($"'{_repository[".worktrees"]}' is a file, and wt-run needs a directory there.", Do(command).Expect(command == "run" ? 125 : 1).Error, StringComparison.Ordinal);

        File.Delete(_repository[".worktrees"]);
        Directory.Move(_repository[".worktrees.aside"], _repository[".worktrees"]);
        Do(command).Expect(0);
        AssertHolds(command, "by-hand", "mine");
    }

    private Finished Do(string command) =>
        command == "run" ? _repository.WtRun.Run("run", "--session", "chat", "--", "touch", "more") : _repository.WtRun.Run(command, "chat");

    private void AssertHolds(string command, string file, string text) => Assert.Equal(
        text,
        _repository.Git("show", command switch { "run" => "wt/session/chat", "land" => "main", _ => "refs/wt-run/" + _repository.Runs().Single(run => run.MergeBack?.Result == MergeBackResult.Dropped).Id } + ":" + file));
}
