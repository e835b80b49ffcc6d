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
            var isFollowed = _follow.IsGiven(invocation.Line);
            if (isFollowed)
            {
                // Ctrl-C, with which most people leave it, ends this process.
                known.Dispose();
            }

            var length = isFollowed ? Follow(record.Id, owner.Store, path) : CopyFrom(path, 0);
            return Explain(record.Id, owner.Store, length) || !isFollowed ? ExitCodes.Success : ExitCodes.Wrong;
        }
        catch (FileNotFoundException)
        {
            throw new WorktreeIsolatorException(FailureKind.System, $"The log '{path}' of run {record.Id} does not exist.");
        }
    }

    /// <summary>Why there is nothing, or no more.</summary>
    /// <returns>False if there is no more although the run is not over.</returns>
    private static bool Explain(string id, RunStore store, long length)
    {
        // Asked in this order: who ends in this moment is final before he lets go.
        var isAlive = store.IsAlive(id);
        if (store.TryRead(id) is not { } record)
        {
            return true;
        }

        if (!record.State.IsFinal() && !isAlive)
        {
            Failure.Tell($"The wt-run process of run {id} has died, so nothing more comes into its log.", $"What became of it: wt-run show {id[..8]}", asJson: false);
            return false;
        }

        if (length == 0 && record.StartedAt is null)
        {
            StandardStreams.Error.TryWriteText($"wt-run: run {id} {(record.State.IsFinal() ? "never started its engine" : "has not started its engine yet")}: wt-run show {id[..8]}\n");
        }

        return true;
    }

    /// <returns>How many bytes there were.</returns>
    private static long Follow(string id, RunStore store, string path)
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
                return position;
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
