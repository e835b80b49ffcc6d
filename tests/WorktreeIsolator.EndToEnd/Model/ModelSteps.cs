using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>What may happen to a <see cref="ModelWorld"/>, each as often as its weight says.</summary>
internal sealed class ModelSteps(ModelWorld world)
{
    private int _made;

    private Random Random => world.Random;

    private (int Weight, Action Step)[] AtAnyTime =>
    [
        (26, StartInWorktree), (8, StartInPlace), (10, StartInSession), (6, Cancel), (8, KillSupervisor), (10, KillBelow), (5, Look), (6, Land), (3, Drop),
        (2, LandSession), (2, DropSession), (4, Prune), (4, CommitInSecondWorktree),
    ];

    private (int Weight, Action Step)[] AtRest =>
    [
        (3, CommitFile), (3, CommitConflict), (2, Switch), (3, Dirty), (2, Stage), (2, LeaveUntracked), (3, Stash), (2, Unstash),
    ];

    /// <summary>Does one thing while others go on.</summary>
    public void Any() => Choose(AtAnyTime);

    /// <summary>The user does some things in the checkout while nothing is under way: git itself has races between two who work in one checkout.</summary>
    public void OfUserAtRest()
    {
        for (var more = Random.Next(4); more >= 0; more--)
        {
            Choose(AtRest);
        }
    }

    /// <summary>A command, of which every one brings dead runs to their end.</summary>
    public void Look()
    {
        var last = world.Store.Ids().Order(StringComparer.Ordinal).LastOrDefault();
        string[] command = (Random.Next(4), last) switch
        {
            (0, { } id) => ["show", id],
            (1, { } id) => ["logs", id],
            (2, _) => ["prune"],
            _ => ["list"],
        };
        world.History.Add(string.Join(' ', command));
        var looked = world.Repository.WtRun.Run(command);
        if (looked.ExitCode > 1)
        {
            throw new InvalidOperationException(looked.ToString());
        }
    }

    private void Choose((int Weight, Action Step)[] steps)
    {
        var at = Random.Next(steps.Sum(step => step.Weight));
        var chosen = steps.First(step => (at -= step.Weight) < 0).Step;
        world.Done[chosen.Method.Name] = world.Done.GetValueOrDefault(chosen.Method.Name) + 1;
        chosen();
    }

    private void StartInWorktree()
    {
        world.AwaitRoom();
        world.StartRun("--worktree", ModelEngines.ForWorktree(Random));
    }

    private void StartInPlace() => StartInLine("--no-worktree", () => ModelEngines.InPlace(Random));

    private void StartInSession()
    {
        var name = Pick(ModelEngines.Sessions)!;
        StartInLine($"--session {name}", () => ModelEngines.InSession(Random, name));
    }

    /// <summary>
    /// Up to three in a row. Each comes when the one before has its ticket, so that the order is known, and the first one stays until all stand in line:
    /// on a busy machine it would be gone before the next had even begun.
    /// </summary>
    private void StartInLine(string where, Func<string> script)
    {
        world.AwaitRoom();
        File.WriteAllText(world.Note("hold"), "");
        for (var more = Random.Next(3); more >= 0; more--)
        {
            var run = world.StartRun($"{where} --wait-timeout 2m", script());
            Eventually.True(
                () => run.Process.HasEnded || world.RecordOf(run.Number) is { State: > RunState.Accepted }, $"run {run.Number} stands in line", TimeSpan.FromMinutes(2));
        }

        File.Delete(world.Note("hold"));
    }

    /// <summary>One that stands in line, or any that is under way.</summary>
    private void Cancel()
    {
        var runs = world.UnderWay.Where(process => process.Number > 0).ToList();
        var queued = Random.Next(2) == 0 ? Pick(runs.Where(process => world.RecordOf(process.Number)?.State == RunState.Queued).ToList()) : null;
        if ((queued ?? Pick(runs)) is { } run && world.RecordOf(run.Number) is { } record)
        {
            run.IsDisturbed = true;
            world.StartCommand("cancel", record.Id);
        }
    }

    private void KillSupervisor()
    {
        if (Pick(world.UnderWay) is not { } victim)
        {
            return;
        }

        Waiting.Pause(TimeSpan.FromMilliseconds(Random.Next(250)), CancellationToken.None);
        var below = Random.Next(2) == 0 ? Pick(Victims.Below(victim.Process)) : null;
        world.History.Add($"kill {victim.What}, pid {victim.Process.Pid}{(below is null ? "" : $", and its {below.Name}, pid {below.Pid}")}");
        (victim.IsDisturbed, victim.WasKilled) = (true, true);
        victim.Process.Signal(Libc.SIGKILL);
        if (below is not null)
        {
            Victims.Kill(below);
        }

        _ = victim.Process.Wait();
    }

    private void KillBelow()
    {
        if (Pick(world.UnderWay) is not { } run)
        {
            return;
        }

        var wanted = Random.Next(4) switch { 0 => "sh", 1 => null, _ => "git" };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var patience = TimeSpan.FromMilliseconds(Random.Next(300));
        Waiting.Pause(TimeSpan.FromMilliseconds(Random.Next(100)), CancellationToken.None);
        ProcessEntry? victim = null;
        while (victim is null && clock.Elapsed < patience && !run.Process.HasEnded)
        {
            victim = Pick(Victims.Below(run.Process).Where(entry => wanted is null || entry.Name == wanted).ToList());
        }

        if (victim is not null)
        {
            run.IsDisturbed = true;
            world.History.Add($"kill {victim.Name}, pid {victim.Pid}, of {run.What}");
            Victims.Kill(victim);
        }
    }

    private void Land() => WithKeptWork(record => world.StartCommand("land", record.Id));

    private void Drop() => WithKeptWork(record => world.StartCommand("drop", record.Id));

    private void LandSession() => world.StartCommand("land", Pick(ModelEngines.Sessions)!);

    private void DropSession() => world.StartCommand("drop", Pick(ModelEngines.Sessions)!);

    private void CommitInSecondWorktree() => world.UserCommitsInSecondWorktree();

    private void Prune() => world.StartCommand("prune");

    private void WithKeptWork(Action<RunRecord> act)
    {
        if (Pick(world.Store.ReadAll().Where(record => record.State.IsFinal() && (record.Kept is not null
            || record.MergeBack?.Result is not (null or MergeBackResult.Landed or MergeBackResult.Nothing or MergeBackResult.Dropped))).ToList()) is { } record)
        {
            act(record);
        }
    }

    private void CommitFile() => world.UserDoes("commits a file", () => world.Repository.Commit($"user-{++_made}", $"{_made}\n"));

    private void CommitConflict() => world.UserDoes("commits a line that engines change", () =>
    {
        if (world.Repository.TryGit("diff", "--quiet", "HEAD", "--", "shared").ExitCode == 0)
        {
            world.Repository.Commit("shared", $"line of the user {++_made}\n");
        }
    });

    private void Switch() => world.UserDoes("switches", () =>
        _ = Random.Next(2) == 0 ? world.Repository.TryGit("switch", "--quiet", "main") : world.Repository.TryGit("switch", "--quiet", "-c", $"topic-{++_made}"));

    private void Dirty() => world.UserDoes("changes files", () => world.Repository.Write(Random.Next(3) switch { 0 => "shared", 1 => "b", _ => "own" }, $"dirt {++_made}\n"));

    private void Stage() => world.UserDoes("stages", () =>
    {
        world.Repository.Write($"staged-{++_made}", $"{_made}\n");
        world.Repository.Git("add", $"staged-{_made}");
    });

    private void LeaveUntracked() => world.UserDoes("leaves a new file", () => world.Repository.Write($"note-{++_made}", $"{_made}\n"));

    private void Stash() => world.UserDoes("stashes", () => world.Repository.Git("stash", "push", "--quiet", "--include-untracked"));

    private void Unstash() => world.UserDoes("brings back what was stashed, if it can be", () =>
    {
        if (world.Repository.Status.Length == 0 && world.Repository.TryGit("stash", "pop", "--quiet").ExitCode != 0)
        {
            world.Repository.Git("reset", "--quiet", "--hard");
        }
    });

    private T? Pick<T>(IReadOnlyList<T> from)
        where T : class => from.Count == 0 ? null : from[Random.Next(from.Count)];
}
