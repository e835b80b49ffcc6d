using System.Collections;
using WorktreeIsolator.Processes;

namespace TestEngine;

/// <summary>The programs that an engine starts, and leaves behind.</summary>
internal static class Programs
{
    // Arguments: pid file or nothing, program to become, "stubborn" or nothing. What a shell ignores, the program that it becomes ignores.
    // Ten minutes, so that nothing stays for ever when a test fails.
    private const string Sleeper = """
        if [ -n "$3" ]; then trap '' INT TERM HUP; fi
        if [ -n "$1" ]; then echo $$ > "$1.new"; mv "$1.new" "$1"; fi
        exec "$2" 600
        """;

    /// <summary>Its own session, no environment, standard output and error still open.</summary>
    public static void StartDaemon(string pidFile, bool isStubborn) =>
        StartSleeper(pidFile, "sleep", isStubborn, [], ChildGroup.OwnSession);

    /// <summary>A daemon that the kernel lists under another name.</summary>
    public static void StartNamedDaemon(string name, string pidFile)
    {
        var program = Path.GetFullPath(name);
        if (!File.Exists(program))
        {
            File.CreateSymbolicLink(program, Executable.Resolve("sleep", "/", OwnEnvironment()));
        }

        StartSleeper(pidFile, program, isStubborn: false, OwnEnvironment(), ChildGroup.OwnSession);
    }

    /// <summary>An ordinary background child.</summary>
    public static void StartChild(string pidFile) =>
        StartSleeper(pidFile, "sleep", isStubborn: false, OwnEnvironment(), ChildGroup.Parent);

    public static void Commit(string message)
    {
        _ = Start(["git", "add", "-A"], OwnEnvironment(), ChildGroup.Parent).Wait();
        _ = Start(["git", "commit", "--quiet", "-m", message], OwnEnvironment(), ChildGroup.Parent).Wait();
    }

    private static void StartSleeper(
        string pidFile, string program, bool isStubborn, Dictionary<string, string> environment, ChildGroup group)
    {
        var sleeper = Start(["/bin/sh", "-c", Sleeper, "sh", pidFile, program, isStubborn ? "stubborn" : ""], environment, group);
        Pause.Until(() => ProcessEntry.Read(sleeper.Pid) is not { Name: "sh" });
    }

    private static ChildProcess Start(string[] argv, Dictionary<string, string> environment, ChildGroup group) =>
        ChildProcess.Start(new ChildStart
        {
            Argv = argv,
            WorkingDirectory = Path.GetFullPath("."),
            Environment = environment,
            Output = ChildOutput.Inherit,
            Error = ChildOutput.Inherit,
            Group = group,
        });

    private static Dictionary<string, string> OwnEnvironment() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
}
