using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class DurationTests
{
    [Theory]
    [InlineData("30m", 30 * 60_000L)]
    [InlineData("10s", 10_000L)]
    [InlineData("1h30m", 90 * 60_000L)]
    [InlineData("2d", 2 * 86_400_000L)]
    [InlineData("500ms", 500L)]
    [InlineData("1d2h3m4s5ms", 93_784_005L)]
    [InlineData("90m", 90 * 60_000L)]
    [InlineData("0s", 0L)]
    [InlineData("3650d", 3650 * 86_400_000L)]
    public void Whole_numbers_with_falling_units_are_a_duration(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration, out var problem));
        Assert.Equal((milliseconds, ""), ((long)duration.TotalMilliseconds, problem));
    }

    [Theory]
    [InlineData("", "a duration is missing")]
    [InlineData("m", "that is not a duration")]
    [InlineData("10", "the unit after 10 is missing")]
    [InlineData("10M", "the unit after 10 is missing")]
    [InlineData(" 10m", "that is not a duration")]
    [InlineData("10m ", "that is not a duration")]
    [InlineData("-1s", "that is not a duration")]
    [InlineData("10min", "'min' is not a unit of time")]
    [InlineData("1s1m", "the unit 'm' is repeated or stands after a smaller one")]
    [InlineData("3650d1ms", "at most 3650d is allowed")]
    [InlineData("9223372036854775807d", "at most 3650d is allowed")]
    [InlineData("315360000001ms", "at most 3650d is allowed")]
    [InlineData("١٠m", "that is not a duration")]
    public void Anything_else_is_refused_with_a_sentence(string text, string expected)
    {
        Assert.False(Duration.TryParse(text, out var duration, out var problem));
        Assert.Equal(TimeSpan.Zero, duration);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1h30m")]
    [InlineData("2d500ms")]
    [InlineData("0s")]
    public void What_is_written_is_read_back(string text)
    {
        Assert.True(Duration.TryParse(text, out var duration, out _));
        Assert.Equal(text, Duration.Format(duration));
    }

    [Theory]
    [InlineData("0B", 0)]
    [InlineData("512KiB", 512 * 1024)]
    [InlineData("100MiB", 104_857_600)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("8388607TiB", 8_388_607L << 40)]
    public void Amounts_of_bytes_are_whole_numbers_with_a_unit(string text, long expected)
    {
        Assert.True(ByteSize.TryParse(text, out var bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("100")]
    [InlineData("1MB")]
    [InlineData("1mib")]
    [InlineData("-1B")]
    [InlineData("1.5MiB")]
    [InlineData("8388608TiB")]
    [InlineData("99999999999999999999B")]
    public void Other_amounts_of_bytes_are_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));
}
