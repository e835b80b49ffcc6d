using System.CommandLine;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run run</c>: one run, from the command line to its exit code.</summary>
internal sealed class RunCommand : CliCommand
{
    public const string CommandName = "run";

    private readonly RunOptions _options;
    private readonly Flag _json = new("--json", "Prints the record as JSON; the engine's output goes to the log alone.");
    private readonly Flag _quiet = new("--quiet", "Leaves wt-run's own progress out; warnings and failures are still told.", "-q");

    public RunCommand()
        : base(CommandName, "Runs an engine, or any command, in a project: in a worktree of its own or in place.")
    {
        _options = new RunOptions(this);
        Add(_json);
        Add(_quiet);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "wt-run run --worktree -- npm test",
        "wt-run run scout --engine claude --prompt \"Fix the failing test\"",
        "git diff | wt-run run --worktree --engine claude --prompt -",
        "wt-run run scout --trigger cron --trigger-id nightly --if-busy skip      (in a crontab)",
        "wt-run run --session fix-login --engine claude --prompt \"Now add a test\"",
        "wt-run run --worktree --merge-back branch --branch try-it -- make",
        "wt-run run --worktree --detach -- make bench",
    ];

    public override bool TakesEngineCommand => true;

    public override int UsageErrorCode => ExitCodes.RunFailed;

    public override int CodeFor(WorktreeIsolatorException failure) => ExitCodes.Of(failure.Kind);

    public override int Execute(Invocation invocation)
    {
        var here = invocation.Surroundings;
        var asJson = _json.IsGiven(invocation.Line);
        if (_options.IsForDetachedSupervisor(invocation.Line))
        {
            return Detachment.Start(here, _options.ReadInput(invocation.Line), asJson);
        }

        var config = ConfigurationSource.Load(Config.In(invocation.Line), here);
        var request = _options.Read(invocation, config, asJson);
        var progress = ProgressOf(invocation.Line, request, asJson, here);
        foreach (var warning in config.Warnings)
        {
            progress.Warning(warning.ToString());
        }

        WarnOfIdleKeys(request, progress);
        if (TriggerSettings.Doubt(config, request.Trigger) is { } doubt)
        {
            progress.Warning(doubt);
        }

        progress.Tell = record => Tell(record, request, here, asJson, isQuiet: _quiet.IsGiven(invocation.Line));
        using var signals = new CancelSignals(progress.Say);
        try
        {
            var runner = new TriggerRunner(RunnerOptions.For(config, here.Environment) with { Observer = progress });
            return ExitCodes.Of(runner.Run(request, signals.Cancel, signals.Kill));
        }
        catch (OperationCanceledException)
        {
            Failure.Tell("Cancelled before anything was made.", null, asJson);
            return ExitCodes.Cancelled;
        }
        finally
        {
            progress.End();
        }
    }

    private RunProgress ProgressOf(ParseResult line, RunRequest request, bool asJson, Surroundings here) => _options.IsDetachedSupervisor(line)
        ? new DetachedProgress(!_quiet.IsGiven(line), asJson, here.Environment.GetValueOrDefault("WT_RUN_ID"))
        : new RunProgress(!_quiet.IsGiven(line), echoes: !asJson, request.Interactive);

    private static void WarnOfIdleKeys(RunRequest request, RunProgress progress)
    {
        var keys = NotInEffect.In(request.Project);
        if (keys.Count > 0)
        {
            progress.Warning($"Without effect in this version of wt-run: {string.Join(", ", keys)}.");
        }
    }

    private static void Tell(RunRecord record, RunRequest request, Surroundings here, bool asJson, bool isQuiet)
    {
        if (!isQuiet || !RunOutcome.IsFine(record))
        {
            // A program reads the commit from the record; a person wants to know how much it is.
            var landed = asJson ? null : LandedChange.TryRead(request.Project.Path, here.Environment, record);
            StandardStreams.Error.TryWriteText(RunOutcome.Describe(record, landed));
        }

        if (asJson)
        {
            StandardStreams.Out.Write([.. RecordWriter.ToUtf8(record), (byte)'\n']);
        }
    }
}
