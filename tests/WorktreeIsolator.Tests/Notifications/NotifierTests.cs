using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Notifications;

public sealed class NotifierTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_command_that_does_not_end_is_ended_with_all_that_it_started_and_the_next_one_is_told()
    {
        var store = new RunStore(_scratch["state"]);
        var run = new RunRecord
        {
            Id = "0123456789ab",
            Project = "scout",
            State = RunState.Succeeded,
            Trigger = new Trigger(TriggerKind.User),
            Isolation = new IsolationInfo("in_place", "user_worktree = false"),
            Engine = new EngineInfo(null, ["true"]),
        };
        store.Publish(run, TimeProvider.System, sync: false).Dispose();
        string[] hanging = ["sh", "-c", $"sh -c 'echo $$ > \"$0\"; exec sleep 600' '{_scratch["pid"]}'; true"];
        var options = new RunnerOptions
        {
            Environment = TestPrograms.Environment(),
            Notify = [new NotifyConfig { Events = ["succeeded"], Command = hanging }, new NotifyConfig { Events = ["succeeded"], Command = ["touch", _scratch["told"]] }],
        };

        // Long enough for a shell to write a line and for touch(1) to end, on a busy machine too.
        new Notifier(new ProjectConfig { Name = "scout", Path = _scratch.Path }, options, store) { CommandTimeout = TimeSpan.FromSeconds(4) }.Tell(run);

        var told = RunEvents.Read(store.DirectoryOf(run.Id), "notify");
        Assert.Equal((2, true), (told.Count, File.Exists(_scratch["told"])));
        Assert.EndsWith("failed: it took longer than 4s and was ended.", told[0], StringComparison.Ordinal);
        Assert.Null(ProcessIdentity.Of(int.Parse(File.ReadAllText(_scratch["pid"]), CultureInfo.InvariantCulture)));
    }
}
