using WorktreeIsolator.Platform;
using Xunit;

namespace WorktreeIsolator.Tests.Platform;

public sealed class WaitingTests
{
    [Fact]
    public void A_time_that_is_over_already_is_not_waited_for()
    {
        var pause = new Thread(() => Waiting.Pause(TimeSpan.FromMilliseconds(-1.5), CancellationToken.None)) { IsBackground = true };

        pause.Start();

        Assert.True(pause.Join(TimeSpan.FromSeconds(30)), "it waits for ever");
    }
}
