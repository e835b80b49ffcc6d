using System.Runtime.InteropServices;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>
/// A place of its own for one test: a temporary directory with a home, XDG directories and a git configuration, and the environment in
/// which everything of the test runs. Disposing deletes it all, read-only directories too, and follows no symbolic link.
/// </summary>
internal sealed class Scratch : IDisposable
{
    private readonly Dictionary<string, string> _environment;

    public Scratch()
    {
        Root = System.IO.Directory.CreateTempSubdirectory("wt-run-test-").FullName;
        Home = Directory("home");
        _environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin",
            ["HOME"] = Home,
            ["XDG_CONFIG_HOME"] = Directory("home/.config"),
            ["XDG_STATE_HOME"] = Directory("home/.local/state"),
            ["XDG_CACHE_HOME"] = Directory("home/.cache"),
            ["XDG_DATA_HOME"] = Directory("home/.local/share"),
            ["TMPDIR"] = Directory("tmp"),
            ["LC_ALL"] = "C.UTF-8",
            ["TZ"] = "UTC",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = Path("gitconfig"),
            // The program is started by its own name, and its runtime may be installed where only `dotnet` itself finds it.
            ["DOTNET_ROOT"] = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
            ["DOTNET_NOLOGO"] = "1",
        };
        Write("gitconfig", "[user]\n\tname = Test Person\n\temail = test@example.org\n[init]\n\tdefaultBranch = main\n");
    }

    /// <summary>Absolute path of the temporary directory.</summary>
    public string Root { get; }

    public string Home { get; }

    /// <summary>What every process of the test gets; nothing of the machine's own but PATH.</summary>
    public IReadOnlyDictionary<string, string> Variables => _environment;

    /// <summary>Sets a variable for everything that is started from now on; null removes it.</summary>
    public void Set(string name, string? value)
    {
        if (value is null)
        {
            _environment.Remove(name);
        }
        else
        {
            _environment[name] = value;
        }
    }

    /// <summary>Absolute path of something in the temporary directory.</summary>
    public string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>Makes a directory; gives its absolute path.</summary>
    public string Directory(string relative) => System.IO.Directory.CreateDirectory(Path(relative)).FullName;

    /// <summary>Writes a file, with the directories above it; gives its absolute path.</summary>
    public string Write(string relative, string text)
    {
        var path = Path(relative);
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Writes a shell script that can be started; gives its absolute path.</summary>
    public string Script(string relative, string body)
    {
        string path;

        // A child that another test starts meanwhile has, until its execve(2), all that is open here: a file to be written in it cannot be executed (ETXTBSY).
        lock (KnownChildren.Gate)
        {
            path = Write(relative, "#!/bin/sh\n" + body);
        }

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return path;
    }

    /// <summary>Puts a directory of the test first in PATH.</summary>
    public void PutFirstInPath(string directory) => Set("PATH", $"{directory}:{Variables["PATH"]}");

    /// <summary>Runs a program to its end, whatever its exit code.</summary>
    public Finished Run(string workingDirectory, params IReadOnlyList<string> argv)
    {
        var result = CapturedCommand.Run(StartOf(workingDirectory, argv), TimeSpan.FromMinutes(2));
        return new Finished(argv, result);
    }

    /// <summary>Starts a program and returns at once; dispose the result, which kills what still runs.</summary>
    public BackgroundRun Start(string workingDirectory, params IReadOnlyList<string> argv) =>
        new(argv, CapturedCommand.Start(StartOf(workingDirectory, argv)));

    /// <summary>How to start a program here: with this environment, in a session of its own, with nothing on its standard input.</summary>
    public ChildStart StartOf(string workingDirectory, IReadOnlyList<string> argv) => new()
    {
        Argv = argv,
        WorkingDirectory = workingDirectory,
        Environment = new Dictionary<string, string>(Variables, StringComparer.Ordinal),
        Group = ChildGroup.OwnSession,
    };

    public void Dispose()
    {
        // Neither follows a symbolic link, and both can take names that are not UTF-8.
        const string Delete = """
            PATH=/usr/bin:/bin; rm -rf -- "$0" 2> /dev/null || { find "$0" -type d ! -perm -u=rwx -exec chmod u+rwx {} \; ; rm -rf -- "$0"; }
            """;

        EndWhatIsLeft();

        // A removed worktree is deleted by a process that nobody waits for.
        var tries = 0;
        while (Run("/", "/bin/sh", "-c", Delete, Root).ExitCode != 0 && ++tries < 100)
        {
        }

        RequireNoSubreaper();
    }

    /// <summary>A failed test leaves programs, and so does one that kills a wt-run and looks at what is told of that: its engine waits for ever.</summary>
    private void EndWhatIsLeft()
    {
        var home = System.Text.Encoding.UTF8.GetBytes($"HOME={Home}");
        foreach (var left in ProcessEntry.ReadAll().Values.Where(process => process.IsRunning && process.HasVariable(home)))
        {
            using var handle = ProcessHandle.Open(left);
            handle?.Send(Libc.SIGKILL);
        }
    }

    /// <summary>
    /// Whoever runs a <see cref="SupervisedCommand"/> in this process makes it the subreaper of all tests, and ends what others have left at work on
    /// purpose, such as the supervisor of a detached run.
    /// </summary>
    private static unsafe void RequireNoSubreaper()
    {
        const int GetChildSubreaper = 37; // PR_GET_CHILD_SUBREAPER
        var isSubreaper = 0;
        _ = Libc.Prctl(GetChildSubreaper, (nuint)(&isSubreaper), 0, 0, 0);
        if (isSubreaper != 0)
        {
            throw new InvalidOperationException("A test has run a supervised command in the process of all tests. It has to be started as a program, or tested where nothing is left at work.");
        }
    }
}
