using System.Text.Json;
using System.Text.Json.Nodes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.Tests.Records;

public sealed class Records_as_json
{
    private static readonly RunRecord Empty = new()
    {
        Id = "0123456789ab",
        Project = "scout",
        Trigger = new Trigger(TriggerKind.User),
        Isolation = new IsolationInfo("in_place", "user_worktree = false"),
        Engine = new EngineInfo(null, ["true"]),
    };

    private static readonly RunRecord Full = new()
    {
        Id = "0123456789ab",
        Project = "scout",
        State = RunState.NeedsMerge,
        Trigger = new Trigger(TriggerKind.Webhook, "push"),
        Session = "review",
        Isolation = new IsolationInfo("worktree", "--worktree"),
        Base = new BaseInfo("origin/main", new string('a', 40)),
        Branch = "wt-run/0123456789ab",
        Worktree = "/a/<ü>",
        Directory = "/a/\"b\"",
        Warm = true,
        Engine = new EngineInfo("claude", ["claude", "-p", "line\nfeed"], 3, 10_000),
        MergeBack = new MergeBackInfo("merge", MergeBackResult.Conflict, "main", new string('b', 40), ["a", "b c"]),
        RescueRef = "refs/wt-run/0123456789ab",
        Kept = new KeptInfo("/a", "asked for"),
        Artifacts = new ArtifactsInfo("/artifacts", 3, 5_000_000_000),
        Queue = new QueueInfo(2, 1234),
        PrepareMs = 1,
        LockHeldMs = 2,
        Log = "/log",
        Supervisor = new ProcessInfo(1, 2, "boot", 3, 4),
        EngineProcess = new ProcessInfo(5, 6, "boot", 7, 8),
        CreatedAt = DateTimeOffset.UnixEpoch,
        StartedAt = DateTimeOffset.UnixEpoch.AddSeconds(1.5),
        FinishedAt = DateTimeOffset.UnixEpoch.AddTicks(1),
        SettledAt = DateTimeOffset.UnixEpoch.AddDays(1),
        Message = "A sentence.",
        Hint = "Another.",
    };

    public static TheoryData<RunState> States => [.. Enum.GetValues<RunState>()];

    public static TheoryData<MergeBackResult> Results => [.. Enum.GetValues<MergeBackResult>()];

    [Fact]
    public void Are_written_as_the_serializer_would_write_them()
    {
        foreach (var record in new[] { Empty, Full })
        {
            var byHand = JsonNode.Parse(RecordWriter.ToUtf8(record));
            var bySerializer = JsonSerializer.SerializeToNode(record, RecordJson.Default.RunRecord);
            Assert.True(JsonNode.DeepEquals(bySerializer, byHand), $"{bySerializer}\n{byHand}");
        }
    }

    [Fact]
    public void Come_back_as_they_were()
    {
        var records = JsonSerializer.Deserialize(RecordWriter.ToUtf8([Empty, Full]), RecordJson.Default.IReadOnlyListRunRecord)!;

        Assert.Equal(RecordWriter.ToUtf8(Empty), RecordWriter.ToUtf8(records[0]));
        Assert.Equal(RecordWriter.ToUtf8(Full), RecordWriter.ToUtf8(records[1]));
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Name_every_state_alike(RunState state) =>
        Assert.Equal(state, JsonSerializer.Deserialize(RecordWriter.ToUtf8(Empty with { State = state }), RecordJson.Default.RunRecord)!.State);

    [Theory]
    [MemberData(nameof(Results))]
    public void Name_every_result_alike(MergeBackResult result)
    {
        var record = Full with { MergeBack = Full.MergeBack! with { Result = result } };

        Assert.Equal(result, JsonSerializer.Deserialize(RecordWriter.ToUtf8(record), RecordJson.Default.RunRecord)!.MergeBack!.Result);
    }
}
