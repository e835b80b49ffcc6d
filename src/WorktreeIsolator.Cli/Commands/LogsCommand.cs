using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run logs RUN</c>: what the run's commands printed, byte for byte.</summary>
internal sealed class LogsCommand : CliCommand
{
    private const int BufferSize = 64 << 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ValueArgument _run = new("RUN", "The run's id, or the first four or more digits of it; or a session's name.", ValueKind.Run, true);
    private readonly Flag _follow = new("--follow", "Goes on until the run is over.", "-f");

    public LogsCommand()
        : base("logs", "Prints what a run's engine printed, and its setup, hooks and verify.")
    {
        Add(_run);
        Add(_follow);
    }

    public override IReadOnlyList<string> Examples => ["wt-run logs 3f9c", "wt-run logs -f 3f9c"];

    public override int Execute(Invocation invocation)
    {
        using var known = KnownProjects.Find(Config.In(invocation.Line), invocation.Surroundings);
        known.Reconcile();
        var (record, owner) = RunLookup.Find(known, invocation.Line.GetValue(_run)!, SessionMeans.WhatWorked);
        // Not where the record says: the repository may have been moved since.
        var path = Path.Combine(owner.Store.DirectoryOf(record.Id), "output.log");
        try
        {
            if (_follow.IsGiven(invocation.Line))
            {
                // Ctrl-C, with which most people leave it, ends this process.
                known.Dispose();
                Follow(record.Id, owner.Store, path);
            }
            else
            {
                CopyFrom(path, 0);
            }
        }
        catch (FileNotFoundException)
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"The log '{path}' of run {record.Id} does not exist.");
        }

        return ExitCodes.Success;
    }

    private static void Follow(string id, RunStore store, string path)
    {
        var position = 0L;
        while (true)
        {
            // Asked before the copy: what is written after the last look would be lost otherwise.
            var isOver = store.TryRead(id) is not { } record || record.State.IsFinal() || !store.IsAlive(id);
            if (File.Exists(path) || isOver)
            {
                position = CopyFrom(path, position);
            }

            if (isOver)
            {
                return;
            }

            CancellationToken.None.WaitHandle.WaitOne(Pause);
        }
    }

    private static long CopyFrom(string path, long position)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.Position = position;
        var buffer = new byte[BufferSize];
        for (int count; (count = file.Read(buffer)) > 0;)
        {
            StandardStreams.Out.Write(buffer.AsSpan(0, count));
        }

        return file.Position;
    }
}
