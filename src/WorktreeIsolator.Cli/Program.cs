using System.Globalization;
using WorktreeIsolator.Cli.Commands;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;

namespace WorktreeIsolator.Cli;

/// <summary>From the command line to an exit code.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var arguments = SplitArguments.From(args);
        CliCommand? command = null;
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                throw new WorktreeIsolatorException(FailureKind.System, "wt-run works on Linux only; it is neither built nor tested for this system.");
            }

            if (AnswerDirectly(arguments))
            {
                return ExitCodes.Success;
            }

            command = CommandIndex.Make(arguments.Own[0]);
            var line = CommandParser.Parse(command, arguments);
            if (command.Help.IsGiven(line))
            {
                StandardStreams.Out.WriteText(HelpText.Of(command));
                return ExitCodes.Success;
            }

            return command.Execute(new Invocation(line, arguments.Command, Surroundings.Read()));
        }
        catch (WorktreeIsolatorException e)
        {
            Failure.Tell(e.Message, e.Hint, arguments.WantsJson);
            return command?.CodeFor(e) ?? (e is UsageException ? ExitCodes.Usage : ExitCodes.Wrong);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failure.Tell(e.Message, "wt-run doctor   # looks at whose the files are, at locks and disks", arguments.WantsJson);
            return CodeForTrouble(arguments);
        }
#pragma warning disable CA1031 // The last line of defence: whatever it is, a person gets one line rather than a stack trace.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure.Tell(
                $"Something went wrong inside wt-run: {e.GetType().Name}: {e.Message}",
                "Please report it with the command line, this message and the output of 'wt-run --version'.",
                arguments.WantsJson);
            return CodeForTrouble(arguments);
        }
    }

    private static int CodeForTrouble(SplitArguments arguments) =>
        arguments.Own is [RunCommand.CommandName, ..] ? ExitCodes.RunFailed : ExitCodes.Wrong;

    /// <summary>What needs no command: help and version.</summary>
    private static bool AnswerDirectly(SplitArguments arguments)
    {
        switch (arguments.Own)
        {
            case [] when arguments.Command is not null:
                throw new UsageException("There is no command before '--'.", "To run something: wt-run run -- COMMAND");
            case [] or ["-h" or "--help" or "help"]:
                StandardStreams.Out.WriteText(HelpText.OfProgram());
                return true;
            case ["help", var name]:
                StandardStreams.Out.WriteText(HelpText.Of(CommandIndex.Make(name)));
                return true;
            case ["--version"]:
                StandardStreams.Out.WriteText(string.Create(
                    CultureInfo.InvariantCulture, $"wt-run {typeof(Program).Assembly.GetName().Version?.ToString(3)}\n"));
                return true;
            default:
                return false;
        }
    }
}
