using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

/// <summary>Reads configurations that stand in the tests themselves.</summary>
internal static class Parsed
{
    public const string File = "/srv/conf/wt-run.toml";
    public const string Home = "/home/kim";

    public static ConfigFile From(string toml) => ConfigFile.Parse(toml, File, Home);

    /// <summary>The one project that the text describes, with a path if it has none.</summary>
    public static ProjectConfig Project(string keys) => From($"[projects.scout]\npath = \"scout\"\n{keys}").Projects["scout"];

    public static IReadOnlyList<ConfigMistake> Mistakes(string toml) =>
        Assert.Throws<ConfigException>(() => From(toml)).Mistakes;

    /// <summary>The text is refused with exactly one mistake, at that place and with that in its message.</summary>
    public static void IsRefused(string toml, int line, int column, string message)
    {
        var mistake = Assert.Single(Mistakes(toml));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
        Assert.Equal($"{File}:{line}:{column}", $"{mistake.File}:{mistake.Line}:{mistake.Column}");
    }
}
