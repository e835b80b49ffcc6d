using System.Text.Encodings.Web;
using System.Text.Json;

namespace WorktreeIsolator.Records;

/// <summary>
/// Writes records as JSON, by hand: it is on the path of every run several times, and each value-typed property of a serializer's
/// contract is generic code that no ahead-of-time image holds (docs/decisions/0006). <see cref="RecordReader"/> reads what this writes; a test compares both with a serializer.
/// </summary>
public static class RecordWriter
{
    // No record is ever put into HTML as it is, so text may keep its characters.
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One record as an indented object; every field is always there, but for <see cref="RunRecord.InHand"/>.</summary>
    public static byte[] ToUtf8(RunRecord record)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Options))
        {
            Write(writer, record);
        }

        return stream.ToArray();
    }

    /// <summary>Records as an array, each as it was written.</summary>
    /// <param name="records">In the order in which they are to stand there.</param>
    public static byte[] ToUtf8(IReadOnlyList<RecordText> records)
    {
        // Of the right size at once: it may be many megabytes.
        var bytes = new byte[records.Count == 0 ? 2 : 2 + records.Sum(record => 4 + record.Json.Length + (2 * record.Json.Span.Count((byte)'\n')))];
        using var array = new MemoryStream(bytes);
        array.WriteByte((byte)'[');
        foreach (var record in records)
        {
            array.Write(array.Position > 1 ? ",\n  "u8 : "\n  "u8);
            for (var rest = record.Json.Span; !rest.IsEmpty;)
            {
                // A line end is one: in a text it is escaped.
                var line = rest.IndexOf((byte)'\n') + 1;
                array.Write(line == 0 ? rest : rest[..line]);
                array.Write(line == 0 ? [] : "  "u8);
                rest = line == 0 ? [] : rest[line..];
            }
        }

        array.Write(records.Count == 0 ? "]"u8 : "\n]"u8);
        return bytes;
    }

    /// <summary>A session as an indented object.</summary>
    public static byte[] ToUtf8(Session session)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("version", session.Version);
            json.WriteString("name", session.Name);
            json.WriteString("branch", session.Branch);
            json.WriteString("worktree", session.Worktree);
            json.WriteBoolean("has_worktree", session.HasWorktree);
            WriteBase(json, session.Base);
            json.WriteString("policy", session.Policy);
            json.WriteString("target", session.Target);
            json.WriteString("last_run", session.LastRun);
            json.WriteString("created_at", session.CreatedAt);
            json.WriteString("last_used_at", session.LastUsedAt);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, RunRecord record)
    {
        json.WriteStartObject();
        json.WriteNumber("version", record.Version);
        json.WriteString("id", record.Id);
        json.WriteString("project", record.Project);
        json.WriteString("state", NameOf(record.State));
        json.WriteStartObject("trigger");
        json.WriteString("kind", (record.Trigger with { Id = null }).ToString());
        json.WriteString("id", record.Trigger.Id);
        json.WriteEndObject();
        json.WriteString("session", record.Session);
        json.WriteStartObject("isolation");
        json.WriteString("kind", record.Isolation.Kind);
        json.WriteString("reason", record.Isolation.Reason);
        json.WriteEndObject();
        WriteBase(json, record.Base);
        json.WriteString("branch", record.Branch);
        json.WriteString("worktree", record.Worktree);
        json.WriteString("directory", record.Directory);
        json.WriteBoolean("warm", record.Warm);
        WriteEngine(json, record.Engine);
        WriteMergeBack(json, record.MergeBack);
        json.WriteString("rescue_ref", record.RescueRef);
        WriteKept(json, record.Kept);
        WriteArtifacts(json, record.Artifacts);
        WriteQueue(json, record.Queue);
        WriteNumber(json, "prepare_ms", record.PrepareMs);
        WriteNumber(json, "lock_held_ms", record.LockHeldMs);
        json.WriteString("log", record.Log);
        WriteProcess(json, "supervisor", record.Supervisor);
        WriteProcess(json, "engine_process", record.EngineProcess);
        json.WriteString("created_at", record.CreatedAt);
        WriteTime(json, "started_at", record.StartedAt);
        WriteTime(json, "finished_at", record.FinishedAt);
        WriteTime(json, "settled_at", record.SettledAt);
        json.WriteString("message", record.Message);
        json.WriteString("hint", record.Hint);
        WriteInHand(json, record.InHand);
        json.WriteEndObject();
    }

    /// <summary>The one field that is there only while there is something to say: no file holds it.</summary>
    private static void WriteInHand(Utf8JsonWriter json, InHandInfo? value)
    {
        if (value is not null)
        {
            json.WriteStartObject("in_hand");
            json.WriteString("doing", value.Doing);
            WriteProcess(json, "process", value.Process);
            json.WriteEndObject();
        }
    }

    private static void WriteBase(Utf8JsonWriter json, BaseInfo? value)
    {
        if (Begin(json, "base", value))
        {
            json.WriteString("ref", value!.Ref);
            json.WriteString("commit", value.Commit);
            json.WriteEndObject();
        }
    }

    private static void WriteEngine(Utf8JsonWriter json, EngineInfo value)
    {
        json.WriteStartObject("engine");
        json.WriteString("name", value.Name);
        WriteStrings(json, "command", value.Command);
        WriteNumber(json, "exit_code", value.ExitCode);
        WriteNumber(json, "grace_ms", value.GraceMs);
        json.WriteEndObject();
    }

    private static void WriteMergeBack(Utf8JsonWriter json, MergeBackInfo? value)
    {
        if (Begin(json, "merge_back", value))
        {
            json.WriteString("policy", value!.Policy);
            json.WriteString("result", value.Result is { } result ? NameOf(result) : null);
            json.WriteString("target", value.Target);
            json.WriteString("commit", value.Commit);
            WriteStrings(json, "conflicts", value.Conflicts);
            json.WriteEndObject();
        }
    }

    private static void WriteKept(Utf8JsonWriter json, KeptInfo? value)
    {
        if (Begin(json, "kept", value))
        {
            json.WriteString("path", value!.Path);
            json.WriteString("reason", value.Reason);
            json.WriteEndObject();
        }
    }

    private static void WriteArtifacts(Utf8JsonWriter json, ArtifactsInfo? value)
    {
        if (Begin(json, "artifacts", value))
        {
            json.WriteString("path", value!.Path);
            json.WriteNumber("files", value.Files);
            json.WriteNumber("bytes", value.Bytes);
            json.WriteEndObject();
        }
    }

    private static void WriteQueue(Utf8JsonWriter json, QueueInfo? value)
    {
        if (Begin(json, "queue", value))
        {
            WriteNumber(json, "position", value!.Position);
            json.WriteNumber("waited_ms", value.WaitedMs);
            json.WriteString("behind", value.Behind);
            json.WriteString("held_by", value.HeldBy);
            json.WriteString("waits_for", value.WaitsFor);
            json.WriteEndObject();
        }
    }

    private static void WriteProcess(Utf8JsonWriter json, string name, ProcessInfo? value)
    {
        if (Begin(json, name, value))
        {
            json.WriteNumber("pid", value!.Pid);
            json.WriteNumber("start_time", value.StartTime);
            json.WriteString("boot_id", value.BootId);
            json.WriteNumber("pid_namespace", value.PidNamespace);
            json.WriteNumber("uid", value.Uid);
            json.WriteEndObject();
        }
    }

    private static bool Begin(Utf8JsonWriter json, string name, object? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
            return false;
        }

        json.WriteStartObject(name);
        return true;
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string>? values)
    {
        if (values is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            json.WriteString(name, time);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>The name of a state in JSON: <c>needs_merge</c>.</summary>
    public static string NameOf(RunState state) => state switch
    {
        RunState.Accepted => "accepted",
        RunState.Queued => "queued",
        RunState.Preparing => "preparing",
        RunState.Starting => "starting",
        RunState.Running => "running",
        RunState.Finishing => "finishing",
        RunState.Succeeded => "succeeded",
        RunState.Failed => "failed",
        RunState.NeedsMerge => "needs_merge",
        RunState.Skipped => "skipped",
        RunState.Cancelled => "cancelled",
        RunState.TimedOut => "timed_out",
        _ => "interrupted",
    };

    /// <summary>The name of a result in JSON: <c>verify_failed</c>.</summary>
    public static string NameOf(MergeBackResult result) => result switch
    {
        MergeBackResult.Landed => "landed",
        MergeBackResult.Pushed => "pushed",
        MergeBackResult.Nothing => "nothing",
        MergeBackResult.Kept => "kept",
        MergeBackResult.Conflict => "conflict",
        MergeBackResult.VerifyFailed => "verify_failed",
        MergeBackResult.TargetBusy => "target_busy",
        MergeBackResult.Rejected => "rejected",
        MergeBackResult.Dropped => "dropped",
        _ => "blocked",
    };
}
