using System.CommandLine;
using WorktreeIsolator.Configuration;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>Parses a command line, and says what is wrong with it in one sentence and a hint.</summary>
internal static class CommandParser
{
    // An argument that begins with '@' is an argument, not a file to read arguments from.
    private static readonly ParserConfiguration Rules = new() { ResponseFileTokenReplacer = null };

    /// <summary>Parses.</summary>
    /// <param name="command">The command.</param>
    /// <param name="arguments">The command line; the command's name comes first.</param>
    /// <exception cref="UsageException">The command line is wrong. Not thrown if it asks for help.</exception>
    public static ParseResult Parse(CliCommand command, SplitArguments arguments)
    {
        var line = command.Parse(arguments.Own, Rules);
        if (command.Help.IsGiven(line))
        {
            return line;
        }

        RefuseValuesOfFlags(command, arguments.Own);

        // The parser takes an option that it does not know for a positional argument as long as one is free.
        var unknown = command.Arguments.SelectMany(argument => line.GetResult(argument)?.Tokens.Select(token => token.Value) ?? [])
            .Where(value => value.StartsWith('-'))
            .Concat(line.UnmatchedTokens)
            .ToList();
        if (unknown.Count > 0)
        {
            throw Unmatched(command, unknown);
        }

        if (line.Errors.Count > 0)
        {
            throw new UsageException(line.Errors[0].Message, HelpHint(command));
        }

        if (arguments.Command is not null && !command.TakesEngineCommand)
        {
            throw new UsageException($"'wt-run {command.Name}' takes no command after '--'.", HelpHint(command));
        }

        return line;
    }

    private static UsageException Unmatched(CliCommand command, List<string> tokens)
    {
        var option = tokens.Find(token => token.StartsWith('-'));
        if (option is null)
        {
            var more = command.TakesEngineCommand ? $" A command for the engine stands after '--': wt-run {command.Name} -- {tokens[0]}" : "";
            return new UsageException($"'wt-run {command.Name}' has no use for the argument '{tokens[0]}'.", HelpHint(command) + more);
        }

        var name = option.Split('=')[0];
        var near = Suggestion.For(name.TrimStart('-'), command.Options.Where(o => !o.Hidden).Select(o => o.Name.TrimStart('-')));
        var hint = near is not null ? $"Did you mean '--{near}'?"
            : command.TakesEngineCommand ? $"{HelpHint(command)} What is for the engine stands after '--': wt-run {command.Name} -- COMMAND {option}"
            : HelpHint(command);
        return new UsageException($"'wt-run {command.Name}' has no option '{name}'.", hint);
    }

    /// <summary>Otherwise the parser would take the <c>true</c> of <c>--worktree=true</c> for a positional argument.</summary>
    private static void RefuseValuesOfFlags(CliCommand command, IReadOnlyList<string> own)
    {
        foreach (var flag in command.Options.OfType<Flag>())
        {
            if (own.FirstOrDefault(word => word.StartsWith(flag.Name + "=", StringComparison.Ordinal)) is { } word)
            {
                throw new UsageException($"'{flag.Name}' takes no value, and '{word}' gives it one.", $"Write '{flag.Name}', or leave it out.");
            }
        }
    }

    private static string HelpHint(CliCommand command) => $"'wt-run {command.Name} --help' shows what it takes.";
}
