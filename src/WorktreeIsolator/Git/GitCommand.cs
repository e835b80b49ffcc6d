using System.Text;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.Git;

/// <summary>What a git command printed and how it ended.</summary>
internal sealed record GitResult(int ExitCode, byte[] RawOutput, string Error)
{
    private string? _output;

    public bool Succeeded => ExitCode == 0;

    /// <summary>Whether a signal ended it. (129 may be SIGHUP, but is what git says to a wrong option; 255 is what it says when a hook refuses a ref.)</summary>
    public bool WasKilled => IsSignal(ExitCode);

    /// <summary>Whether an exit code is 128 and a signal.</summary>
    public static bool IsSignal(int exitCode) => exitCode is > 129 and <= 128 + 64;

    /// <summary>Standard output, without the line end at its end; names in it may be any bytes (<see cref="ByteText"/>).</summary>
    public string Output => _output ??= ByteText.Decode(RawOutput).TrimEnd('\n');

    /// <summary>The fields of NUL-terminated output.</summary>
    public string[] Fields => ByteText.Decode(RawOutput).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>
/// git at one place, with one environment. The only code that starts git: every variable that could point git elsewhere is
/// removed, nothing can prompt, and git runs in a session of its own, so that neither Ctrl-C on our terminal nor a signal to our
/// process group can end it half-way.
/// </summary>
internal sealed record GitCommand
{
    /// <summary>For commands that only touch metadata; those that write a user's files have none.</summary>
    public static readonly TimeSpan MetadataTimeout = TimeSpan.FromMinutes(2);

    /// <summary>For commands that read or write all files of a run's worktree: filters may fetch them from somewhere, and may hang.</summary>
    public static readonly TimeSpan ContentTimeout = TimeSpan.FromMinutes(30);

    /// <summary>For commands that talk to a remote.</summary>
    public static readonly TimeSpan NetworkTimeout = TimeSpan.FromMinutes(10);

    // A worktree that someone is just adding has an empty commondir for a moment, and every command that looks at all worktrees (worktree
    // list, fetch, rebase) dies of it before it does anything (git 2.39). If it stays, someone was killed, and git's message is the right one.
    private const int TriesOfLook = 20;

    // Who kills a git that only reads, as the kernel does when memory runs out, has changed nothing, and no answer must not be taken for a no.
    private const int TriesOfKilledLook = 3;

    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(5);

    // Whose git was killed undoes what that left, but on a busy machine not within milliseconds.
    private static readonly TimeSpan LongestPauseBetweenLooks = TimeSpan.FromMilliseconds(50);

    // What `git rev-parse --local-env-vars` prints (git 2.39), and what else changes which repository or objects git sees.
    private static readonly string[] LocalVariables =
    [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_OBJECT_DIRECTORY", "GIT_DIR",
        "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
        "GIT_PREFIX", "GIT_INTERNAL_SUPER_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH",
        "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_REFLOG_ACTION",
        "GIT_DEFAULT_HASH", "GIT_EXTERNAL_DIFF",
    ];

    private GitCommand(string directory, IReadOnlyDictionary<string, string> environment)
    {
        Directory = directory;
        Environment = environment;
    }

    /// <summary>Where git starts.</summary>
    public string Directory { get; private init; }

    public IReadOnlyDictionary<string, string> Environment { get; private init; }

    /// <summary>Arguments before the subcommand. An order file that is missing would stop even <c>git status</c> (git 2.39).</summary>
    private IReadOnlyList<string> Options { get; init; } = ["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "diff.orderFile=/dev/null"];

    private TimeSpan? Timeout { get; init; } = MetadataTimeout;

    private ReadOnlyMemory<byte>? Input { get; init; }

    private CancellationToken Cancellation { get; init; }

    private bool OnlyReads { get; init; }

    /// <summary>git that finds its repository from <paramref name="directory"/>; never a run's directory.</summary>
    public static GitCommand In(string directory, IReadOnlyDictionary<string, string> environment)
    {
        var variables = Scrub(environment);
        variables["LC_ALL"] = "C";
        variables["GIT_TERMINAL_PROMPT"] = "0";
        variables.TryAdd("GIT_ASKPASS", "true");
        variables.TryAdd("SSH_ASKPASS", "true");
        if (!variables.ContainsKey("GIT_SSH") && !variables.ContainsKey("GIT_SSH_COMMAND"))
        {
            variables["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes";
        }

        return new GitCommand(directory, variables);
    }

    /// <summary>A copy of an environment without what could point git to another repository.</summary>
    public static Dictionary<string, string> Scrub(IReadOnlyDictionary<string, string> environment)
    {
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        foreach (var name in LocalVariables)
        {
            variables.Remove(name);
        }

        return variables;
    }

    /// <summary>The same git, started somewhere else.</summary>
    public GitCommand At(string directory) => this with { Directory = directory };

    /// <summary>The same git for one linked worktree, named by its admin directory: no discovery, whatever its files say.</summary>
    public GitCommand ForWorktree(string adminDirectory, string path) => With("GIT_DIR", adminDirectory).With("GIT_WORK_TREE", path);

    public GitCommand With(string variable, string value) =>
        this with { Environment = new Dictionary<string, string>(Environment, StringComparer.Ordinal) { [variable] = value } };

    /// <summary>
    /// Named as a run's, so that it is ended with the run if the supervisor dies: recovery undoes what the run made, and nobody may still be making it then.
    /// Not for a git that writes a user's files; recovery waits for that one.
    /// </summary>
    public GitCommand OfRun(string id) => With(ProcessTree.RunIdVariable, id);

    /// <summary>With a configuration value for this command alone.</summary>
    public GitCommand Configured(string key, string value) => this with { Options = [.. Options, "-c", $"{key}={value}"] };

    /// <summary>A command that only reads must take no lock, or it could make a user's own command fail.</summary>
    public GitCommand ReadOnly() => With("GIT_OPTIONAL_LOCKS", "0") with { OnlyReads = true };

    /// <summary>With no hook of the repository.</summary>
    public GitCommand WithoutHooks() => Configured("core.hooksPath", "/dev/null");

    public GitCommand WithTimeout(TimeSpan? timeout) => this with { Timeout = timeout };

    /// <summary>With a token that ends every command that is given no other.</summary>
    public GitCommand EndedBy(CancellationToken cancellation) => this with { Cancellation = cancellation };

    public GitCommand WithInput(string text) => this with { Input = ByteText.Encode(text) };

    /// <summary>Runs git to its end, whatever its exit code.</summary>
    public GitResult Try(IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var started = Begin(arguments);
            var result = started.Finish(cancellation);
            if (result.WasKilled && OnlyReads && attempt < TriesOfKilledLook)
            {
                continue;
            }

            if (attempt == TriesOfLook || !MetHalfMadeWorktree(result))
            {
                return result;
            }

            var pause = PauseBetweenLooks * attempt;
            Waiting.Pause(pause < LongestPauseBetweenLooks ? pause : LongestPauseBetweenLooks, cancellation);
        }
    }

    /// <summary>Runs git to its end.</summary>
    /// <exception cref="GitException">Its exit code was not 0.</exception>
    public GitResult Run(IReadOnlyList<string> arguments, CancellationToken cancellation = default)
    {
        var result = Try(arguments, cancellation);
        return result.Succeeded ? result : throw new GitException(arguments, result.ExitCode, result.Error);
    }

    /// <summary>Starts git and returns at once, so that several may run side by side.</summary>
    public Started Begin(IReadOnlyList<string> arguments)
    {
        try
        {
            var child = CapturedCommand.Start(new ChildStart
            {
                Argv = ["git", .. Options, .. arguments],
                WorkingDirectory = Directory,
                Environment = Environment,
                Input = Input,
                Group = ChildGroup.OwnSession,
            });
            return new Started(child, arguments, Timeout, Environment.GetValueOrDefault("GIT_WORK_TREE") ?? Directory, Cancellation);
        }
        catch (WorktreeIsolatorException e) when (e.Kind is FailureKind.EngineNotFound or FailureKind.EngineNotExecutable)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Git, $"git cannot be started: {e.Message}", "Install git 2.38 or newer and see that it is in PATH.", e);
        }
    }

    private static bool MetHalfMadeWorktree(GitResult result) => result.ExitCode == 128
        && result.Error.Contains("fatal: failed to read ", StringComparison.Ordinal)
        && result.Error.Contains("/commondir: Success", StringComparison.Ordinal)
        || result.ExitCode is 1 or 128 && result.Error.Contains("bad object worktrees/", StringComparison.Ordinal);

    /// <summary>A git command under way.</summary>
    internal sealed class Started(
        CapturedCommand command, IReadOnlyList<string> arguments, TimeSpan? timeout, string writesTo, CancellationToken endedBy) : IDisposable
    {
        private const long NothingToSpeakOf = 1 << 20;

        public GitResult Finish(CancellationToken cancellation = default)
        {
            var result = command.Finish(timeout, cancellation.CanBeCanceled ? cancellation : endedBy);
            var error = Encoding.UTF8.GetString(result.Error);
            return result.TimedOut
                ? throw new GitException(arguments, result.ExitCode, $"{error}It was ended after {timeout!.Value.TotalSeconds:0} s.")
                : new GitResult(result.ExitCode, result.Output, result.ExitCode == 0 ? error : WithReason(error));
        }

        /// <summary>Of a file that it cannot write git does not say why (2.39), and the reason nearly always is that the disk is full.</summary>
        private string WithReason(string error) =>
            error.Contains("unable to write file", StringComparison.Ordinal) && System.IO.Directory.Exists(writesTo)
            && new DriveInfo(writesTo).AvailableFreeSpace < NothingToSpeakOf
                ? $"{error.TrimEnd('\n')}\nNo space left on device: '{writesTo}'.\n"
                : error;

        public void Dispose() => command.Dispose();
    }
}
