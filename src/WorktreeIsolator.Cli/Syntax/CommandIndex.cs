using WorktreeIsolator.Cli.Commands;
using WorktreeIsolator.Configuration;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>All commands by name. Only the one that is used is made: each costs start-up time.</summary>
internal static class CommandIndex
{
    private static readonly Dictionary<string, Func<CliCommand>> Makers = new(StringComparer.Ordinal)
    {
        ["run"] = () => new RunCommand(),
        ["list"] = () => new ListCommand(),
        ["show"] = () => new ShowCommand(),
        ["logs"] = () => new LogsCommand(),
        ["cancel"] = () => new CancelCommand(),
        ["land"] = () => new LandCommand(),
        ["drop"] = () => new DropCommand(),
        ["prune"] = () => new PruneCommand(),
        ["check"] = () => new CheckCommand(),
        ["doctor"] = () => new DoctorCommand(),
        ["init"] = () => new InitCommand(),
        ["completion"] = () => new CompletionCommand(),
    };

    /// <summary>The names that people use, in the order of the help.</summary>
    public static IEnumerable<string> Names => Makers.Keys;

    /// <summary>Makes a command.</summary>
    /// <exception cref="UsageException">There is no such command.</exception>
    public static CliCommand Make(string name)
    {
        if (name == CompleteCommand.HiddenName)
        {
            return new CompleteCommand();
        }

        if (Makers.TryGetValue(name, out var make))
        {
            return make();
        }

        var what = name.StartsWith('-') ? $"There is no option '{name}' before a command." : $"There is no command '{name}'.";
        throw new UsageException(
            what, Suggestion.For(name, Names) is { } near ? $"Did you mean 'wt-run {near}'?" : "'wt-run --help' lists the commands.");
    }
}
