using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A program that has ended: its exit code and what it printed.</summary>
internal sealed class Finished(IReadOnlyList<string> argv, CapturedResult result)
{
    /// <summary>128 + signal if a signal ended it.</summary>
    public int ExitCode { get; } = result.ExitCode;

    public byte[] OutputBytes { get; } = result.Output;

    public string Output { get; } = Encoding.UTF8.GetString(result.Output);

    public string Error { get; } = Encoding.UTF8.GetString(result.Error);

    /// <summary>Whether it was killed because it did not end.</summary>
    public bool TimedOut { get; } = result.TimedOut;

    /// <summary>Standard output as the record that <c>run --json</c> and <c>show --json</c> print.</summary>
    public RunRecord Record => Read(() => RecordReader.ReadRun(OutputBytes));

    /// <summary>Standard output as the records that <c>list --json</c> prints.</summary>
    public IReadOnlyList<RunRecord> Records => Read(() => RecordReader.ReadRuns(OutputBytes));

    /// <summary>Standard output as any JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Output) ?? throw new InvalidOperationException($"No JSON.\n{this}");

    /// <summary>This, if the exit code is the expected one; else fails with all that is known.</summary>
    public Finished Expect(int exitCode) => ExitCode == exitCode && !TimedOut
        ? this
        : throw new InvalidOperationException($"Expected exit code {exitCode}.\n{this}");

    private T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException e)
        {
            throw new InvalidOperationException($"No record: {e.Message}\n{this}", e);
        }
    }

    public override string ToString() =>
        $"{string.Join(' ', argv)}\nexit code {ExitCode}{(TimedOut ? ", killed because it did not end" : "")}\n--- stdout\n{Output}\n--- stderr\n{Error}";
}
