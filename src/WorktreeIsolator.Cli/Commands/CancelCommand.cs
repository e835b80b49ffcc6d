using System.Diagnostics;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run cancel RUN</c>: asks a run's supervisor to stop it.</summary>
internal sealed class CancelCommand : CliCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, true);

    public CancelCommand()
        : base("cancel", "Stops a run that waits or works; its work is kept. A second time kills its engine.")
    {
        Add(_run);
    }

    public override IReadOnlyList<string> Examples => ["wt-run cancel 3f9c"];

    public override int Execute(Invocation invocation)
    {
        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        var (record, owner) = RunLookup.Find(known, invocation.Line.GetValue(_run)!, SessionMeans.WhatGoesOn);
        if (Reconciler.ExplainDead(owner.Store, record.Id, invocation.Surroundings.Environment) is var (why, help))
        {
            // There is nobody to be asked; what it left is being ended already, by this command too.
            throw new WorktreeIsolatorException(FailureKind.Usage, $"Run {record.Id} cannot be cancelled any more. {why}", help);
        }

        var wasAsked = RunCancellation.Cancel(owner.Store, record);
        var now = wasAsked ? AwaitEnd(owner.Store, record) : owner.Store.TryRead(record.Id) ?? record;
        if (!wasAsked || (now.State.IsFinal() && now.State != RunState.Cancelled))
        {
            throw new WorktreeIsolatorException(FailureKind.Usage, $"Run {record.Id} is over already: {RecordWriter.NameOf(now.State)}.", $"wt-run show {record.Id[..8]}");
        }

        StandardStreams.Out.WriteText($"Run {record.Id}{(record.Session is { } session ? $" of session '{session}'" : "")} is {(now.State.IsFinal() ? "cancelled" : "being cancelled")}.\n");
        return ExitCodes.Success;
    }

    /// <summary>The run may have ended by itself in the moment in which it was asked; most of those that did not are cancelled at once.</summary>
    private static RunRecord AwaitEnd(RunStore store, RunRecord record)
    {
        var clock = Stopwatch.StartNew();
        while (!record.State.IsFinal() && clock.Elapsed < Patience)
        {
            CancellationToken.None.WaitHandle.WaitOne(Pause);
            record = store.TryRead(record.Id) ?? record;
        }

        return record;
    }
}
