using System.Globalization;
using System.Text.Json;
using WorktreeIsolator.Configuration.Toml;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

/// <summary>
/// The official TOML test suite, its list for 1.0.0. It is not part of this repository: TOML_TEST_DIR names its directory
/// <c>tests</c>; without it these tests have nothing to look at and pass.
/// </summary>
public class TomlSuiteTests
{
    private static readonly string? s_directory = Environment.GetEnvironmentVariable("TOML_TEST_DIR");

    [Fact]
    public void Every_valid_document_means_what_the_suite_says()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var file in Documents("valid/"))
        {
            count++;
            try
            {
                using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.ChangeExtension(file, ".json")));
                Compare(expected.RootElement, TomlReader.Read(File.ReadAllBytes(file)), "");
            }
            catch (Exception e) when (e is WorktreeIsolatorException or InvalidDataException)
            {
                wrong.Add($"{file}: {e.Message}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(s_directory is null ? 0 : 210, count);
    }

    [Fact]
    public void Every_invalid_document_is_refused_at_a_place_in_it()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var file in Documents("invalid/"))
        {
            count++;
            var bytes = File.ReadAllBytes(file);
            try
            {
                TomlReader.Read(bytes);
                wrong.Add($"{file} was accepted");
            }
            catch (TomlSyntaxException e)
            {
                var lines = bytes.Count(b => b == '\n') + 1;
                if (e.Position.Line < 1 || e.Position.Line > lines || e.Position.Column < 1 || e.Message.Length < 10)
                {
                    wrong.Add($"{file}: {e.Position} {e.Message}");
                }
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(s_directory is null ? 0 : 499, count);
    }

    private static IEnumerable<string> Documents(string kind) => s_directory is null
        ? []
        : File.ReadLines(Path.Combine(s_directory, "files-toml-1.0.0"))
            .Where(line => line.StartsWith(kind, StringComparison.Ordinal) && line.EndsWith(".toml", StringComparison.Ordinal))
            .Select(line => Path.Combine(s_directory, line));

    private static void Compare(JsonElement expected, TomlValue actual, string at)
    {
        switch (actual)
        {
            case TomlTable table:
                Require(expected.ValueKind == JsonValueKind.Object, at, "a table is not expected");
                Require(expected.EnumerateObject().Count() == table.Entries.Count, at, "the number of keys differs");
                foreach (var entry in table.Entries)
                {
                    Require(expected.TryGetProperty(entry.Key, out var value), at, $"the key '{entry.Key}' is not expected");
                    Compare(value, entry.Value, $"{at}.{entry.Key}");
                }

                break;
            case TomlArray array:
                Require(expected.ValueKind == JsonValueKind.Array, at, "an array is not expected");
                Require(expected.GetArrayLength() == array.Items.Count, at, "the number of items differs");
                for (var i = 0; i < array.Items.Count; i++)
                {
                    Compare(expected[i], array.Items[i], $"{at}[{i}]");
                }

                break;
            default:
                CompareScalar(expected.GetProperty("type").GetString()!, expected.GetProperty("value").GetString()!, actual, at);
                break;
        }
    }

    private static void CompareScalar(string type, string value, TomlValue actual, string at)
    {
        var same = actual switch
        {
            TomlString s => type == "string" && s.Value == value,
            TomlInteger i => type == "integer" && i.Value == long.Parse(value, CultureInfo.InvariantCulture),
            TomlBoolean b => type == "bool" && b.Value == (value == "true"),
            TomlFloat f => type == "float" && f.Value.Equals(Float(value)),
            TomlDateTime d => type == TypeOf(d.Type) && Normal(d.Text) == Normal(value),
            _ => false,
        };
        Require(same, at, $"{type} {value} is expected");
    }

    private static double Float(string value) => value switch
    {
        "inf" or "+inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" or "+nan" or "-nan" => double.NaN,
        _ => double.Parse(value, CultureInfo.InvariantCulture),
    };

    private static string TypeOf(TomlDateTimeKind kind) => kind switch
    {
        TomlDateTimeKind.OffsetDateTime => "datetime",
        TomlDateTimeKind.LocalDateTime => "datetime-local",
        TomlDateTimeKind.LocalDate => "date-local",
        _ => "time-local",
    };

    /// <summary>Fractions of a second mean the same with and without zeros at their end.</summary>
    private static string Normal(string text)
    {
        var point = text.IndexOf('.', StringComparison.Ordinal);
        if (point < 0)
        {
            return text;
        }

        var end = point + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return text[..end].TrimEnd('0').TrimEnd('.') + text[end..];
    }

    private static void Require(bool condition, string at, string message)
    {
        if (!condition)
        {
            throw new InvalidDataException($"at '{at}': {message}");
        }
    }
}
