using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run show RUN</c>: everything there is to know of one run.</summary>
internal sealed class ShowCommand : CliCommand
{
    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, true);
    private readonly Flag _json = new("--json", "Prints the record as JSON.");

    public ShowCommand()
        : base("show", "Shows one run: where it ran, how it ended, where its work is, what helps next.")
    {
        Add(_run);
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run show 3f9c", "wt-run show 3f9c --json | jq .merge_back"];

    public override int Execute(Invocation invocation)
    {
        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        var (record, owner) = RunLookup.Find(known, invocation.Line.GetValue(_run)!, SessionMeans.WhatWorked);
        record = owner.WithWhoHasThem([record]).Single();
        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8(record), (byte)'\n']);
        }
        else
        {
            var rescue = record.RescueRef is { } name
                ? RescueContents.TryRead(owner.Project.Path, invocation.Surroundings.Environment, name)
                : null;
            StandardStreams.Out.WriteText(RunDetails.Describe(
                record, rescue, record.Queue?.Behind is { } ahead ? owner.Store.TryRead(ahead) : null, new KnownRefs([owner], invocation.Surroundings.Environment),
                Reconciler.ExplainDead(owner.Store, record.Id, invocation.Surroundings.Environment)));
        }

        return ExitCodes.Success;
    }
}
