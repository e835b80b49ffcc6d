using System.Text.RegularExpressions;
using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public partial class DocumentationTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(RepositoryTop(), "docs", "configuration.md"));

    [Fact]
    public void The_complete_example_is_right()
    {
        var toml = s_page.Split("```toml\n")[1].Split("```")[0];
        var file = Parsed.From(toml);
        Assert.Equal(("scout", "claude"), (file.Triggers.Crons[0].Project, file.Triggers.Webhooks[0].Engine));
        Assert.Empty(file.Warnings);
    }

    [Theory]
    [InlineData("[projects.scout]\npath = '/s'\nx = 1", "## `[projects.NAME]`")]
    [InlineData("[projects.scout]\npath = '/s'\npool.no_such_key = 1", "### `[projects.NAME.pool]`")]
    [InlineData("[engines.claude]\nno_such_key = 1", "## `[engines.NAME]`")]
    [InlineData("[triggers.server]\nno_such_key = 1", "### `[triggers.server]`")]
    [InlineData("[retention]\nno_such_key = 1", "## `[retention]`")]
    [InlineData("[host]\nno_such_key = 1", "## `[host]`")]
    public void Every_key_that_a_table_allows_is_described(string toml, string heading)
    {
        // The message for an unknown key that resembles none lists all that are allowed.
        var allowed = Quoted().Matches(Parsed.Mistakes(toml)[^1].Message.Split("allowed are")[1]).Select(m => m.Groups["key"].Value);
        var section = s_page.Split(heading + "\n")[1].Split("\n## ")[0];
        Assert.All(allowed, key => Assert.True(section.Contains($"| `{key}` |") || section.Contains($".{key}]"), key));
    }

    private static string RepositoryTop()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "WorktreeIsolator.sln")))
        {
            directory = Path.GetDirectoryName(directory)!;
        }

        return directory;
    }

    [GeneratedRegex("'(?<key>[a-z_]+)'", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quoted();
}
