using System.Text;
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
        Queue = new QueueInfo(2, 1234, "ba9876543210", "flock (pid 7)", "the lock '/a'"),
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
        Assert.Equal(RecordWriter.ToUtf8(Empty), RecordWriter.ToUtf8(RecordReader.ReadRun(RecordWriter.ToUtf8(Empty))));
        Assert.Equal(RecordWriter.ToUtf8(Full), RecordWriter.ToUtf8(RecordReader.ReadRun(RecordWriter.ToUtf8(Full))));
    }

    [Fact]
    public void Are_an_array_each_as_it_was_written()
    {
        RecordText[] texts = [RecordText.Of(Full), RecordText.Of(Empty)];

        var written = RecordWriter.ToUtf8(texts);

        Assert.Equal("[]", Encoding.UTF8.GetString(RecordWriter.ToUtf8(Array.Empty<RecordText>())));
        Assert.Equal($"[\n  {Indented(Full)},\n  {Indented(Empty)}\n]", Encoding.UTF8.GetString(written));
        Assert.Equal([RecordWriter.ToUtf8(Full), RecordWriter.ToUtf8(Empty)], RecordReader.ReadRuns(written).Select(RecordWriter.ToUtf8));

        static string Indented(RunRecord record) => Encoding.UTF8.GetString(RecordWriter.ToUtf8(record)).Replace("\n", "\n  ", StringComparison.Ordinal);
    }

    [Fact]
    public void Are_sessions_too()
    {
        var session = new Session
        {
            Name = "review",
            Branch = "wt/session/review",
            Worktree = "/a",
            HasWorktree = true,
            Base = new BaseInfo("main", new string('a', 40)),
            Policy = "merge",
            Target = "main",
            LastRun = "0123456789ab",
            CreatedAt = DateTimeOffset.UnixEpoch,
            LastUsedAt = DateTimeOffset.UnixEpoch.AddTicks(1),
        };

        Assert.True(JsonNode.DeepEquals(JsonSerializer.SerializeToNode(session, RecordJson.Default.Session), JsonNode.Parse(RecordWriter.ToUtf8(session))));
        Assert.Equal(session, RecordReader.ReadSession(RecordWriter.ToUtf8(session)));
    }

    [Fact]
    public void May_hold_what_this_version_does_not_know_and_lack_what_an_older_one_did_not_write()
    {
        var json = JsonNode.Parse(RecordWriter.ToUtf8(Full))!.AsObject();
        json["later"] = new JsonObject { ["a"] = 1 };
        json.Remove("settled_at");
        json.Remove("artifacts");
        json["queue"]!.AsObject().Remove("held_by");
        json["queue"]!.AsObject().Remove("waits_for");
        var older = Full with { SettledAt = null, Artifacts = null, Queue = new QueueInfo(2, 1234, "ba9876543210") };
        var others = new JsonObject(json.Reverse().Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));

        Assert.Equal(RecordWriter.ToUtf8(older), RecordWriter.ToUtf8(RecordReader.ReadRun(JsonSerializer.SerializeToUtf8Bytes(others))));
        var read = RecordReader.ReadRun(JsonSerializer.SerializeToUtf8Bytes(json));

        Assert.Equal(RecordWriter.ToUtf8(older), RecordWriter.ToUtf8(read));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"version\": 1}")]
    [InlineData("\"hint\": \"Another.\"\n}", "\"hint\": \"Another.\"\n")]
    [InlineData("\"hint\": \"Another.\"\n}", "\"hint\": \"Another.\"\n}}")]
    [InlineData("line\\nfeed", "line\\ud800feed")]
    [InlineData("\"id\": \"0123456789ab\"", "\"id\": null")]
    [InlineData("\"id\": \"0123456789ab\"", "\"id\": 3")]
    [InlineData("\"state\": \"needs_merge\"", "\"state\": \"lost\"")]
    [InlineData("\"result\": \"conflict\"", "\"result\": \"other\"")]
    [InlineData("\"kind\": \"webhook\"", "\"kind\": \"moon\"")]
    [InlineData("\"files\": 3", "\"files\": 30000000000")]
    [InlineData("\"bytes\": 5000000000", "\"bytes\": \"many\"")]
    [InlineData("\"created_at\": \"1970", "\"created_at\": \"x")]
    [InlineData("\"hint\": \"Another.\"", "\"hint\": \"Anoth")]
    public void Are_known_to_be_none_if_they_are_damaged(string damaged, string? by = null)
    {
        var written = Encoding.UTF8.GetString(RecordWriter.ToUtf8(Full));
        var text = by is null ? damaged : written.Replace(damaged, by, StringComparison.Ordinal);
        Assert.NotEqual(written, text);

        Assert.ThrowsAny<JsonException>(() => RecordReader.ReadRun(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Name_every_state_alike(RunState state)
    {
        var written = RecordWriter.ToUtf8(Empty with { State = state });

        Assert.Equal(state, RecordReader.ReadRun(written).State);
        Assert.Equal(state, JsonSerializer.Deserialize(written, RecordJson.Default.RunRecord)!.State);
    }

    [Theory]
    [MemberData(nameof(Results))]
    public void Name_every_result_alike(MergeBackResult result)
    {
        var written = RecordWriter.ToUtf8(Full with { MergeBack = Full.MergeBack! with { Result = result } });

        Assert.Equal(result, RecordReader.ReadRun(written).MergeBack!.Result);
        Assert.Equal(result, JsonSerializer.Deserialize(written, RecordJson.Default.RunRecord)!.MergeBack!.Result);
    }
}
