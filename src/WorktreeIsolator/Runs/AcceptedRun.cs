using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Git;
using WorktreeIsolator.Isolation;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Runs;

/// <summary>A request that was found possible: where it will run and from what is decided, and nothing has been made yet.</summary>
internal sealed class AcceptedRun
{
    /// <summary>How long a run that is not in the queue yet stays with what dead runs left; what it needs of theirs, it waits for in its turn.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly RunRequest _request;
    private readonly RunnerOptions _options;
    private readonly Repository? _repository;
    private readonly WorktreePlan? _plan;
    private readonly RunStore _store;
    private readonly RunRecord _record;

    private AcceptedRun(RunRequest request, RunnerOptions options, Repository? repository, WorktreePlan? plan, RunRecord record)
    {
        _request = request;
        _options = options;
        _repository = repository;
        _plan = plan;
        _store = repository is null ? RunStore.WithoutGit(request.Project.Path) : new RunStore(repository.StateDirectory);
        _record = record with { Log = Path.Combine(_store.DirectoryOf(record.Id), "output.log") };
    }

    /// <summary>Absolute path of the run's log.</summary>
    public string LogPath => _record.Log!;

    /// <summary>What follows once the run is over.</summary>
    public RunAftermath Aftermath => new(_request.Project, _options, _repository, _store);

    /// <summary>Decides everything that can be decided before anything is made.</summary>
    /// <exception cref="WorktreeIsolatorException">The request cannot be had.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static AcceptedRun Accept(RunRequest request, RunnerOptions options, CancellationToken cancel, CancellationToken kill)
    {
        // Of dead runs that this one finds, this one tells: when it is over, or now, if it cannot be had.
        options = options with { Later = new LaterNotifications() };
        try
        {
            var accepted = Accept(request, options, cancel);
            cancel.ThrowIfCancellationRequested();
            return accepted;
        }
        catch
        {
            options.Later.Tell(cancel.IsCancellationRequested ? kill : cancel, kill);
            throw;
        }
    }

    private static AcceptedRun Accept(RunRequest request, RunnerOptions options, CancellationToken cancellation)
    {
        var project = request.Project;
        if (!Directory.Exists(project.Path))
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration, $"The directory '{project.Path}' of project '{project.Name}' does not exist.", "Correct its path in the configuration.");
        }

        RequireProgram(request, options);
        var repository = ProjectRepository.TryOpen(project, options.Environment);
        var store = repository is null ? RunStore.WithoutGit(project.Path) : new RunStore(repository.StateDirectory);
        if ((store.WhyUnfit() ?? store.WhyNotWritable()) is { } unfit)
        {
            throw unfit;
        }

        RequireLock(request.Engine, options, store.StateDirectory);
        var decision = IsolationDecider.Decide(new IsolationQuestion
        {
            Trigger = request.Trigger.Kind,
            Session = request.Session?.Value,
            Flag = request.Worktree,
            TriggerSetting = request.TriggerWorktree,
            TriggerWorktree = project.TriggerWorktree,
            UserWorktree = project.UserWorktree,
            IsGit = repository is not null,
        });
        if (decision is Refuse refuse)
        {
            throw new WorktreeIsolatorException(FailureKind.Configuration, refuse.Reason, refuse.Hint);
        }

        EndDeadRuns(project, repository, options, cancellation);
        cancellation.ThrowIfCancellationRequested();
        var id = RunId.New().ToString();
        var plan = decision is not UseWorktree ? null
            : request.Session is not null ? SessionPlan.Decide(request, options, repository!, id, cancellation).Plan
            : WorktreePlan.Make(
                project, repository!, request.Base, request.Branch, request.MergeBack, options.ConfigurationFile, id, cancellation);
        return new AcceptedRun(request, options, repository, plan, new RunRecord
        {
            Id = id,
            Project = project.Name,
            Trigger = request.Trigger,
            Session = request.Session?.Value,
            Isolation = new IsolationInfo(plan is null ? "in_place" : "worktree", decision.Reason),
            Base = plan is null ? null : new BaseInfo(plan.Base.Name, plan.Base.Commit.ToString()),
            Branch = plan?.Branch.Value,
            Worktree = plan is null ? null : Path.Combine(plan.Directory.Path, plan.WorktreeName(id)),
            Directory = plan is null ? project.Path : null,
            Engine = new EngineInfo(request.Engine.Name, request.Engine.Command, GraceMs: (long)request.Engine.Grace.TotalMilliseconds),
            MergeBack = plan is null ? null : new MergeBackInfo(plan.Target.PolicyName, Target: plan.Target.Name),
            Supervisor = ProcessInfo.Of(ProcessIdentity.Current),
            CreatedAt = options.Time.GetUtcNow(),
        });
    }

    /// <summary>Writes the run down; from here on it is there for everyone.</summary>
    public RunJournal Publish()
    {
        var journal = _store.Publish(_record, _options.Time, sync: false);
        journal.Changed = _options.Observer.Changed;
        _options.Observer.Changed(_record);
        return journal;
    }

    /// <summary>What the steps of the run share.</summary>
    public RunContext ContextFor(RunJournal journal, OutputLog log, CancellationToken cancel, CancellationToken kill) => RunContext.For(
        journal, _options, _repository, log, _request.Project.KeepProcesses, _request.RepositoryLockTimeout, cancel, kill);

    /// <summary>Waits for all that the run needs before anything is made for it.</summary>
    /// <returns>Null if it was not to be had, which the record then says.</returns>
    public Admission? Admit(RunJournal journal, RunContext context)
    {
        var waiting = new WaitingRun(_request, _options, _store, journal, context);
        if (!waiting.MayWait && PeersAtWork() is [var peer, ..])
        {
            // It is not waited for, but is reason enough to skip, whatever the directory.
            _ = waiting.Busy(peer.ToString(), new WaitedFor("nobody to be at work", null));
            return null;
        }

        var place = _plan switch
        {
            null => InPlaceTurn.Take(_request, _options, _repository, _store, waiting, context),
            { Session: not null } => SessionTurn.Take(_request, _options, _repository!, _store, waiting, context),
            _ => Admission.TakeWorktreePlace(_request, _store, waiting, context),
        };
        try
        {
            if (place is not null && EngineGate.Enter(_request, _options, _store, waiting, context) is { } gate)
            {
                var admission = new Admission(place, gate);
                place = admission;
                waiting.Go();
                place = null;
                return admission;
            }
        }
        finally
        {
            place?.Dispose();
        }

        return null;
    }

    /// <summary>Gets the directory that was decided for.</summary>
    public RunDirectory OpenDirectory(RunJournal journal, RunContext context)
    {
        if (_plan is null)
        {
            if (_request.Project.Concurrent)
            {
                WarnOfNeighbours(context);
            }

            return new ProjectDirectory(_request.Project.Path);
        }

        if (_plan.Session is not null)
        {
            return OpenSession(journal, context);
        }

        journal.Update(record => record with { State = RunState.Preparing });
        var start = _plan.FreshBase(context);
        journal.Update(record => record with { Base = new BaseInfo(start.Name, start.Commit.ToString()) });
        return TemporaryWorktree.Create(_plan, start, context);
    }

    /// <summary>What was there when the run was accepted may have been landed or begun since, while it waited.</summary>
    private SessionWorktree OpenSession(RunJournal journal, RunContext context)
    {
        var (plan, session) = SessionPlan.Decide(_request, _options, _repository!, _record.Id, context.Cancel);
        journal.Update(record => record with
        {
            State = RunState.Preparing,
            Base = new BaseInfo(plan.Base.Name, plan.Base.Commit.ToString()),
            MergeBack = new MergeBackInfo(plan.Target.PolicyName, Target: plan.Target.Name),
        });
        if (session is not null)
        {
            return SessionWorktree.GoOn(plan, session, context, journal, _options.Time);
        }

        var start = plan.FreshBase(context);
        journal.Update(record => record with { Base = new BaseInfo(start.Name, start.Commit.ToString()) });
        return SessionWorktree.Begin(plan, start, context, journal);
    }

    /// <summary>The engine, as it is started in the directory.</summary>
    public SupervisedCommand CommandFor(RunDirectory directory, RunJournal journal, RunContext context, OutputLog log)
    {
        var (argv, input) = _request.Engine.Invoke(_request.Prompt, _request.Session);
        return new SupervisedCommand
        {
            RunId = context.RunId,
            Argv = argv,
            WorkingDirectory = directory.EngineDirectory,
            Environment = _request.Engine.AddTo(context.Environment, directory.Variables),
            Input = input,
            Timeout = _request.Timeout ?? _request.Engine.Timeout,
            IdleTimeout = _request.Engine.IdleTimeout,
            Grace = _request.Engine.Grace,
            KeepProcesses = _request.Project.KeepProcesses,
            Interactive = _request.Interactive,
            Log = log,
            Echo = (stream, bytes) => _options.Observer.Output(stream == OutputStream.Error, bytes),
            Started = process => journal.Update(record => record with
            {
                State = RunState.Running,
                StartedAt = journal.Now,
                PrepareMs = (long)(journal.Now - record.CreatedAt).TotalMilliseconds,
                EngineProcess = ProcessInfo.Of(process),
            }),
        };
    }

    /// <summary>What writes the run's end down.</summary>
    public RunEnd EndOf(RunJournal journal) => new(journal, _repository);

    /// <summary>A dead run's engine may still work where this run is about to, and its worktree may still hold a branch.</summary>
    private static void EndDeadRuns(ProjectConfig project, Repository? repository, RunnerOptions options, CancellationToken cancel)
    {
        // What someone else is just keeping is about to be over.
        foreach (var (dead, why, _, _) in new Reconciler(project, options, repository).Reconcile(Patience, cancel).Where(run => run.AtWork is not []))
        {
            options.Observer.Warning(why is null
                ? $"Run {dead.Id} had died. It is interrupted now; what it made is kept ('wt-run show {dead.Id}')."
                : dead.State.IsFinal() ? $"Run {dead.Id}: {why}" : $"Run {dead.Id} has died. {why}");
        }
    }

    private IReadOnlyList<PeerProcess> PeersAtWork() =>
        PeerProcesses.Of(_request.Project, _repository, _repository?.Top ?? _request.Project.Path);

    private void WarnOfNeighbours(RunContext context)
    {
        var neighbour = _store.ActiveIds().Where(id => id != _record.Id).Select(_store.TryRead).OfType<RunRecord>().FirstOrDefault(
            record => record.Isolation.Kind == "in_place" && record.Directory == _record.Directory && _store.IsAlive(record.Id)) is { } run
            ? $"Run {run.Id} ({run.Trigger})"
            : PeersAtWork() is [var peer, ..] ? $"The process {peer}" : null;
        if (neighbour is not null)
        {
            context.Warn(
                $"{neighbour} works in '{_record.Directory}' at the same time. "
                + "concurrent = false makes such runs wait for each other; trigger_worktree = true gives cron and webhook runs a worktree.");
        }
    }

    /// <summary>A lock that cannot be had is a mistake of the configuration, and better told before the run has waited for everything else.</summary>
    private static void RequireLock(EngineDefinition engine, RunnerOptions options, string stateDirectory)
    {
        if (engine.Lock is { } file && EngineLock.WhyUnfit(file, [stateDirectory, options.StateHome]) is { } unfit)
        {
            throw new WorktreeIsolatorException(
                FailureKind.Configuration,
                $"{EngineLock.Where(options.ConfigurationFile, engine.LockPosition, engine.Name)}: {EngineLock.Sentence(unfit, engine.Name)}.",
                unfit.MayCome ? $"mkdir -p {ShellWords.Quoted(Path.GetDirectoryName(file)!)}" : null);
        }
    }

    /// <summary>A program that is looked up in PATH can be missed before anything is made; one that lies in the worktree cannot.</summary>
    private static void RequireProgram(RunRequest request, RunnerOptions options)
    {
        var (argv, _) = request.Engine.Invoke(request.Prompt, request.Session);
        if (!argv[0].Contains('/', StringComparison.Ordinal) || Path.IsPathRooted(argv[0]))
        {
            _ = Executable.Resolve(argv[0], request.Project.Path, request.Engine.AddTo(options.Environment));
        }
    }
}
