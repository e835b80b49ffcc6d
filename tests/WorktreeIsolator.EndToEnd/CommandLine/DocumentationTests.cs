using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed partial class DocumentationTests : IDisposable
{
    private static readonly string Sources =
        typeof(DocumentationTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "sources").Value!;

    private static readonly string Page = File.ReadAllText(Path.Combine(Sources, "docs/cli.md"));

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_page_has_every_command_with_every_option_that_its_help_has()
    {
        var wtRun = new WtRun(_scratch, _scratch.Home);
        var commands = Command().Matches(wtRun.Run("--help").Expect(0).Output.Split("Options:")[0]).Select(match => match.Groups["name"].Value).ToList();

        Assert.Contains("run", commands);
        foreach (var command in commands)
        {
            var section = Assert.Single(Page.Split("\n## "), part => part.StartsWith(command + "\n", StringComparison.Ordinal));
            foreach (var option in Option().Matches(wtRun.Run(command, "--help").Expect(0).Output).Select(match => match.Groups["name"].Value))
            {
                var text = option is "--help" or "--config" ? Page : section;
                Assert.True(text.Contains(option, StringComparison.Ordinal), $"{command} {option}");
            }
        }
    }

    [Fact]
    public void The_tests_of_faults_are_there_for_every_fault()
    {
        var page = File.ReadAllText(Path.Combine(Sources, "docs/fault-tests.md"));
        var files = Directory.EnumerateFiles(Path.Combine(Sources, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(path => Path.GetFileNameWithoutExtension(path), File.ReadAllText, StringComparer.Ordinal);

        Assert.Equal(Enumerable.Range(1, 40), Fault().Matches(page).SelectMany(match => match.Groups["number"].Captures).Select(number => int.Parse(number.Value, CultureInfo.InvariantCulture)));
        Assert.All(TestName().Matches(page), match => Assert.True(
            files[match.Groups["file"].Value].Any(text => text.Contains($"public void {match.Groups["test"].Value}(", StringComparison.Ordinal)), match.Value));
    }

    [GeneratedRegex(@"^\| (?:(?<number>\d+)(?:, )?)+ \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fault();

    [GeneratedRegex(@"`(?<file>\w+Tests)\.(?<test>\w+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TestName();

    [GeneratedRegex("^  (?<name>[a-z]+) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Command();

    [GeneratedRegex("^  (?:-[a-z], )?(?<name>--[a-z-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Option();
}
