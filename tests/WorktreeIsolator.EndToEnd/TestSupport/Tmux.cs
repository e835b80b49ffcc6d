using System.Globalization;
using System.Text.RegularExpressions;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A terminal with a shell in it: tmux(1) keeps its screen, so what a person would see can be asked for. Disposing ends it.</summary>
internal sealed class Tmux : IDisposable
{
    private readonly Scratch _scratch;
    private readonly string _socket;

    public Tmux(Scratch scratch, string directory, int columns, int rows)
    {
        _scratch = scratch;
        _socket = scratch.Path("tmux");
        Call("-f", "/dev/null", "new-session", "-d", "-x", Number(columns), "-y", Number(rows), "-c", directory, "env PS1='$ ' sh").Expect(0);
        Call("set-option", "-g", "status", "off").Expect(0);
        Resize(columns, rows);
    }

    /// <summary>The lines of the screen, without spaces at their ends and empty lines at the bottom.</summary>
    public IReadOnlyList<string> Lines => Call("capture-pane", "-p").Expect(0).Output.TrimEnd('\n').Split('\n');

    /// <summary>Whether the program has not hidden it.</summary>
    public bool CursorIsShown => Call("display-message", "-p", "#{cursor_flag}").Expect(0).Output == "1\n";

    /// <summary>Types a line, with the key that ends it.</summary>
    public void Type(string line)
    {
        Call("send-keys", "-l", line).Expect(0);
        Call("send-keys", "Enter").Expect(0);
    }

    /// <summary>Presses Ctrl-C.</summary>
    public void Interrupt() => Call("send-keys", "C-c").Expect(0);

    public void Resize(int columns, int rows) => Call("resize-window", "-x", Number(columns), "-y", Number(rows)).Expect(0);

    /// <summary>Waits for a line of the screen.</summary>
    public Match AwaitLine(string pattern)
    {
        var regex = new Regex(pattern, RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var found = Match.Empty;
        Eventually.True(() => (found = Lines.Select(line => regex.Match(line)).FirstOrDefault(match => match.Success) ?? Match.Empty).Success, $"the terminal shows {pattern}");
        return found;
    }

    public void Dispose() => _ = Call("kill-server");

    private Finished Call(params IReadOnlyList<string> arguments) => _scratch.Run(_scratch.Root, ["tmux", "-S", _socket, .. arguments]);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
