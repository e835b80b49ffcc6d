using System.CommandLine;
using System.Text;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Isolation;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary>The arguments of <c>wt-run run</c>, and the request that they and the configuration make together.</summary>
internal sealed class RunOptions
{
    private readonly ValueArgument _project = new("PROJECT", "A configured project (default: that of the current directory).", ValueKind.Project, false);
    private readonly ValueOption _trigger = new("--trigger", "KIND", "What starts the run: user (default), cron or webhook.", ValueKind.Word, "user", "cron", "webhook");
    private readonly ValueOption _triggerId = new("--trigger-id", "ID", "Which cron or webhook; its settings hold for what is left out here.");
    private readonly Flag _worktree = new("--worktree", "In a temporary worktree, whatever is configured.");
    private readonly Flag _noWorktree = new("--no-worktree", "In place, whatever is configured.");
    private readonly ValueOption _base = new("--base", "REF", "Branch, tag or commit that the worktree starts from.");
    private readonly ValueOption _branch = new("--branch", "NAME", "Name of the run's branch (default: wt/ID).");
    private readonly ValueOption _engine = new("--engine", "NAME", "A configured engine, or claude or codex.", ValueKind.Engine);
    private readonly ValueOption _prompt = new("--prompt", "TEXT", "The text for the engine; - reads it from standard input.");
    private readonly ValueOption _mergeBack = new(
        "--merge-back", "POLICY", "What happens to the commits: merge, push, branch or none.", ValueKind.Word, "merge", "push", "branch", "none");

    private readonly ValueOption _timeout = new("--timeout", "TIME", "How long the engine may run, such as 30m.");
    private readonly ValueOption _ifBusy = new("--if-busy", "WHAT", "If the run would have to wait: wait (default) or skip.", ValueKind.Word, "wait", "skip");
    private readonly ValueOption _waitTimeout = new("--wait-timeout", "TIME", "How long to wait at most (default: 10m; for an engine's lock, its lock_timeout).");
    private readonly Flag _interactive = new("--interactive", "Gives the engine the terminal.", "-i");

    private readonly ValueOption _session = new(
        "--session", "NAME", "In the worktree of that session, which stays from run to run, until it is landed or dropped.", ValueKind.Session);

    private readonly Flag _detach = new("--detach", "Lets the run go on by itself, prints its id and returns.", "-d");
    private readonly Flag _detachedSupervisor = new(Detachment.SupervisorOption, "") { Hidden = true };

    public RunOptions(Command command)
    {
        command.Add(_project);
        Option[] options =
        [
            _worktree, _noWorktree, _base, _branch, _engine, _prompt, _session, _mergeBack, _timeout, _trigger, _triggerId, _ifBusy, _waitTimeout,
            _interactive, _detach, _detachedSupervisor,
        ];
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    /// <summary>Makes the request.</summary>
    /// <exception cref="WorktreeIsolatorException">Something is contradictory, unknown or missing.</exception>
    public RunRequest Read(Invocation invocation, ConfigFile config, bool asJson)
    {
        var line = invocation.Line;
        var trigger = ReadTrigger(line);
        var settings = TriggerSettings.Find(config, trigger);
        var here = invocation.Surroundings;
        var project = ProjectSelection.Select(config, line.GetValue(_project) ?? settings?.Project, here.CurrentDirectory, here.RepositoryTop);
        var engineName = _engine.In(line);
        var engine = EngineSelection.Select(config, project, settings, engineName, invocation.EngineCommand);
        var prompt = ReadPrompt(line) ?? settings?.Prompt;
        var request = new RunRequest
        {
            Project = project,
            Engine = engine,
            Trigger = trigger,
            Prompt = prompt,
            Worktree = ReadWorktree(line),
            TriggerWorktree = settings?.Worktree,
            Session = ReadSession(line),
            Base = _base.In(line),
            Branch = _branch.In(line),
            MergeBack = ReadPolicy(line),
            Timeout = ReadTime(_timeout, line, mayBeZero: false),
            IfBusy = (_ifBusy.In(line) is { } word ? word == "skip" : settings?.IfBusy == BusyPolicy.Skip) ? IfBusy.Skip : IfBusy.Wait,
            WaitTimeout = ReadTime(_waitTimeout, line, mayBeZero: true),
            Interactive = IsInteractive(line, trigger, prompt, engine.Command, invocation.EngineCommand is not null, asJson),
        };
        RefuseWorktreeOptionsInPlace(line, request);
        return request;
    }

    /// <summary>Whether the run is to be supervised by another process than this one.</summary>
    public bool IsForDetachedSupervisor(ParseResult line) => _detach.IsGiven(line) && !IsDetachedSupervisor(line);

    /// <summary>Whether this process is that other one.</summary>
    public bool IsDetachedSupervisor(ParseResult line) => _detachedSupervisor.IsGiven(line);

    /// <summary>What the run reads from standard input; null if it does not.</summary>
    public byte[]? ReadInput(ParseResult line) => _prompt.In(line) == "-" ? StandardStreams.ReadInput() : null;

    private Trigger ReadTrigger(ParseResult line)
    {
        var id = _triggerId.In(line);
        var kind = _trigger.In(line) switch
        {
            "cron" => TriggerKind.Cron,
            "webhook" => TriggerKind.Webhook,
            _ => TriggerKind.User,
        };
        return id is null || kind != TriggerKind.User
            ? new Trigger(kind, id)
            : throw new UsageException("--trigger-id names a cron or a webhook, and this is a user run.", "Add --trigger cron or --trigger webhook.");
    }

    private bool? ReadWorktree(ParseResult line) => (_worktree.IsGiven(line), _noWorktree.IsGiven(line)) switch
    {
        (true, true) => throw new UsageException("--worktree and --no-worktree contradict each other.", "Leave one of the two out."),
        (true, false) => true,
        (false, true) => false,
        _ => null,
    };

    /// <summary>A session has a branch of its own, and nothing of it lands before a person says so.</summary>
    private SessionName? ReadSession(ParseResult line)
    {
        if (_session.In(line) is not { } name)
        {
            return null;
        }

        if (_branch.In(line) is not null)
        {
            throw new UsageException("--session and --branch contradict each other: a session has a branch of its own.", "Leave one of the two out.");
        }

        return _mergeBack.In(line) is null
            ? SessionName.Parse(name)
            : throw new UsageException(
                "--session and --merge-back contradict each other: nothing of a session lands by itself.", $"Leave --merge-back out; to land the session: wt-run land {name}");
    }

    /// <summary>The choices are looked at only if one was made: they cost every run 5 ms otherwise.</summary>
    private MergeBackPolicy? ReadPolicy(ParseResult line) =>
        _mergeBack.In(line) is { } word && ConfigChoices.MergeBack.TryParse(word, out var policy) ? policy : null;

    private string? ReadPrompt(ParseResult line) => _prompt.In(line) switch
    {
        "-" => Encoding.UTF8.GetString(ReadInput(line)!),
        var text => text,
    };

    private static TimeSpan? ReadTime(ValueOption option, ParseResult line, bool mayBeZero)
    {
        if (option.In(line) is not { } text)
        {
            return null;
        }

        if (!Duration.TryParse(text, out var time, out var problem))
        {
            throw new UsageException($"{option.Name} {text}: {problem}.");
        }

        return mayBeZero || time > TimeSpan.Zero ? time : throw new UsageException($"{option.Name} {text}: it must be more than zero.");
    }

    private bool IsInteractive(ParseResult line, Trigger trigger, string? prompt, IReadOnlyList<string> engine, bool isCommand, bool asJson)
    {
        var isTerminal = StandardStreams.InputIsTerminal && StandardStreams.Out.IsTerminal && StandardStreams.Error.IsTerminal;
        if (!_interactive.IsGiven(line))
        {
            return isTerminal && !asJson && isCommand && prompt is null && trigger.Kind == TriggerKind.User;
        }

        if (_detach.IsGiven(line))
        {
            throw new UsageException("--interactive and --detach contradict each other: a run that goes on by itself has no terminal.", "Leave one of the two out.");
        }

        if (!isTerminal)
        {
            throw new UsageException("--interactive gives the engine the terminal, but standard input, output and error are not all one.", "Leave it out.");
        }

        if (asJson)
        {
            throw new UsageException("--interactive and --json contradict each other: both want standard output.", "Leave one of the two out.");
        }

        return prompt is null || (!isCommand && engine.Contains("{prompt}"))
            ? true
            : throw new UsageException("--interactive gives the engine the terminal as its input, where the prompt would have to come from.", "Leave one of the two out.");
    }

    /// <summary>A run that turns out to be in place has no base and no branch; to ignore what was asked for would be worse than to refuse.</summary>
    private void RefuseWorktreeOptionsInPlace(ParseResult line, RunRequest request)
    {
        var given = new[] { _base, _branch, _mergeBack }.FirstOrDefault(option => option.In(line) is not null);
        if (given is null)
        {
            return;
        }

        var decision = IsolationDecider.Decide(new IsolationQuestion
        {
            Trigger = request.Trigger.Kind,
            Session = request.Session?.Value,
            Flag = request.Worktree,
            TriggerSetting = request.TriggerWorktree,
            TriggerWorktree = request.Project.TriggerWorktree,
            UserWorktree = request.Project.UserWorktree,
            IsGit = true,
        });
        if (decision is not UseWorktree)
        {
            throw new UsageException($"{given.Name} is for runs in a worktree, and this one would run in place ({decision.Reason}).", request.Worktree == false ? "Leave one of the two out." : "Add --worktree.");
        }
    }
}
