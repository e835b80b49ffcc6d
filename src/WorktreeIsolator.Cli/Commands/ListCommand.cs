using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run list</c>: the runs of every project that is known here.</summary>
internal sealed class ListCommand : CliCommand
{
    private readonly Flag _json = new("--json", "Prints the records as a JSON array.");

    public ListCommand()
        : base("list", "Lists the runs of every configured project and of the current repository, the newest last, and the sessions that are open.")
    {
        Add(_json);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "wt-run list",
        "wt-run list --json | jq -r '.[] | select(.state == \"needs_merge\") | .id'",
    ];

    public override int Execute(Invocation invocation)
    {
        var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        IReadOnlyList<RunRecord> records =
        [
            .. known.Stores.SelectMany(owner => owner.Store.ReadAll()).OrderBy(r => r.CreatedAt).ThenBy(r => r.Id, StringComparer.Ordinal),
        ];
        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8(records), (byte)'\n']);
            return ExitCodes.Success;
        }

        if (records.Count == 0)
        {
            StandardStreams.Out.WriteText("No runs yet.\n");
        }
        else
        {
            StandardStreams.Out.WriteText(
                StandardStreams.Out.IsTerminal ? TerminalTable.Render(RunTable.Of(records), StandardStreams.Out.Width) : RunTable.Of(records).ToPlainText());
        }

        StandardStreams.Out.WriteText(SessionTable.Of([.. known.Stores.SelectMany(owner => owner.Store.Sessions.ReadAll())]));
        foreach (var project in known.Projects)
        {
            foreach (var peer in PeerProcesses.Of(project, known.Options.Environment))
            {
                StandardStreams.Out.WriteText(Words.Printable($"{peer} works in {peer.Directory}: it counts as an active user run of {project.Name}\n"));
            }
        }

        return ExitCodes.Success;
    }
}
