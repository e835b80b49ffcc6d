using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli.Projects;

/// <summary>Which run of a session a command means that is given the session's name.</summary>
internal enum SessionMeans
{
    /// <summary>All of it, for which its last run stands: to land, to drop.</summary>
    AsAWhole,

    /// <summary>The run that is at work; else the last one that was: to look at.</summary>
    WhatWorked,

    /// <summary>The run that is at work; else the next one that waits: to stop.</summary>
    WhatGoesOn,
}

/// <summary>Finds the run that stands for a session; a session's name wins over an id that begins like it.</summary>
internal static class SessionLookup
{
    private const int MostNamed = 3;

    /// <summary>Finds it, and says on standard error which it is if others of the session wait.</summary>
    /// <returns>Null if there is no session of that name, nor a run that waits to begin one.</returns>
    public static FoundRun? TryFind(KnownProjects known, string text, SessionMeans meaning)
    {
        if (SessionName.TryParse(text) is null)
        {
            return null;
        }

        var found = known.Stores.Select(owner => new Candidate(owner, owner.Store.Sessions.TryRead(text), ActiveOf(owner.Store, text)))
            .Where(candidate => candidate.Session is not null || candidate.Active.Count > 0).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        if (found.Count > 1)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Usage,
                $"'{text}' names sessions of {found.Count} projects: {string.Join(", ", found.Select(f => f.Owner.Project.Name))}.",
                "Name a run of the one that is meant:\n" + string.Join('\n', found.Select(f => $"  {f.Session?.LastRun ?? f.Active[0].Id}  {f.Owner.Project.Name}")));
        }

        if (RunId.IsPrefix(text) && known.Stores.SelectMany(o => o.Store.Ids()).FirstOrDefault(id => id.StartsWith(text, StringComparison.Ordinal)) is { } like)
        {
            StandardStreams.Error.TryWriteText($"wt-run: warning: '{text}' is taken for the session of that name; run {like} begins like it, too.\n");
        }

        return Choose(found[0], text, meaning);
    }

    private static FoundRun Choose(Candidate found, string text, SessionMeans meaning)
    {
        var waiting = found.Active.Where(Waits).ToList();
        var atWork = found.Active.FirstOrDefault(run => !Waits(run));
        var last = found.Session is { } session ? found.Owner.Store.TryRead(session.LastRun) : null;
        var chosen = meaning switch
        {
            SessionMeans.AsAWhole => last ?? atWork ?? waiting.FirstOrDefault(),
            SessionMeans.WhatWorked => atWork ?? last ?? waiting.FirstOrDefault(),
            _ => atWork ?? waiting.FirstOrDefault() ?? last,
        } ?? throw new WorktreeIsolatorException(
            FailureKind.Usage,
            $"The record of the last run of session '{text}', {found.Session!.LastRun}, is gone.",
            $"A run in it makes a new one: wt-run run --session {text} -- true");
        var others = waiting.Where(run => run.Id != chosen.Id).Select(run => run.Id[..8]).ToList();
        if (others.Count > 0 && meaning != SessionMeans.AsAWhole)
        {
            var which = chosen == atWork ? "which is at work" : Waits(chosen) ? "which is the next" : "which worked last";
            var named = string.Join(", ", others.Take(MostNamed)) + (others.Count > MostNamed ? $" and {others.Count - MostNamed} more" : "");
            StandardStreams.Error.TryWriteText($"wt-run: '{text}' is taken for run {chosen.Id[..8]} of that session, {which}; waiting: {named}\n");
        }

        return new FoundRun(chosen, found.Owner);
    }

    private static bool Waits(RunRecord run) => run.State is RunState.Accepted or RunState.Queued;

    /// <summary>Those that are not over, first come first.</summary>
    private static List<RunRecord> ActiveOf(RunStore store, string session)
    {
        var active = store.ActiveIds().Select(store.TryRead).OfType<RunRecord>().Where(run => run.Session == session && !run.State.IsFinal()).ToList();
        active.Sort(RunRecord.OldestFirst);
        return active;
    }

    private sealed record Candidate(KnownProject Owner, Session? Session, List<RunRecord> Active);
}
