namespace WorktreeIsolator.Configuration;

/// <summary>
/// A configuration file was refused. <see cref="Exception.Message"/> lists every mistake, one a line, in the order of the file.
/// </summary>
public sealed class ConfigException : WorktreeIsolatorException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="mistakes">What is wrong, at least one mistake.</param>
    public ConfigException(IReadOnlyList<ConfigMistake> mistakes)
        : base(FailureKind.Configuration, string.Join('\n', mistakes))
    {
        Mistakes = mistakes;
    }

    /// <summary>Everything that is wrong with the file; after a syntax error only that error.</summary>
    public IReadOnlyList<ConfigMistake> Mistakes { get; }
}
