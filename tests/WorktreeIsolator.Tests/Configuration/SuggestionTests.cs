using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class SuggestionTests
{
    private static readonly string[] s_known = ["worktrees_dir", "worktree_base", "setup", "setup_timeout", "copy", "link", "ff"];

    [Theory]
    [InlineData("worktree_dir", "worktrees_dir")]
    [InlineData("worktrees-dir", "worktrees_dir")]
    [InlineData("WORKTREES_DIR", "worktrees_dir")]
    [InlineData("worktreebase", "worktree_base")]
    [InlineData("stepu", "setup")]
    [InlineData("cpoy", "copy")]
    [InlineData("setuptimout", "setup_timeout")]
    [InlineData("f", "ff")]
    public void The_nearest_known_name_is_suggested(string wrong, string meant) => Assert.Equal(meant, Suggestion.For(wrong, s_known));

    [Theory]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("zebra")]
    [InlineData("merge_target")]
    public void A_name_that_is_far_from_all_gets_no_suggestion(string wrong) => Assert.Null(Suggestion.For(wrong, s_known));
}
