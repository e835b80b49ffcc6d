using System.Text;
using WorktreeIsolator.Configuration.Toml;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class TomlReaderTests
{
    [Theory]
    [InlineData("'a\\n'", "a\\n")]
    [InlineData("\"a\\tb\\\"\\\\\"", "a\tb\"\\")]
    [InlineData("\"\\u00e9\\U0001F600\"", "é😀")]
    [InlineData("\"\"\"\n  a\r\nb\"\"\"", "  a\nb")]
    [InlineData("\"\"\"a \\\n \t\n  b\"\"\"", "a b")]
    [InlineData("\"\"\"\"a\"\"\"\"\"", "\"a\"\"")]
    [InlineData("'''\n'a' ''b'' \\'''", "'a' ''b'' \\")]
    [InlineData("''", "")]
    public void Strings_are_read_as_TOML_1_0_defines_them(string toml, string value) =>
        Assert.Equal(value, Assert.IsType<TomlString>(Value(toml)).Value);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-17", -17)]
    [InlineData("+1_000", 1000)]
    [InlineData("0xDEAD_beef", 0xDEADBEEF)]
    [InlineData("0o755", 493)]
    [InlineData("0b1010", 10)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("0x7FFFFFFFFFFFFFFF", long.MaxValue)]
    public void Integers_are_read_in_all_their_notations(string toml, long value) =>
        Assert.Equal(value, Assert.IsType<TomlInteger>(Value(toml)).Value);

    [Theory]
    [InlineData("1.5", 1.5)]
    [InlineData("-0.01", -0.01)]
    [InlineData("1e06", 1e6)]
    [InlineData("6.626_1E-3", 6.6261e-3)]
    [InlineData("+inf", double.PositiveInfinity)]
    [InlineData("-nan", double.NaN)]
    public void Floats_are_read_in_all_their_notations(string toml, double value) =>
        Assert.Equal(value, Assert.IsType<TomlFloat>(Value(toml)).Value);

    [Theory]
    [InlineData("1979-05-27", "LocalDate", "1979-05-27")]
    [InlineData("07:32:00.5", "LocalTime", "07:32:00.5")]
    [InlineData("1979-05-27 07:32:00 # then", "LocalDateTime", "1979-05-27T07:32:00")]
    [InlineData("1979-05-27t07:32:60z", "OffsetDateTime", "1979-05-27T07:32:60Z")]
    [InlineData("2024-02-29T00:00:00.25-07:00", "OffsetDateTime", "2024-02-29T00:00:00.25-07:00")]
    public void Dates_and_times_are_read_and_put_into_one_notation(string toml, string type, string text)
    {
        var value = Assert.IsType<TomlDateTime>(Value(toml));
        Assert.Equal((type, text), (value.Type.ToString(), value.Text));
    }

    [Fact]
    public void Arrays_may_span_lines_hold_comments_and_end_with_a_comma()
    {
        var array = Assert.IsType<TomlArray>(Value("[ 1, # one\n\n 'two', [], { a = [\n3] },\n]"));
        Assert.Equal(["an integer", "a string", "an array", "a table"], array.Items.Select(i => i.Kind));
    }

    [Fact]
    public void Headers_dotted_keys_and_inline_tables_make_the_same_tables()
    {
        var byHeader = TomlReader.Read("[a.b]\nc = 1\n[a.d]\ne = 2");
        var byKey = TomlReader.Read("a.b.c = 1\na . 'd'.\"e\" = 2");
        var inline = TomlReader.Read("a = { b = { c = 1 }, d.e = 2 }");
        Assert.All([byHeader, byKey, inline], table => Assert.Equal("{a={b={c=1},d={e=2}}}", Written(table)));
    }

    [Fact]
    public void A_header_in_double_brackets_adds_a_table_and_later_headers_go_below_the_last()
    {
        var table = TomlReader.Read("[[a]]\nx = 1\n[a.b]\ny = 2\n[[a]]\n[[a.c]]\n[[a.c]]\nz = 3");
        Assert.Equal("{a=[{x=1,b={y=2}},{c=[{},{z=3}]}]}", Written(table));
    }

    [Theory]
    [InlineData("[a]\nb.c = 1\n[a.b]")]
    [InlineData("[a.b]\nc = 1\n[a]\nb.d = 2")]
    [InlineData("[[a.b]]\n[a]\nb.c = 1")]
    [InlineData("a = []\n[[a]]")]
    [InlineData("[a]\n[[a]]")]
    [InlineData("[[a]]\n[a]")]
    [InlineData("a = { b = { c = 1 }, b.d = 2 }")]
    [InlineData("a.b = { c = 1 }\na.b.d = 2")]
    [InlineData("a = 1\n[a.b]")]
    public void What_is_defined_once_cannot_be_defined_or_extended_again(string toml) =>
        Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(toml));

    [Fact]
    public void Columns_count_code_points_from_one_and_tabs_as_one()
    {
        var entry = Assert.Single(TomlReader.Read("# é\r\n\t'😀é' = 'x'").Entries);
        Assert.Equal((2, 2), (entry.KeyPosition.Line, entry.KeyPosition.Column));
        Assert.Equal((2, 9), (entry.Value.Position.Line, entry.Value.Position.Column));
    }

    [Fact]
    public void A_byte_order_mark_at_the_start_is_skipped_and_not_counted()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, .. "a = 1"u8];
        Assert.Equal((1, 1), (TomlReader.Read(bytes).Entries[0].KeyPosition.Line, TomlReader.Read(bytes).Entries[0].KeyPosition.Column));
        Assert.Throws<TomlSyntaxException>(() => TomlReader.Read("a = 1\n\uFEFFb = 2"));
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_refused_at_their_place()
    {
        byte[] bytes = [.. "a = 1\nb = 'é"u8, 0xFF, .. "'"u8];
        var error = Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(bytes));
        Assert.Equal((2, 7), (error.Position.Line, error.Position.Column));
        Assert.Contains("0xFF is not valid UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0xC0, 0x80)]
    [InlineData(0xED, 0xA0)]
    [InlineData(0xC3, 0x27)]
    public void Overlong_surrogate_and_cut_off_sequences_are_refused(byte first, byte second)
    {
        byte[] bytes = [.. "a = '"u8, first, second, .. "'"u8];
        Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(bytes));
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_text_is_refused() =>
        Assert.Throws<TomlSyntaxException>(() => TomlReader.Read("a = '" + (char)0xD83D + "'"));

    [Theory]
    [InlineData("[", 101)]
    [InlineData("[", 1_000_000)]
    [InlineData("{a=", 101)]
    [InlineData("{a=", 1_000_000)]
    public void Nesting_beyond_the_limit_is_an_error_and_no_crash(string opening, int depth)
    {
        var text = new StringBuilder("a = ").Insert(4, opening, depth).ToString();
        var error = Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(text));
        Assert.Equal($"arrays and inline tables are nested more than {TomlReader.DeepestNesting} deep", error.Message);
    }

    [Fact]
    public void Nesting_up_to_the_limit_is_read()
    {
        var value = Value(new string('[', TomlReader.DeepestNesting) + new string(']', TomlReader.DeepestNesting));
        Assert.IsType<TomlArray>(value);
    }

    [Fact]
    public void A_key_of_very_many_parts_is_an_error()
    {
        var text = new StringBuilder("a").Insert(1, ".a", 1_000_000).Append(" = 1").ToString();
        var error = Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(text));
        Assert.Contains("more than 100 parts", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a = hunter2")]
    [InlineData("a = 2hunter")]
    [InlineData("a = \"hunter2")]
    [InlineData("a = 'hunter2' hunter2")]
    [InlineData("a = 0xhunter2")]
    [InlineData("a = 2026-hunter2")]
    public void No_error_quotes_a_value_because_it_may_be_a_secret(string toml)
    {
        var error = Assert.Throws<TomlSyntaxException>(() => TomlReader.Read(toml));
        Assert.DoesNotContain("hunter", error.Message, StringComparison.Ordinal);
    }

    private static TomlValue Value(string toml) => Assert.Single(TomlReader.Read("key = " + toml).Entries).Value;

    private static string Written(TomlValue value) => value switch
    {
        TomlTable table => "{" + string.Join(',', table.Entries.Select(e => $"{e.Key}={Written(e.Value)}")) + "}",
        TomlArray array => "[" + string.Join(',', array.Items.Select(Written)) + "]",
        TomlInteger number => $"{number.Value}",
        _ => value.Kind,
    };
}
