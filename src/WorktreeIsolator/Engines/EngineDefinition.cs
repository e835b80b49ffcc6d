using System.Text;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Engines;

/// <summary>What runs in the run's directory: a configured engine, or a command given for this run alone.</summary>
public sealed record EngineDefinition
{
    private const string PromptPlaceholder = "{prompt}";
    private const string SessionPlaceholder = "{session}";

    /// <summary>The name of the configured engine; null for a command.</summary>
    public string? Name { get; private init; }

    /// <summary>Program and arguments; never a shell's business.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Variables added to the environment.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How long it may run; null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long it may be silent; null for no limit.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>How long it has to end after each signal.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many runs of it are active at once on this machine and for this user; null for no limit.</summary>
    public int? MaxParallel { get; private init; }

    /// <summary>Absolute path of a file that is locked with flock(2) while it runs; null for none.</summary>
    public string? Lock { get; private init; }

    /// <summary>Where the configuration says it; null if it does not.</summary>
    public ConfigPosition? LockPosition { get; private init; }

    /// <summary>How long to wait for <see cref="Lock"/>.</summary>
    public TimeSpan LockTimeout { get; private init; }

    /// <summary>A configured engine.</summary>
    public static EngineDefinition From(EngineConfig config) => new()
    {
        Name = config.Name,
        Command = config.Command,
        Env = config.Env,
        Timeout = config.Timeout,
        IdleTimeout = config.IdleTimeout,
        Grace = config.Grace,
        MaxParallel = config.MaxParallel,
        Lock = config.Lock,
        LockPosition = config.LockPosition,
        LockTimeout = config.LockTimeout,
    };

    /// <summary>A command given for one run.</summary>
    /// <param name="command">Program and arguments; taken as they are.</param>
    public static EngineDefinition From(IReadOnlyList<string> command) => new() { Command = command };

    /// <summary>An environment with the directory's variables and the engine's own; later ones win.</summary>
    internal Dictionary<string, string> AddTo(IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string>? directory = null)
    {
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        if (directory is not null)
        {
            foreach (var (name, value) in directory)
            {
                variables[name] = value;
            }
        }

        foreach (var (name, value) in Env)
        {
            variables[name] = value;
        }

        return variables;
    }

    /// <summary>Program, arguments and standard input for a prompt and a session.</summary>
    /// <param name="prompt">The text; null if there is none.</param>
    /// <param name="session">The session; null if there is none.</param>
    /// <exception cref="WorktreeIsolatorException">The prompt or the session is missing, or the prompt would be taken for an option.</exception>
    internal (IReadOnlyList<string> Argv, ReadOnlyMemory<byte>? Input) Invoke(string? prompt, SessionName? session)
    {
        if (Name is null)
        {
            return (Command, InputOf(prompt));
        }

        // Before the prompt is put in, which may say anything.
        var argv = InSession(session);
        if (!argv.Contains(PromptPlaceholder, StringComparer.Ordinal))
        {
            return (argv, InputOf(prompt));
        }

        if (prompt is null)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage, $"The engine '{Name}' needs a prompt: its command has {PromptPlaceholder} in it.", "Give one with --prompt TEXT, or --prompt - for standard input.");
        }

        // The text may come from a stranger's webhook; an engine would read '--dangerously…' as an option.
        if (prompt.StartsWith('-'))
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"The prompt begins with '-', and the engine '{Name}' would take it for an option.",
                $"Leave {PromptPlaceholder} out of the engine's command: the prompt then comes on standard input.");
        }

        return ([.. argv.Select(argument => argument == PromptPlaceholder ? prompt : argument)], null);
    }

    /// <summary>The name of a session is checked: it can be a part of an argument, and is no option.</summary>
    private IReadOnlyList<string> InSession(SessionName? session)
    {
        if (!Command.Any(argument => argument.Contains(SessionPlaceholder, StringComparison.Ordinal)))
        {
            return Command;
        }

        return session is { } name
            ? [.. Command.Select(argument => argument.Replace(SessionPlaceholder, name.Value, StringComparison.Ordinal))]
            : throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"The engine '{Name}' needs a session: its command has {SessionPlaceholder} in it.",
                "Give one with --session NAME, or use an engine without it.");
    }

    private static ReadOnlyMemory<byte>? InputOf(string? prompt) => prompt is null ? null : Encoding.UTF8.GetBytes(prompt);
}
