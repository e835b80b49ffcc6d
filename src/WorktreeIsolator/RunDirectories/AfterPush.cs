using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.RunDirectories;

/// <summary>
/// Runs the project's <c>after_push</c> command once a push is confirmed, in the run's worktree, detached at exactly what was pushed. The
/// work is where it belongs by then: that the command fails, or is cancelled, is told and changes nothing of that.
/// </summary>
internal static class AfterPush
{
    /// <summary>Runs it, if there is one.</summary>
    /// <param name="project">The project.</param>
    /// <param name="git">git in the run's worktree.</param>
    /// <param name="pushed">What was pushed.</param>
    /// <param name="branch">The branch there, which <c>{branch}</c> stands for.</param>
    /// <param name="directory">Where it starts.</param>
    /// <param name="environment">The run's.</param>
    /// <param name="context">The run.</param>
    /// <returns>What a person should know and can do; null if all went well.</returns>
    public static (string Message, string Hint)? WhyFailed(
        ProjectConfig project,
        GitCommand git,
        CommitId pushed,
        string branch,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        RunContext context)
    {
        if (project.AfterPush.Count == 0)
        {
            return null;
        }

        IReadOnlyList<string> argv = [.. project.AfterPush.Select(argument => argument.Replace("{branch}", branch, StringComparison.Ordinal))];
        if (WhyFailed(project, git, pushed, argv, directory, environment, context) is not { } why)
        {
            return null;
        }

        var message = $"The work is pushed, but the after_push command {why}";
        context.Warn(message);
        return (message, $"To try the command again: cd {ShellWords.Quoted(project.Path)} && {ShellWords.Command(argv)}");
    }

    private static string? WhyFailed(
        ProjectConfig project,
        GitCommand git,
        CommitId pushed,
        IReadOnlyList<string> argv,
        string directory,
        IReadOnlyDictionary<string, string> environment,
        RunContext context)
    {
        try
        {
            ExactCheckout.Of(git, pushed, context.Cancel);
            return context.Commands.Run("after_push", argv, directory, environment, project.AfterPushTimeout) switch
            {
                0 => null,
                null => $"took longer than {Duration.Format(project.AfterPushTimeout)} (after_push_timeout) and was ended.",
                { } exitCode => $"failed with exit code {exitCode}; its output is in the log.",
            };
        }
        catch (OperationCanceledException)
        {
            return "was cancelled.";
        }
        catch (Exception e) when (e is WorktreeIsolatorException or IOException or UnauthorizedAccessException)
        {
            return $"could not be run: {e.Message}";
        }
    }
}
