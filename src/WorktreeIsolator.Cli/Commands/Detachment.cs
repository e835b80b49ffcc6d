using System.Text;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>
/// <c>run --detach</c>: the same command line again, in a process that outlives this one. It decides and publishes the run as always;
/// this process passes on what it says until then, and its exit code if it comes to nothing.
/// </summary>
internal static class Detachment
{
    /// <summary>The option that tells the second process that it is the second one.</summary>
    public const string SupervisorOption = "--detached-supervisor";

    /// <summary>Starts the run.</summary>
    /// <param name="here">Where the program was called.</param>
    /// <param name="input">What is on standard input for the run; null for nothing.</param>
    /// <param name="asJson">Whether a failure is wanted as JSON.</param>
    /// <returns>0 once the run is published; else the exit code with which it was refused.</returns>
    public static int Start(Surroundings here, byte[]? input, bool asJson)
    {
        // Until an id is told, Ctrl-C means the run: it is in a session that it does not reach. A hangup does not mean it.
        using var signals = new CancelSignals(static _ => { }, alsoHangup: false);
        var start = DetachedProcess.Start(CommandLineAgain(), here.CurrentDirectory, here.Environment, input, signals.Cancel, signals.Kill);
        StandardStreams.Error.TryWrite(start.Error);
        StandardStreams.Out.Write(start.Output);
        if (start.ExitCode is not { } code)
        {
            return ExitCodes.Success;
        }

        if (start.Error.Length > 0)
        {
            return code == ExitCodes.Success ? ExitCodes.RunFailed : code;
        }

        Failure.Tell($"The wt-run process that was to supervise the run ended before it had said anything (exit code {code}).", "wt-run list", asJson);
        return ExitCodes.RunFailed;
    }

    /// <summary>Word for word, whatever the bytes, also where the program is run by <c>dotnet</c>; the option stands before a command for the engine.</summary>
    private static List<string> CommandLineAgain()
    {
        var words = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[1..^1].ToList();
        var end = words.IndexOf("--");
        words.Insert(end < 0 ? words.Count : end, SupervisorOption);
        words.Insert(0, Environment.ProcessPath!);
        return words;
    }
}
