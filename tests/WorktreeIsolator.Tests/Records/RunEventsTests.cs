using System.Globalization;
using WorktreeIsolator.Records;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Records;

public sealed class The_events_of_a_run : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Are_all_there_whoever_writes_at_the_same_time()
    {
        const int Writers = 4;
        const int Each = 500;
        using var start = new Barrier(Writers);
        var threads = Enumerable.Range(0, Writers).Select(writer => new Thread(() =>
        {
            start.SignalAndWait();
            for (var i = 0; i < Each; i++)
            {
                RunEvents.Append(_scratch.Path, DateTimeOffset.UnixEpoch, "step", string.Create(CultureInfo.InvariantCulture, $"{writer}-{i}"), sync: false);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.Equal(Writers * Each, RunEvents.Read(_scratch.Path, "step").Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Go_on_on_a_line_of_their_own_after_one_that_was_cut_off()
    {
        File.WriteAllText(_scratch["events.jsonl"], "{\"at\":\"2026");

        RunEvents.Append(_scratch.Path, DateTimeOffset.UnixEpoch, "step", "whole", sync: true);

        Assert.Equal(["whole"], RunEvents.Read(_scratch.Path, "step"));
    }
}
