using WorktreeIsolator.Records;

namespace WorktreeIsolator.Cli;

/// <summary>The exit codes of <c>wt-run</c>. Those of <c>run</c> leave room below 120 for the engine's own.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>Of every command but <c>run</c>: something is wrong, said on stderr.</summary>
    public const int Wrong = 1;

    /// <summary>Of every command but <c>run</c>: the command line is wrong.</summary>
    public const int Usage = 2;

    public const int NeedsMerge = 120;
    public const int Skipped = 121;
    public const int Cancelled = 122;
    public const int WaitTimedOut = 123;
    public const int EngineTimedOut = 124;
    public const int RunFailed = 125;
    public const int EngineNotExecutable = 126;
    public const int EngineNotFound = 127;

    /// <summary>The exit code of <c>run</c> for a run that is over.</summary>
    public static int Of(RunRecord record) => record.State switch
    {
        RunState.Succeeded => Success,
        RunState.NeedsMerge => NeedsMerge,
        RunState.Skipped => record.Queue is null ? Skipped : WaitTimedOut,
        RunState.Cancelled => Cancelled,
        RunState.TimedOut => EngineTimedOut,
        _ => record.Engine.ExitCode is { } code and not 0 ? code : RunFailed,
    };

    /// <summary>The exit code of <c>run</c> for a request that could not be had.</summary>
    public static int Of(FailureKind kind) => kind switch
    {
        FailureKind.EngineNotExecutable => EngineNotExecutable,
        FailureKind.EngineNotFound => EngineNotFound,
        _ => RunFailed,
    };
}
