using System.CommandLine;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>One command of <c>wt-run</c>: what it takes, and what it does.</summary>
internal abstract class CliCommand : Command
{
    protected CliCommand(string name, string description)
        : base(name, description)
    {
        Add(Config);
        Add(Help);
    }

    /// <summary>Which configuration file to use.</summary>
    public ValueOption Config { get; } = new("--config", "FILE", "The configuration file (default: found from here).", ValueKind.File);

    public Flag Help { get; } = new("--help", "Shows this help.", "-h");

    /// <summary>Command lines that show the usual uses.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Whether a command for an engine may follow after <c>--</c>.</summary>
    public virtual bool TakesEngineCommand => false;

    /// <summary>The exit code for a command line that is wrong.</summary>
    public virtual int UsageErrorCode => ExitCodes.Usage;

    /// <summary>Does what the command is for.</summary>
    /// <returns>The exit code.</returns>
    public abstract int Execute(Invocation invocation);

    /// <summary>The exit code for something that could not be done.</summary>
    public virtual int CodeFor(WorktreeIsolatorException failure) => failure is UsageException ? UsageErrorCode : ExitCodes.Wrong;
}

/// <summary>One use of a command.</summary>
/// <param name="Line">The parsed command line.</param>
/// <param name="EngineCommand">What follows <c>--</c>; null if there is none.</param>
/// <param name="Surroundings">Where the program was called.</param>
internal sealed record Invocation(ParseResult Line, IReadOnlyList<string>? EngineCommand, Surroundings Surroundings);
