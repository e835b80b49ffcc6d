namespace WorktreeIsolator.Processes;

/// <summary>What people call a program, from its command line: <c>node /usr/bin/claude.js -p</c> is node to the kernel and claude to everyone else.</summary>
internal static class ProgramNames
{
    /// <summary>What we are called ourselves.</summary>
    public const string WtRun = "wt-run";

    /// <summary>Programs that run a script: which of their options come with a program instead, and which take the next argument as their value.</summary>
    private static readonly Dictionary<string, (string[] Code, string[] TakingValues)> Interpreters = new(StringComparer.Ordinal)
    {
        ["node"] = (["-e", "--eval", "-p", "--print", "-pe"], ["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"]),
        ["deno"] = ([], ["-c", "--config", "--import-map", "--lock"]),
        ["bun"] = (["-e", "--eval", "-p", "--print"], ["-r", "--preload", "--cwd", "-c", "--config"]),
        ["python"] = (["-c"], ["-W", "-X"]),
        ["ruby"] = (["-e"], ["-I", "-r", "-C"]),
        ["perl"] = (["-e", "-E", "-ne", "-pe"], []),
        ["php"] = (["-r"], ["-c", "-d"]),
        ["dotnet"] = ([], []),
        ["sh"] = (["-c", "-s"], ["-o"]),
        ["bash"] = (["-c", "-s"], ["-o", "-O", "--rcfile", "--init-file"]),
        ["dash"] = (["-c", "-s"], ["-o"]),
        ["zsh"] = (["-c", "-s"], ["-o"]),
        ["fish"] = (["-c"], []),
    };

    /// <summary>Words with which these name what they do, before the script.</summary>
    private static readonly string[] Subcommands = ["run", "exec"];

    /// <summary>The names: of the program, and if that is an interpreter of its script, with and without extension.</summary>
    /// <param name="argv">The command line as the process shows it.</param>
    public static IReadOnlyList<string> Of(IReadOnlyList<string> argv)
    {
        if (argv.Count == 0)
        {
            return [];
        }

        // A login shell's name begins with a dash.
        var program = Path.GetFileName(argv[0]).TrimStart('-');
        var interpreter = program.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        return Interpreters.TryGetValue(interpreter, out var options) && ScriptIn(argv, interpreter, options.Code, options.TakingValues) is { Length: > 0 } script
            ? [program, script, Path.GetFileNameWithoutExtension(script)]
            : [program];
    }

    private static string? ScriptIn(IReadOnlyList<string> argv, string interpreter, string[] code, string[] takingValues)
    {
        for (var i = 1; i < argv.Count; i++)
        {
            var argument = argv[i];
            if (Array.IndexOf(code, argument) >= 0)
            {
                return null;
            }

            if (argument is "-m" && interpreter == "python")
            {
                return i + 1 < argv.Count ? argv[i + 1] : null;
            }

            var isSubcommand = i == 1 && (interpreter is "deno" or "bun" or "dotnet") && Array.IndexOf(Subcommands, argument) >= 0;
            if (Array.IndexOf(takingValues, argument) >= 0)
            {
                i++;
            }
            else if (!argument.StartsWith('-') && !isSubcommand)
            {
                return Path.GetFileName(argument);
            }
        }

        return null;
    }
}
