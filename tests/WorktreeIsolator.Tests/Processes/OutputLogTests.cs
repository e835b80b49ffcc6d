using System.Text;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

public sealed class OutputLogTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    private string LogFile => _scratch["output.log"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_fits_is_logged_as_it_came_and_nothing_else()
    {
        Log(limit: 10, "one\n", "two", "\n12");

        Assert.Equal("one\ntwo\n12", File.ReadAllText(LogFile));
    }

    [Fact]
    public void An_existing_log_is_continued()
    {
        Log(limit: 10, "setup\n");
        Log(limit: 10, "engine\n");

        Assert.Equal("setup\nengine\n", File.ReadAllText(LogFile));
    }

    [Fact]
    public void Beyond_the_limit_a_marker_and_the_end_are_kept()
    {
        Log(limit: 8, "12345678left", "out", new string('x', OutputLog.TailLength - 4), "end\n");

        Assert.Equal(
            "12345678\n[wt-run: the limit of 8 bytes is reached; of what follows only the last 64 KiB will be kept]\n" +
            $"[wt-run: 7 bytes are left out here]\n{new string('x', OutputLog.TailLength - 4)}end\n",
            File.ReadAllText(LogFile));
    }

    [Fact]
    public void Little_more_than_the_limit_is_kept_whole()
    {
        Log(limit: 4, "1234", "5678", "9\n");

        Assert.EndsWith("[wt-run: 0 bytes are left out here]\n56789\n", File.ReadAllText(LogFile), StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_does_not_begin_inside_a_character()
    {
        Log(limit: 0, "äöü", new string('x', OutputLog.TailLength - 3));

        var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(LogFile));
        Assert.Contains("[wt-run: 4 bytes are left out here]\nüx", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(65536)]
    [InlineData(200_000)]
    public void The_end_is_the_end_whatever_the_size_of_the_pieces(int piece)
    {
        var all = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 40_000).Select(i => $"{i:x5}")));
        using (var log = new OutputLog(LogFile, limit: 10))
        {
            for (var i = 0; i < all.Length; i += piece)
            {
                log.Write(all.AsSpan(i, Math.Min(piece, all.Length - i)));
            }
        }

        Assert.Equal(all[^OutputLog.TailLength..], File.ReadAllBytes(LogFile)[^OutputLog.TailLength..]);
    }

    [Fact]
    public void A_log_that_cannot_be_opened_says_why_and_takes_everything()
    {
        using var log = new OutputLog(_scratch["missing/output.log"]);
        log.Write("lost"u8);
        log.Note("lost");

        Assert.Contains("No such file or directory", log.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_stops_the_log_and_not_the_run()
    {
        using var log = new OutputLog("/dev/full");
        log.Write("lost"u8);
        log.Write("lost"u8);

        Assert.Contains("No space left on device", log.Failure, StringComparison.Ordinal);
    }

    private void Log(long limit, params string[] pieces)
    {
        using var log = new OutputLog(LogFile, limit);
        foreach (var piece in pieces)
        {
            log.Write(Encoding.UTF8.GetBytes(piece));
        }

        Assert.Null(log.Failure);
    }
}
