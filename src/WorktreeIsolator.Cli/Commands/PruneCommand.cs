using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Recovery;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run prune</c>: clears away what dead and old runs left.</summary>
internal sealed class PruneCommand : CliCommand
{
    private readonly Flag _dryRun = new("--dry-run", "Says only what would be taken, and what would stay and why.", "-n");
    private readonly Flag _json = new("--json", "Prints the items as a JSON array.");

    public PruneCommand()
        : base("prune", "Clears away what dead runs left; what holds work that is nowhere else stays, with the reason.")
    {
        Add(_dryRun);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run prune --dry-run", "wt-run prune"];

    public override int Execute(Invocation invocation)
    {
        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        var isDry = _dryRun.IsGiven(invocation.Line);
        var progress = new RunProgress(showsStages: true, echoes: false, isInteractive: false);
        using var signals = new CancelSignals(progress.Say);
        var pruner = new Pruner(known.Options with { Observer = progress }, known.Retention);
        var items = new List<PruneItem>();
        var exitCode = ExitCodes.Success;
        foreach (var (project, _) in known.Stores)
        {
            try
            {
                items.AddRange(pruner.Prune(project, isDry, signals.Cancel, signals.Kill));
            }
            catch (OperationCanceledException)
            {
                throw new WorktreeIsolatorException(FailureKind.System, "Pruning was cancelled; what is left is taken the next time.");
            }
            catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
            {
                // One repository that cannot be pruned must not hide what became of the others.
                StandardStreams.Error.TryWriteText(Failure.InWords($"Project '{project.Name}' could not be pruned: {e.Message}", (e as WorktreeIsolatorException)?.Hint));
                exitCode = ExitCodes.Wrong;
            }
            finally
            {
                progress.End();
            }
        }

        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write(ToJson(items));
        }
        else if (items.Count == 0 && exitCode == ExitCodes.Success)
        {
            StandardStreams.Out.WriteText("Nothing to prune.\n");
        }
        else
        {
            foreach (var item in items)
            {
                var verb = item.IsTaken ? isDry ? "would take" : "took" : "left";
                StandardStreams.Out.WriteText(Words.Printable($"{verb} {item.Kind} {item.Name}: {item.Reason.Replace("\n", "\n    ", StringComparison.Ordinal)}\n"));
            }
        }

        return exitCode;
    }

    private static byte[] ToJson(List<PruneItem> items) => JsonOutput.Write(writer =>
    {
        writer.WriteStartArray();
        foreach (var item in items)
        {
            writer.WriteStartObject();
            writer.WriteString("kind", item.Kind);
            writer.WriteString("name", item.Name);
            writer.WriteBoolean("taken", item.IsTaken);
            writer.WriteString("reason", item.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
