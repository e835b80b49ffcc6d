using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>Decides what runs: the command after <c>--</c>, else the engine that is named nearest.</summary>
internal static class EngineSelection
{
    /// <summary>Selects.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="project">The run's project.</param>
    /// <param name="trigger">What the configuration says of the run's trigger; null if nothing.</param>
    /// <param name="named">The value of <c>--engine</c>; null if it was not given.</param>
    /// <param name="command">What follows <c>--</c>; null if there is none.</param>
    public static EngineDefinition Select(
        ConfigFile config, ProjectConfig project, TriggerSettings? trigger, string? named, IReadOnlyList<string>? command)
    {
        if (command is not null)
        {
            if (named is not null)
            {
                throw new UsageException($"Both --engine {named} and a command after '--' were given.", "Leave one of the two out.");
            }

            return command.Count > 0
                ? EngineDefinition.From(command)
                : throw new UsageException("No command follows '--'.", "wt-run run -- COMMAND ARG…");
        }

        var name = named ?? trigger?.Engine ?? project.DefaultEngine ?? config.DefaultEngine;
        var known = string.Join(", ", config.Engines.Keys);
        if (name is null)
        {
            throw new UsageException(
                "Nothing says what to run: there is no command after '--', no --engine and no default_engine.",
                $"wt-run run -- COMMAND ARG…\nwt-run run --engine NAME --prompt TEXT, where NAME is one of {known}");
        }

        return config.Engines.TryGetValue(name, out var engine)
            ? EngineDefinition.From(engine)
            : throw new UsageException(
                $"There is no engine '{name}'.",
                Suggestion.For(name, config.Engines.Keys) is { } near ? $"Did you mean '{near}'? The engines are {known}." : $"The engines are {known}.");
    }
}
