namespace WorktreeIsolator.Cli.Syntax;

/// <summary>
/// The command line, split at the first <c>--</c> before anything reads it: what follows is a command for the engine, and no parser of ours
/// has any business there.
/// </summary>
/// <param name="Own">What is for wt-run.</param>
/// <param name="Command">What follows <c>--</c>; null if there is none.</param>
internal sealed record SplitArguments(IReadOnlyList<string> Own, IReadOnlyList<string>? Command)
{
    private const string ConfigOption = "--config";

    /// <summary>Whether the result is wanted as JSON; known before anything is parsed, so that a wrong command line can be told as JSON too.</summary>
    public bool WantsJson => Own.Contains("--json");

    /// <summary>Splits.</summary>
    public static SplitArguments From(string[] args)
    {
        var at = Array.IndexOf(args, "--");
        return at < 0
            ? new SplitArguments(CommandFirst(args), null)
            : new SplitArguments(CommandFirst(args[..at]), args[(at + 1)..]);
    }

    /// <summary>Lets <c>wt-run --config FILE list</c> mean the same as <c>wt-run list --config FILE</c>.</summary>
    private static string[] CommandFirst(string[] own) => own switch
    {
        [ConfigOption, var file, var command, .. var rest] => [command, ConfigOption, file, .. rest],
        [var option, var command, .. var rest] when option.StartsWith(ConfigOption + "=", StringComparison.Ordinal) => [command, option, .. rest],
        _ => own,
    };
}
