using System.CommandLine;
using System.Text;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>What <c>--help</c> prints.</summary>
internal static class HelpText
{
    private const int FirstColumn = 26;

    // Of the smallest terminal that people use.
    private const int Width = 80;

    /// <summary>Of the program.</summary>
    public static string OfProgram()
    {
        var text = new StringBuilder();
        text.Append(
            """
            Runs a coding agent or any command where it disturbs nobody: in a temporary
            git worktree whose work lands when it is done, or in place, one after another.

            Usage: wt-run COMMAND [options]

            Commands:

            """);
        foreach (var name in CommandIndex.Names)
        {
            Row(text, name, CommandIndex.Make(name).Description ?? "");
        }

        text.Append(
            """

            Options:
              --config FILE           The configuration file (default: found from here).
              -h, --help              Shows this help; after a command, that command's.
              --version               Shows the version.

            Examples:
              wt-run run --worktree -- make test        in a worktree; its work lands
              wt-run run scout --prompt "Fix the typo"  the project's engine, a prompt
              wt-run list                               what runs, ran, and needs you
              wt-run init                               writes a wt-run.toml

            """);
        return text.ToString();
    }

    /// <summary>Of one command.</summary>
    public static string Of(CliCommand command)
    {
        var text = new StringBuilder();
        text.Append(command.Description).Append("\n\nUsage: wt-run ").Append(command.Name);
        foreach (var argument in command.Arguments)
        {
            text.Append(' ').Append(argument.Arity.MinimumNumberOfValues > 0 ? argument.Name : $"[{argument.Name}]");
        }

        text.Append(" [options]").Append(command.TakesEngineCommand ? " [-- COMMAND ARG…]\n" : "\n");
        if (command.Arguments.Count > 0 || command.TakesEngineCommand)
        {
            text.Append("\nArguments:\n");
            foreach (var argument in command.Arguments)
            {
                Row(text, argument.Name, argument.Description ?? "");
            }

            if (command.TakesEngineCommand)
            {
                Row(text, "COMMAND ARG…", "What to run instead of a configured engine; taken as it is.");
            }
        }

        text.Append("\nOptions:\n");
        foreach (var option in command.Options.Where(o => !o.Hidden))
        {
            Row(text, Label(option), option.Description ?? "");
        }

        text.Append("\nExamples:\n");
        foreach (var example in command.Examples)
        {
            text.Append("  ").Append(example).Append('\n');
        }

        return text.ToString();
    }

    private static string Label(Option option)
    {
        var names = string.Join(", ", option.Aliases.Append(option.Name));
        return option.HelpName is { } value ? $"{names} {value}" : names;
    }

    private static void Row(StringBuilder text, string label, string description)
    {
        text.Append("  ").Append(label);
        var column = 2 + label.Length;
        if (column > FirstColumn - 2)
        {
            text.Append('\n');
            column = 0;
        }

        text.Append(' ', FirstColumn - column);
        column = FirstColumn;
        foreach (var word in description.Split(' '))
        {
            if (column > FirstColumn && column + 1 + word.Length > Width)
            {
                text.Append('\n').Append(' ', FirstColumn);
                column = FirstColumn;
            }
            else if (column > FirstColumn)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
