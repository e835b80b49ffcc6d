using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run list</c>: the runs of every project that is known here.</summary>
internal sealed class ListCommand : CliCommand
{
    private const int MostShown = 100;

    private readonly Flag _watch = new("--watch", "Shows the latest runs on the terminal and draws them again when something changes, until Ctrl-C.", "-w");
    private readonly Flag _all = new("--all", "Lists all runs, not only the latest 100 and those that are not over.", "-a");
    private readonly Flag _sessions = new("--sessions", "Lists the sessions that are open, and no runs.");
    private readonly Flag _json = new("--json", "Prints the records of all runs, or the sessions, as a JSON array.");

    public ListCommand()
        : base("list", "Lists the runs of every configured project and of the current repository, the newest last, and the sessions that are open.")
    {
        Add(_watch);
        Add(_all);
        Add(_sessions);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "wt-run list",
        "wt-run list --watch",
        "wt-run list --json | jq -r '.[] | select(.state == \"needs_merge\") | .id'",
        "wt-run list --sessions --json | jq -r '.[].name'",
    ];

    public override int Execute(Invocation invocation)
    {
        var isWatch = _watch.IsGiven(invocation.Line);
        if (isWatch && (_json.IsGiven(invocation.Line) || !StandardStreams.Out.IsTerminal))
        {
            throw new UsageException(
                _json.IsGiven(invocation.Line) ? "--watch and --json contradict each other: one redraws a terminal, the other prints once." : "--watch redraws a terminal, and standard output is none.",
                "Leave it out; 'wt-run list --json' is for programs.");
        }

        if (_sessions.IsGiven(invocation.Line) && (isWatch || _all.IsGiven(invocation.Line)))
        {
            throw new UsageException($"--sessions and {(isWatch ? "--watch" : "--all")} contradict each other: one lists sessions, the other runs.", "Leave one of the two out.");
        }

        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        if (isWatch)
        {
            new ListWatch(known).Run();
            return ExitCodes.Success;
        }

        known.Reconcile();
        if (_sessions.IsGiven(invocation.Line))
        {
            ShowSessions(known, _json.IsGiven(invocation.Line));
        }
        else if (_json.IsGiven(invocation.Line))
        {
            ShowRunsAsJson(known);
        }
        else
        {
            ShowRuns(known, _all.IsGiven(invocation.Line));
        }

        return ExitCodes.Success;
    }

    private static void ShowSessions(KnownProjects known, bool asJson)
    {
        if (asJson)
        {
            StandardStreams.Out.Write(SessionTable.ToJson(known.Stores.Select(owner => owner.Store)));
        }
        else
        {
            StandardStreams.Out.WriteText(SessionTable.Of(SessionsOf(known)) is { Length: > 0 } lines ? lines : "No session is open.\n");
        }
    }

    private static IReadOnlyList<Session> SessionsOf(KnownProjects known) => [.. known.Stores.SelectMany(owner => owner.Store.Sessions.ReadAll())];

    private static void ShowRunsAsJson(KnownProjects known)
    {
        var records = new List<RecordText>();
        foreach (var (_, store) in known.Stores)
        {
            var inHand = store.ReadInHand().ToDictionary(record => record.Id, RecordText.Of, StringComparer.Ordinal);
            records.AddRange(store.ReadAllTexts().Select(text => inHand.GetValueOrDefault(text.Id, text)));
        }

        records.Sort(RecordText.OldestFirst);
        StandardStreams.Out.Write(RecordWriter.ToUtf8(records));
        StandardStreams.Out.WriteText("\n");
    }

    /// <summary>A run whose record cannot be read is in no list; its work may be there all the same.</summary>
    private static void WarnOfUnreadable(RunStore store, int shown, int others)
    {
        if (store.Ids().Count() > shown + others)
        {
            foreach (var id in store.Ids().Where(store.IsUnreadable))
            {
                StandardStreams.Error.TryWriteText(
                    Words.Printable($"wt-run: warning: Run {id} is not listed: its record '{Path.Combine(store.DirectoryOf(id), "run.json")}' cannot be read. 'wt-run doctor' says what is left of it.\n"));
            }
        }
    }

    private static void ShowRuns(KnownProjects known, bool all)
    {
        var left = 0;
        var records = new List<RunRecord>();
        foreach (var owner in known.Stores)
        {
            var store = owner.Store;
            var (others, before) = (0, records.Count);
            records.AddRange(owner.WithWhoHasThem(all ? store.ReadAll() : store.ReadLatest(MostShown, out others)));
            left += others;
            WarnOfUnreadable(store, shown: records.Count - before, others);
        }

        records.Sort(RunRecord.OldestFirst);
        if (records.Count == 0)
        {
            StandardStreams.Out.WriteText("No runs yet.\n");
        }
        else
        {
            var table = RunTable.Of(records, new KnownRefs(known.Stores, known.Options.Environment));
            StandardStreams.Out.WriteText(StandardStreams.Out.IsTerminal ? TerminalTable.Render(table, StandardStreams.Out.Width) : table.ToPlainText());
        }

        if (left > 0)
        {
            StandardStreams.Error.TryWriteText($"wt-run: {left} older run{(left == 1 ? " is" : "s are")} not shown: wt-run list --all\n");
        }

        StandardStreams.Out.WriteText(SessionTable.Of(SessionsOf(known)) is { Length: > 0 } sessions ? $"\n{sessions}" : "");
        foreach (var project in known.Projects)
        {
            foreach (var peer in PeerProcesses.Of(project, known.Options.Environment))
            {
                StandardStreams.Out.WriteText(Words.Printable($"{peer} works in {peer.Directory}: it counts as an active user run of {project.Name}\n"));
            }
        }
    }
}
