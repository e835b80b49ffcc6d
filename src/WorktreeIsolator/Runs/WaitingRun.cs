using System.Diagnostics;
using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>Something that a run may have to wait for.</summary>
/// <param name="Name">As the end of <c>waiting for …</c>.</param>
/// <param name="Instead">What a person can do so that this need not be waited for, as a clause; null if nothing helps.</param>
/// <param name="Gate">What is busy then, as the beginning of <c>… is busy</c>; null if that is the project.</param>
/// <param name="NameWhileItIsFree">The name, while who has it waits for something else; null if it is the same.</param>
internal sealed record WaitedFor(string Name, string? Instead, string? Gate = null, string? NameWhileItIsFree = null)
{
    /// <summary>What it is to who stands there.</summary>
    public WaitedFor At(PlaceInLine place) => place.IsBehindOneThatWaits ? this with { Name = NameWhileItIsFree ?? Name } : this;

    /// <summary>Why it was not to be had, as a sentence.</summary>
    /// <param name="project">The project of the run that asks.</param>
    /// <param name="holder">Who has it.</param>
    public string IsBusy(string project, string holder) => $"{Gate ?? $"'{project}'"} is busy: held by {holder}.";
}

/// <summary>A run that may have to wait, for one thing after another: says so, keeps its place in the record current, and gives up in time.</summary>
internal sealed class WaitingRun(RunRequest request, RunnerOptions options, RunStore store, RunJournal journal, RunContext context)
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly IReadOnlyList<string> _ancestors = RunEnvironment.Parents(options.Environment);
    private readonly List<Ticket> _tickets = [];
    private string? _told;

    /// <summary>Whether it may wait at all.</summary>
    public bool MayWait => request.IfBusy == IfBusy.Wait;

    /// <summary>How long it may still wait for a turn or a place; zero once that is over.</summary>
    public TimeSpan Remaining => RemainingOf(request.WaitTimeout ?? DefaultTimeout);

    /// <summary>How long it may still wait for something that has a limit of its own: the shorter of that and what was asked for.</summary>
    public TimeSpan Within(TimeSpan limit) => request.WaitTimeout is { } asked && RemainingOf(asked) < limit ? RemainingOf(asked) : MayWait ? limit : TimeSpan.Zero;

    /// <summary>Where it stands in line, or stood last; null if it has no ticket.</summary>
    private Ticket? Line => _tickets is [.., var last] ? last : null;

    /// <summary>How long it may stay with what dead runs left, before it says what it waits for and looks whether it is cancelled or late.</summary>
    public TimeSpan PatienceWithTheDead => Remaining < DeadRun.Pass ? Remaining : DeadRun.Pass;

    /// <summary>Waits in line.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="what">What it waits for.</param>
    /// <param name="limit">A limit of its own for the wait, and the key that sets it; null for <see cref="Remaining"/>.</param>
    /// <returns>False if it was not to be had; the run is skipped, and the record says why.</returns>
    public bool WaitInLine(Ticket ticket, WaitedFor what, (TimeSpan Most, string Key)? limit = null)
    {
        // What it may have said of a wait before is over.
        Line?.Say(null, null);
        _tickets.Add(ticket);
        var ahead = ticket.Ahead();
        if (ahead.Count >= ticket.Places && ahead.All(_ancestors.Contains))
        {
            return WaitsForItself(ahead[0], what);
        }

        var within = limit is { } own ? Within(own.Most) : Remaining;
        return ticket.Wait(within, place => Tell(place, what.At(place)), context.Cancel) is not { } last
            || Busy(
                last.HeldBy ?? $"run {Describe(last.Behind!)}{PidOf(last.Behind!)}{(last.IsBehindOneThatWaits ? ", which waits itself" : "")}", what.At(last), limit);
    }

    /// <summary>Says what it waits for although it may be its turn in line, to those behind it as well.</summary>
    /// <param name="behind">The run that has what it waits for; null if that is no run.</param>
    /// <param name="what">What it waits for.</param>
    /// <param name="holder">Who has it, if no run does, or one that died.</param>
    public void Tell(string? behind, WaitedFor what, string? holder)
    {
        if (Tell(new PlaceInLine(Line?.Place().Position ?? 1, behind, holder), what))
        {
            Line?.Say(behind, holder);
        }
    }

    /// <summary>Puts its place into the record and before the person who waits; what was told last is not told again.</summary>
    private bool Tell(PlaceInLine place, WaitedFor what)
    {
        var told = $"{place} {what.Name}";
        if (!MayWait || told == _told)
        {
            return false;
        }

        _told = told;

        // Its turn has come in the lines before this one, so that those behind it there wait for all who are ahead of it here.
        _tickets.SkipLast(1).ToList().ForEach(ticket => ticket.SayWaitsAt(place.Position));
        var queue = new QueueInfo(place.Position, _clock.ElapsedMilliseconds, place.Behind, place.HeldBy, what.Name);
        journal.Update(record => record with { State = RunState.Queued, Queue = queue });
        journal.Note("step", $"Queued — waiting for {what.Name} ({Place()})");
        options.Observer.Waits(what.Name, Place);
        return true;

        string Place() => queue.Place(place.Behind is null ? null : store.TryRead(place.Behind), journal.Now)!;
    }

    /// <summary>Waits until nobody is left in the way who holds no lock: what dead runs left at work, a peer.</summary>
    /// <param name="find">Looks who is; a look may mean to look at every process of the machine, or to have waited already.</param>
    /// <param name="what">What it waits for.</param>
    /// <param name="limit">As for <see cref="WaitInLine"/>.</param>
    /// <param name="remaining">How long it may still wait; null for <see cref="Remaining"/>.</param>
    /// <returns>False if that took too long; the run is skipped, and the record says why.</returns>
    public bool AwaitNobody(
        Func<(string? Run, string Holder)?> find, WaitedFor what, (TimeSpan Most, string Key)? limit = null, Func<TimeSpan>? remaining = null)
    {
        var (begun, clock) = (Stopwatch.StartNew(), Stopwatch.StartNew());
        for (; find() is var (run, holder); clock.Restart())
        {
            context.Cancel.ThrowIfCancellationRequested();
            var left = remaining is null ? Remaining : remaining();
            if (left <= TimeSpan.Zero)
            {
                return Busy(holder.TrimEnd('.'), what, limit);
            }

            Tell(run, what, holder.TrimEnd('.'));
            var pause = Waiting.PauseAfter(clock.Elapsed, begun.Elapsed);
            Waiting.Pause(pause < left ? pause : left, context.Cancel);
        }

        return true;
    }

    /// <summary>It has all that it waited for.</summary>
    public void Go()
    {
        _tickets.ForEach(ticket => ticket.Begin());
        if (journal.Record.Queue is not null)
        {
            journal.Update(record => record with { Queue = new QueueInfo(null, _clock.ElapsedMilliseconds) });
        }
    }

    /// <summary>It was not to be had in time, or not at once if it may not wait.</summary>
    /// <param name="holder">Who has it.</param>
    /// <param name="what">What it was.</param>
    /// <param name="limit">As for <see cref="WaitInLine"/>.</param>
    /// <returns>False.</returns>
    public bool Busy(string holder, WaitedFor what, (TimeSpan Most, string Key)? limit = null)
    {
        var busy = what.IsBusy(request.Project.Name, holder);
        var instead = what.Instead is null ? "" : $", or {what.Instead}";
        if (!MayWait)
        {
            return Skip(busy, null, what.Instead is null ? "Try again later, or wait (--if-busy wait)." : $"Try again later, wait (--if-busy wait){instead}.");
        }

        var (most, key) = limit is { } own && !(request.WaitTimeout is { } asked && RemainingOf(asked) <= TimeSpan.Zero)
            ? own
            : (request.WaitTimeout ?? DefaultTimeout, "--wait-timeout");
        return Skip(busy, $"Waited for {what.Name} as long as {key} allows, {Duration.Format(most)}.", $"Give it longer with {key}{instead}.");
    }

    /// <summary>It would wait for a run inside which it was started, and which waits for it.</summary>
    /// <returns>False.</returns>
    public bool WaitsForItself(string outer, WaitedFor what) => Skip(
        what.IsBusy(request.Project.Name, $"{Describe(outer)}, inside which this run was started: it would wait for itself"), null, $"Start it when the outer run is over{(what.Instead is null ? "" : $", or {what.Instead}")}.", mayHaveWaited: false);

    private bool Skip(string busy, string? waited, string hint, bool mayHaveWaited = true)
    {
        journal.Update(
            record => record with
            {
                State = RunState.Skipped,
                FinishedAt = journal.Now,
                Queue = MayWait && mayHaveWaited ? new QueueInfo(null, _clock.ElapsedMilliseconds) : null,
                Message = waited is null ? busy : $"{busy} {waited}",
                Hint = hint,
            },
            sync: true);
        return false;
    }

    /// <summary>Whether this run was started inside another one.</summary>
    public bool IsInside(string runId) => _ancestors.Contains(runId);

    /// <summary><c>3f9c12ab cron:nightly, 4 min</c>.</summary>
    private string Describe(string runId) => store.TryRead(runId)?.InShort(journal.Now) ?? runId[..8];

    private TimeSpan RemainingOf(TimeSpan timeout) => MayWait && timeout > _clock.Elapsed ? timeout - _clock.Elapsed : TimeSpan.Zero;

    private string PidOf(string runId) =>
        store.TryRead(runId) is { Supervisor: { } supervisor } record && !record.State.IsFinal() ? string.Create(CultureInfo.InvariantCulture, $", pid {supervisor.Pid}") : "";
}
