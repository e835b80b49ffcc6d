using System.Collections;
using System.Globalization;

namespace TestEngine;

/// <summary>The program's arguments: steps, each followed by its own arguments, done in order.</summary>
internal static class Script
{
    private const int UsageError = 64;

    private static readonly Dictionary<string, Action<Queue<string>>> Steps = new(StringComparer.Ordinal)
    {
        ["print"] = rest => Streams.Print(1, rest.Dequeue() + "\n"),
        ["err"] = rest => Streams.Print(2, rest.Dequeue() + "\n"),
        ["flood"] = rest => Streams.Flood(long.Parse(rest.Dequeue(), CultureInfo.InvariantCulture)),
        ["cat-stdin"] = rest => Streams.SaveInput(rest.Dequeue()),
        ["env"] = rest => WriteEnvironment(rest.Dequeue()),

        ["edit"] = rest => File.WriteAllText(NewFile(rest.Dequeue()), rest.Dequeue() + "\n"),
        ["append"] = rest => File.AppendAllText(NewFile(rest.Dequeue()), rest.Dequeue() + "\n"),
        ["touch"] = rest => File.WriteAllText(NewFile(rest.Dequeue()), ""),
        ["commit"] = rest => Programs.Commit(rest.Dequeue()),

        ["sleep"] = rest => Pause.For(TimeSpan.FromSeconds(double.Parse(rest.Dequeue(), CultureInfo.InvariantCulture))),
        ["wait-for"] = rest =>
        {
            var file = rest.Dequeue();
            Pause.Until(() => File.Exists(file));
        },

        ["ignore-signals"] = _ => Signals.Ignore(),
        ["signal-self"] = rest => Signals.Raise(Number(rest)),

        ["daemon"] = rest => Programs.StartDaemon(rest.Dequeue(), isStubborn: false),
        ["stubborn-daemon"] = rest => Programs.StartDaemon(rest.Dequeue(), isStubborn: true),
        ["named-daemon"] = rest => Programs.StartNamedDaemon(rest.Dequeue(), rest.Dequeue()),
        ["child"] = rest => Programs.StartChild(rest.Dequeue()),
        ["hold-pipe"] = _ => Programs.StartChild(pidFile: ""),

        ["tty-report"] = rest => Tty.Report(rest.Dequeue()),
        ["raw-mode"] = _ => Tty.EnterRawMode(),
    };

    public static int Run(string[] args)
    {
        var rest = new Queue<string>(args);
        while (rest.TryDequeue(out var step))
        {
            if (step == "exit")
            {
                return Number(rest);
            }

            if (!Steps.TryGetValue(step, out var act))
            {
                Streams.Print(2, $"test-engine: unknown step '{step}'\n");
                return UsageError;
            }

            act(rest);
        }

        return 0;
    }

    private static int Number(Queue<string> rest) => int.Parse(rest.Dequeue(), CultureInfo.InvariantCulture);

    private static string NewFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return path;
    }

    private static void WriteEnvironment(string file)
    {
        var lines = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => $"{e.Key}={e.Value}");
        Streams.Publish(file, string.Join('\n', lines.Order(StringComparer.Ordinal)) + "\n");
    }
}
