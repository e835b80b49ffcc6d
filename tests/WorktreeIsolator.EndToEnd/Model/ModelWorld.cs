using System.Globalization;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>A process of wt-run that the model started.</summary>
/// <param name="Number">Of the run, in the order in which they were started; 0 for any other command.</param>
/// <param name="What">For a person.</param>
/// <param name="Process">The process.</param>
internal sealed record ModelProcess(int Number, string What, BackgroundRun Process)
{
    /// <summary>Whether it, or something that it started, was killed or cancelled.</summary>
    public bool IsDisturbed { get; set; }

    public bool WasKilled { get; set; }
}

/// <summary>One repository, its user, and the runs under way in it.</summary>
internal sealed class ModelWorld : IDisposable
{
    private static readonly string[] Styles = ["merge", "squash", "rebase", "ff"];

    private readonly List<ModelProcess> _underWay = [];
    private readonly Dictionary<int, string> _idOf = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public ModelWorld(int seed)
    {
        Random = new Random(seed);
        Repository = new TestRepository(Scratch);
        foreach (var file in new[] { "shared", "b", "own" })
        {
            Repository.Commit(file, "first\n");
        }

        string[] keys = ["concurrent = false", "worktree_base = \"main\"", "land_wait = \"30s\"", $"merge_style = \"{Styles[Random.Next(Styles.Length)]}\""];
        Repository.Configure(Random.Next(3) == 0 ? [.. keys, "verify = [\"git\", \"diff\", \"--quiet\", \"HEAD\"]"] : keys);
        Repository.Git("worktree", "add", "--quiet", "-b", "second", Scratch.Path("second"));
        Second = Repository.Git("rev-parse", "second");
        Main = Repository.Head;
        Store = new RunStore(Repository[".git/wt-run"]);
        User = UserState.Of(Repository);
        Scratch.Write("notes/prelude", ModelEngines.Prelude(Scratch.Path("notes")));
    }

    public Random Random { get; }

    public Scratch Scratch { get; } = new();

    public TestRepository Repository { get; }

    /// <summary>What was done, for whoever reads of a failure.</summary>
    public List<string> History { get; } = [];

    /// <summary>Ended processes that nobody has looked at yet.</summary>
    public List<ModelProcess> Ended { get; } = [];

    public int LastNumber { get; private set; }

    /// <summary>Where the user last left <c>main</c>; it only moves forward from there.</summary>
    public string Main { get; private set; }

    /// <summary>Where the user last left the branch of the second worktree.</summary>
    private string Second { get; set; }

    /// <summary>How the user left everything.</summary>
    public UserState User { get; private set; }

    /// <summary>How often each kind of thing was done.</summary>
    public SortedDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    public RunStore Store { get; }

    public string Note(string name) => Scratch.Path("notes/" + name);

    /// <summary>What still runs.</summary>
    public IReadOnlyList<ModelProcess> UnderWay
    {
        get
        {
            Ended.AddRange(_underWay.Where(process => process.Process.HasEnded));
            _underWay.RemoveAll(process => process.Process.HasEnded);
            return _underWay;
        }
    }

    /// <summary>Starts a run with an engine, once there are not too many under way.</summary>
    /// <param name="options">Of <c>wt-run run</c>.</param>
    /// <param name="script">What its engine does; it gets the run's number.</param>
    public ModelProcess StartRun(string options, string script)
    {
        const int most = 4;
        Eventually.True(() => UnderWay.Count < most, "fewer runs are under way", TimeSpan.FromMinutes(1));
        var number = ++LastNumber;
        History.Add($"run {number} {options}: {script}");
        var process = new ModelProcess(number, $"run {number}", Repository.WtRun.Start(
            ["run", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--json", "--", "sh", "-c", $". '{Note("prelude")}'; {script}", "engine", number.ToString(CultureInfo.InvariantCulture)]));
        _underWay.Add(process);
        return process;
    }

    /// <summary>Starts any other command.</summary>
    public void StartCommand(params IReadOnlyList<string> arguments)
    {
        History.Add(string.Join(' ', arguments));
        _underWay.Add(new ModelProcess(0, string.Join(' ', arguments), Repository.WtRun.Start(arguments)));
    }

    /// <summary>The record of one of the runs; null if it has none yet.</summary>
    public RunRecord? RecordOf(int number)
    {
        if (!_idOf.ContainsKey(number))
        {
            foreach (var record in Store.Ids().Where(id => !_known.Contains(id)).Select(Store.TryRead).OfType<RunRecord>())
            {
                _known.Add(record.Id);
                _idOf[NumberOf(record)] = record.Id;
            }
        }

        return _idOf.TryGetValue(number, out var id) ? Store.TryRead(id) : null;
    }

    public static int NumberOf(RunRecord record) => int.Parse(record.Engine.Command[^1], CultureInfo.InvariantCulture);

    /// <summary>Waits until nothing is under way.</summary>
    public void Settle() => Eventually.True(
        () => UnderWay.Count == 0,
        () => $"all have ended; under way: {string.Join("; ", UnderWay.Select(process => $"{process.What} pid {process.Process.Pid}"))}",
        TimeSpan.FromMinutes(2));

    /// <summary>The user does something; what it leads to is what has to stay.</summary>
    public void UserDoes(string what, Action action)
    {
        History.Add("user: " + what);
        action();
        Main = Repository.Git("rev-parse", "main");
        User = UserState.Of(Repository);
    }

    /// <summary>The user commits in the second worktree, at any time.</summary>
    public void UserCommitsInSecondWorktree()
    {
        History.Add("user: commits in the second worktree");
        Scratch.Run(Scratch.Path("second"), "git", "commit", "--quiet", "--allow-empty", "-m", "Second").Expect(0);
        var moved = Scratch.Run(Scratch.Path("second"), "git", "rev-parse", "HEAD").Expect(0).Output.Trim();
        User = User.WithMoved("second", Second, moved);
        Second = moved;
    }

    public void Dispose()
    {
        foreach (var process in _underWay.Concat(Ended))
        {
            process.Process.Dispose();
        }

        // The engines of supervisors that were just killed.
        _ = Repository.WtRun.Run("prune");
        Scratch.Dispose();
    }
}
