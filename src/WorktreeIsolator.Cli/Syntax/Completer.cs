using System.CommandLine;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Cli.Syntax;

/// <summary>Finds what may stand where the cursor is. Whatever goes wrong, it finds nothing: a person who presses Tab wants no error.</summary>
internal sealed class Completer(Surroundings here)
{
    private static readonly (string Word, string Description) Files = (":file", "");
    private static readonly (string Word, string Description) Programs = (":command", "");

    /// <summary>Candidates that begin with the last word.</summary>
    /// <param name="typed">The words after the program's name, the last one as far as it is typed.</param>
    public IEnumerable<(string Word, string Description)> Complete(IReadOnlyList<string> typed)
    {
        var words = WithoutEqualsSigns(typed);
        var current = words.Count == 0 ? "" : words[^1];
        var before = words.Take(Math.Max(0, words.Count - 1)).ToList();
        var separator = before.IndexOf("--");
        if (separator >= 0)
        {
            return [separator == before.Count - 1 ? Programs : Files];
        }

        try
        {
            return Candidates(before, current).Where(c => c.Word[0] == ':' || c.Word.StartsWith(current, StringComparison.Ordinal)).ToList();
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>bash makes three words of <c>--engine=cl</c>.</summary>
    private static List<string> WithoutEqualsSigns(IReadOnlyList<string> typed)
    {
        var words = new List<string>();
        for (var i = 0; i < typed.Count; i++)
        {
            var isSign = typed[i] == "=" && i > 0 && typed[i - 1].StartsWith("--", StringComparison.Ordinal);
            if (!isSign || i == typed.Count - 1)
            {
                words.Add(isSign ? "" : typed[i]);
            }
        }

        return words;
    }

    private IEnumerable<(string Word, string Description)> Candidates(List<string> before, string current)
    {
        string? config = null;
        var at = 0;
        while (at + 1 < before.Count && before[at] == "--config")
        {
            config = before[at + 1];
            at += 2;
        }

        if (at < before.Count && before[at] == "--config")
        {
            return [Files];
        }

        return at >= before.Count
            ? CommandIndex.Names.Select(name => (name, CommandIndex.Make(name).Description ?? "")).Concat([("--config", ""), ("--help", ""), ("--version", "")])
            : InCommand(CommandIndex.Make(before[at]), before[(at + 1)..], current, config);
    }

    private IEnumerable<(string Word, string Description)> InCommand(CliCommand command, List<string> before, string current, string? config)
    {
        var positionals = 0;
        ValueOption? open = null;
        foreach (var word in before)
        {
            if (open is not null)
            {
                config = open == command.Config ? word : config;
                open = null;
            }
            else if (word.StartsWith('-'))
            {
                open = command.Options.OfType<ValueOption>().FirstOrDefault(option => option.Name == word);
            }
            else
            {
                positionals++;
            }
        }

        if (open is not null)
        {
            return Values(open.Kind, open.Words, config);
        }

        var options = command.Options.Where(o => !o.Hidden).Select(o => (o.Name, o.Description ?? ""));
        if (current.StartsWith('-'))
        {
            return options;
        }

        return command.Arguments.ElementAtOrDefault(positionals) is ValueArgument argument ? Values(argument.Kind, argument.Words, config) : options;
    }

    private IEnumerable<(string Word, string Description)> Values(ValueKind kind, IReadOnlyList<string> words, string? config) => kind switch
    {
        ValueKind.File => [Files],
        ValueKind.Word => words.Select(word => (word, "")),
        ValueKind.Project => ConfigurationSource.Load(config, here).Projects.Values.Select(project => (project.Name, project.Path)),
        ValueKind.Engine => ConfigurationSource.Load(config, here).Engines.Values.Select(engine => (engine.Name, ShellWords.Command(engine.Command))),
        ValueKind.Run => KnownProjects.Find(config, here).Stores
            .SelectMany(known => known.Store.ReadAll())
            .OrderByDescending(record => record.CreatedAt)
            .Select(r => (r.Id, $"{Records.RecordWriter.NameOf(r.State)}, {r.Project}, {r.Trigger}, {Words.Age(r.CreatedAt)}"))
            .Concat(Sessions(config)),
        ValueKind.Session => Sessions(config),
        _ => [],
    };

    private IEnumerable<(string Word, string Description)> Sessions(string? config) => KnownProjects.Find(config, here).Stores
        .SelectMany(known => known.Store.Sessions.ReadAll())
        .Select(session => (session.Name, $"session on {session.Branch}, used {Words.Age(session.LastUsedAt)}"));
}
