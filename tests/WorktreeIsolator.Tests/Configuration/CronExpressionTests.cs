using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class CronExpressionTests
{
    [Theory]
    [InlineData("* * * * *")]
    [InlineData("0 2 * * *")]
    [InlineData("*/15 9-17 * * 1-5")]
    [InlineData("0,30 0-23/2 1,15 jan-mar,DEC Mon,wed")]
    [InlineData("  5\t4  *  *  sun ")]
    [InlineData("0 0 * * 7")]
    [InlineData("0 0 29 2 *")]
    [InlineData("0 0 31 2 mon")]
    [InlineData("0 0 31 2,3 *")]
    public void Five_right_fields_are_accepted(string schedule) => Assert.Null(CronExpression.Check(schedule));

    [Theory]
    [InlineData("", "it has 0 fields")]
    [InlineData("*", "it has 1 field instead")]
    [InlineData("* 24 * * *", "'24' is no hour")]
    [InlineData("* * 0 * *", "'0' is no day of the month")]
    [InlineData("* * * 13 *", "'13' is no month")]
    [InlineData("* * * * 8", "'8' is no day of the week")]
    [InlineData("* * * mon *", "'mon' is no month")]
    [InlineData("* * ? * *", "'?' is no day of the month")]
    [InlineData("* * L * *", "'L' is no day of the month")]
    [InlineData("-1 * * * *", "'' is no minute")]
    [InlineData("1- * * * *", "'' is no minute")]
    [InlineData("+1 * * * *", "'+1' is no minute")]
    [InlineData("1,,2 * * * *", "has an empty entry")]
    [InlineData("*/0 * * * *", "is not a number from 1 to 59")]
    [InlineData("*/60 * * * *", "is not a number from 1 to 59")]
    [InlineData("*/x * * * *", "is not a number from 1 to 59")]
    [InlineData("*/2/2 * * * *", "is not a number from 1 to 59")]
    [InlineData("5/10 * * * *", "needs a range, such as '5-59/10'")]
    [InlineData("* 22-2 * * *", "runs backwards")]
    [InlineData("* * * * fri-sun", "runs backwards")]
    [InlineData("0 0 30 feb *", "it never fires")]
    [InlineData("0 0 31 4,6,9,11 *", "it never fires")]
    [InlineData("@weekly", "write '0 0 * * 0'")]
    [InlineData("@reboot", "names that begin with '@' are not allowed")]
    [InlineData("99999999999999999999 * * * *", "is no minute")]
    public void Anything_else_is_refused_with_what_is_allowed(string schedule, string expected) =>
        Assert.Contains(expected, CronExpression.Check(schedule), StringComparison.Ordinal);
}
