using System.CommandLine;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>What a value names, so that a shell can complete it.</summary>
internal enum ValueKind
{
    /// <summary>Anything.</summary>
    Text,

    /// <summary>A file, which the shell itself knows best.</summary>
    File,

    /// <summary>A configured project.</summary>
    Project,

    /// <summary>A configured engine.</summary>
    Engine,

    /// <summary>A run's id, or a session's name.</summary>
    Run,

    /// <summary>A session's name.</summary>
    Session,

    /// <summary>One of a few words.</summary>
    Word,
}

/// <summary>An option with one value.</summary>
internal sealed class ValueOption : Option<string?>
{
    public ValueOption(string name, string valueName, string description, ValueKind kind = ValueKind.Text, params string[] words)
        : base(name)
    {
        HelpName = valueName;
        Description = description;
        Kind = kind;
        Words = words;
        Arity = ArgumentArity.ExactlyOne;
    }

    public ValueKind Kind { get; }

    /// <summary>The allowed words of <see cref="ValueKind.Word"/>.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The value; null if the option was not given.</summary>
    /// <exception cref="UsageException">It is none of the allowed words.</exception>
    public string? In(ParseResult line)
    {
        var value = line.GetValue(this);
        return value is null || Words.Count == 0 || Words.Contains(value) ? value : throw WrongWord(value);
    }

    private UsageException WrongWord(string value) => new(
        $"{Name} {value}: that is not allowed here.",
        Configuration.Suggestion.For(value, Words) is { } near ? $"Did you mean '{Name} {near}'?" : $"Allowed: {string.Join(", ", Words)}.");
}

/// <summary>A positional argument.</summary>
internal sealed class ValueArgument : Argument<string?>
{
    public ValueArgument(string name, string description, ValueKind kind, bool isRequired, params string[] words)
        : base(name)
    {
        Description = description;
        Kind = kind;
        Words = words;
        Arity = isRequired ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne;
    }

    public ValueKind Kind { get; }

    public IReadOnlyList<string> Words { get; }
}
