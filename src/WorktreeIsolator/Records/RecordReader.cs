using System.Text.Json;

namespace WorktreeIsolator.Records;

/// <summary>
/// Reads what <see cref="RecordWriter"/> writes, by hand for the same reason (docs/decisions/0006): a serializer's contract for these types is some six
/// hundred methods that each process compiles anew. What it does not know it passes over, as a newer version may have written it.
/// </summary>
public static class RecordReader
{
    /// <summary>Reads one record.</summary>
    /// <param name="utf8">A JSON object.</param>
    /// <exception cref="JsonException">It is no record.</exception>
    public static RunRecord ReadRun(ReadOnlySpan<byte> utf8) => ToRun(utf8);

    /// <summary>Reads several records.</summary>
    /// <param name="utf8">A JSON array.</param>
    /// <exception cref="JsonException">It is none, or holds something else than records.</exception>
    public static IReadOnlyList<RunRecord> ReadRuns(ReadOnlySpan<byte> utf8)
    {
        var records = new List<RunRecord>();
        var array = utf8;
        while (JsonFields.TakeElement(ref array) is { IsEmpty: false } record)
        {
            records.Add(ToRun(record));
        }

        return records;
    }

    /// <summary>Reads a session.</summary>
    /// <param name="utf8">A JSON object.</param>
    /// <exception cref="JsonException">It is no session.</exception>
    public static Session ReadSession(ReadOnlySpan<byte> utf8)
    {
        var json = new JsonFields(utf8);
        var session = new Session
        {
            Version = (int)json.Number("version"u8, int.MaxValue),
            Name = json.Text("name"u8),
            Branch = json.Text("branch"u8),
            Worktree = json.Text("worktree"u8),
            HasWorktree = json.Truth("has_worktree"u8),
            Base = ToBase(json.Find("base"u8)) ?? throw new JsonException("A session without a base."),
            Policy = json.Text("policy"u8),
            Target = json.TextOrNull("target"u8),
            LastRun = json.Text("last_run"u8),
            CreatedAt = json.Time("created_at"u8),
            LastUsedAt = json.Time("last_used_at"u8),
        };
        json.End();
        return session;
    }

    /// <summary>In the order in which they are written.</summary>
    private static RunRecord ToRun(ReadOnlySpan<byte> utf8)
    {
        var json = new JsonFields(utf8);
        var record = new RunRecord
        {
            Version = (int)json.Number("version"u8, int.MaxValue),
            Id = json.Text("id"u8),
            Project = json.Text("project"u8),
            State = StateNamed(json.Text("state"u8)),
            Trigger = ToTrigger(json.Find("trigger"u8)),
            Session = json.TextOrNull("session"u8),
            Isolation = ToIsolation(json.Find("isolation"u8)),
            Base = ToBase(json.Find("base"u8)),
            Branch = json.TextOrNull("branch"u8),
            Worktree = json.TextOrNull("worktree"u8),
            Directory = json.TextOrNull("directory"u8),
            Warm = json.Truth("warm"u8),
            Engine = ToEngine(json.Find("engine"u8)),
            MergeBack = ToMergeBack(json.Find("merge_back"u8)),
            RescueRef = json.TextOrNull("rescue_ref"u8),
            Kept = ToKept(json.Find("kept"u8)),
            Artifacts = ToArtifacts(json.Find("artifacts"u8)),
            Queue = ToQueue(json.Find("queue"u8)),
            PrepareMs = json.NumberOrNull("prepare_ms"u8),
            LockHeldMs = json.NumberOrNull("lock_held_ms"u8),
            Log = json.TextOrNull("log"u8),
            Supervisor = ToProcess(json.Find("supervisor"u8)),
            EngineProcess = ToProcess(json.Find("engine_process"u8)),
            CreatedAt = json.Time("created_at"u8),
            StartedAt = json.TimeOrNull("started_at"u8),
            FinishedAt = json.TimeOrNull("finished_at"u8),
            SettledAt = json.TimeOrNull("settled_at"u8),
            Message = json.TextOrNull("message"u8),
            Hint = json.TextOrNull("hint"u8),
        };
        json.End();
        return record;
    }

    private static Trigger ToTrigger(ReadOnlySpan<byte> value)
    {
        var json = new JsonFields(value);
        var kind = json.Text("kind"u8) switch
        {
            "user" => TriggerKind.User,
            "cron" => TriggerKind.Cron,
            "webhook" => TriggerKind.Webhook,
            var other => throw new JsonException($"'{other}' is no trigger."),
        };
        return new Trigger(kind, json.TextOrNull("id"u8));
    }

    private static IsolationInfo ToIsolation(ReadOnlySpan<byte> value)
    {
        var json = new JsonFields(value);
        return new IsolationInfo(json.Text("kind"u8), json.Text("reason"u8));
    }

    private static BaseInfo? ToBase(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new BaseInfo(json.Text("ref"u8), json.Text("commit"u8));
    }

    private static EngineInfo ToEngine(ReadOnlySpan<byte> value)
    {
        var json = new JsonFields(value);
        return new EngineInfo(json.TextOrNull("name"u8), json.Texts("command"u8), (int?)json.NumberOrNull("exit_code"u8), json.NumberOrNull("grace_ms"u8));
    }

    private static MergeBackInfo? ToMergeBack(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new MergeBackInfo(
            json.Text("policy"u8),
            json.TextOrNull("result"u8) is { } result ? ResultNamed(result) : null,
            json.TextOrNull("target"u8),
            json.TextOrNull("commit"u8),
            json.Find("conflicts"u8) is { IsEmpty: false } conflicts ? JsonFields.ToTexts(conflicts) : null);
    }

    private static KeptInfo? ToKept(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new KeptInfo(json.Text("path"u8), json.Text("reason"u8));
    }

    private static ArtifactsInfo? ToArtifacts(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new ArtifactsInfo(json.Text("path"u8), (int)json.Number("files"u8, int.MaxValue), json.Number("bytes"u8));
    }

    private static QueueInfo? ToQueue(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new QueueInfo((int?)json.NumberOrNull("position"u8), json.Number("waited_ms"u8), json.TextOrNull("behind"u8), json.TextOrNull("held_by"u8), json.TextOrNull("waits_for"u8));
    }

    private static ProcessInfo? ToProcess(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }

        var json = new JsonFields(value);
        return new ProcessInfo(
            (int)json.Number("pid"u8, int.MaxValue),
            json.Number("start_time"u8),
            json.Text("boot_id"u8),
            json.Number("pid_namespace"u8),
            (uint)json.Number("uid"u8, uint.MaxValue));
    }

    private static RunState StateNamed(string name)
    {
        for (var state = RunState.Accepted; state <= RunState.Interrupted; state++)
        {
            if (RecordWriter.NameOf(state) == name)
            {
                return state;
            }
        }

        throw new JsonException($"'{name}' is no state.");
    }

    private static MergeBackResult ResultNamed(string name)
    {
        for (var result = MergeBackResult.Landed; result <= MergeBackResult.Dropped; result++)
        {
            if (RecordWriter.NameOf(result) == name)
            {
                return result;
            }
        }

        throw new JsonException($"'{name}' is no result.");
    }
}
