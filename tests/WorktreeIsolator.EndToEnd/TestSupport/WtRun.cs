using System.Reflection;
using System.Text;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>The built <c>wt-run</c>, started as a real process in one directory.</summary>
internal sealed class WtRun(Scratch scratch, string workingDirectory, string? variable = null, string? value = null)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Absolute path of the program.</summary>
    public static string Program { get; } = Path.GetFullPath(
        typeof(WtRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "wt-run").Value!);

    /// <summary>Where it is started.</summary>
    public string Directory => workingDirectory;

    /// <summary>The same with one more variable in its environment.</summary>
    public WtRun With(string name, string text) => new(scratch, workingDirectory, name, text);

    /// <summary>Runs it to its end.</summary>
    public Finished Run(params IReadOnlyList<string> arguments) => RunWithInput(null, arguments);

    /// <summary>Runs it to its end with a text on its standard input.</summary>
    public Finished RunWithInput(string? input, params IReadOnlyList<string> arguments)
    {
        string[] argv = [Program, .. arguments];
        var result = CapturedCommand.Run(StartOf(argv, input), Longest);
        return new Finished(argv, result);
    }

    /// <summary>Starts it and returns at once; dispose the result, which kills what still runs.</summary>
    public BackgroundRun Start(params IReadOnlyList<string> arguments)
    {
        string[] argv = [Program, .. arguments];
        return new BackgroundRun(argv, CapturedCommand.Start(StartOf(argv, null)));
    }

    /// <summary>Runs it to its end on a terminal of its own, whose output is what comes back.</summary>
    public Finished RunOnTerminal(params IReadOnlyList<string> arguments)
    {
        var command = string.Join(' ', arguments.Prepend(Program).Select(Quote));
        return scratch.Run(workingDirectory, "script", "--quiet", "--return", "--command", command, "/dev/null");
    }

    /// <summary>A word for a shell.</summary>
    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private ChildStart StartOf(string[] argv, string? input)
    {
        var start = scratch.StartOf(workingDirectory, argv) with { Input = input is null ? null : Encoding.UTF8.GetBytes(input) };
        return variable is null
            ? start
            : start with { Environment = new Dictionary<string, string>(start.Environment, StringComparer.Ordinal) { [variable] = value ?? "" } };
    }
}
