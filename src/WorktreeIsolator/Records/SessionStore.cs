using System.Text.Json;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.Records;

/// <summary>
/// The sessions of one repository: <c>sessions/NAME/session.json</c> exists from when the session's worktree was first set up until it was landed or
/// dropped. It is read for a decision, and written, only by who has the session's turn.
/// </summary>
/// <param name="stateDirectory">Absolute path of <c>…/.git/wt-run</c>.</param>
public sealed class SessionStore(string stateDirectory)
{
    private readonly string _sessions = Path.Combine(stateDirectory, "sessions");

    /// <summary>The queue of those who want to work in a session, as tickets.</summary>
    public static string QueueFor(string stateDirectory, string name) => Path.Combine(stateDirectory, "queue", "session-" + name);

    /// <summary>Where a session's state lies.</summary>
    public string DirectoryOf(string name) => Path.Combine(_sessions, name);

    /// <summary>The file that holds the tip of the session's work while a landing of it may have another commit checked out in its worktree.</summary>
    internal string LandingFile(string name) => Path.Combine(DirectoryOf(name), "landing");

    /// <summary>A session; null if there is none of that name.</summary>
    /// <exception cref="WorktreeIsolatorException">A newer version of this program wrote it, it is damaged, or another user's.</exception>
    public Session? TryRead(string name)
    {
        var path = FileOf(name);
        try
        {
            var session = RecordReader.ReadSession(DurableFile.Read(path));
            return session.Version <= Session.CurrentVersion ? session : throw Unreadable(name, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or UnauthorizedAccessException)
        {
            throw Unreadable(name, path);
        }
    }

    /// <summary>All sessions that this program can read, by name.</summary>
    public IReadOnlyList<Session> ReadAll()
    {
        var sessions = new List<Session>();
        foreach (var directory in Directory.Exists(_sessions) ? Directory.GetDirectories(_sessions) : [])
        {
            try
            {
                if (TryRead(Path.GetFileName(directory)) is { } session)
                {
                    sessions.Add(session);
                }
            }
            catch (WorktreeIsolatorException)
            {
                // Whoever uses it is told.
            }
        }

        return [.. sessions.OrderBy(session => session.Name, StringComparer.Ordinal)];
    }

    /// <summary>Writes a session down; it survives a power cut from now on.</summary>
    internal void Write(Session session)
    {
        Sharing.CreateDirectory(DirectoryOf(session.Name));
        DurableFile.Replace(FileOf(session.Name), RecordWriter.ToUtf8(session), sync: true);
    }

    /// <summary>The names of sessions that died before they began, or while they ended, or are just doing one of both.</summary>
    internal IReadOnlyList<string> Unfinished() =>
    [
        .. (Directory.Exists(_sessions) ? Directory.GetDirectories(_sessions) : []).Select(Path.GetFileName).OfType<string>()
            .Where(name => SessionName.TryParse(name) is not null && !File.Exists(FileOf(name))),
    ];

    /// <summary>Forgets a session, or what is left of one that had ended.</summary>
    internal void Forget(string name)
    {
        var directory = DirectoryOf(name);
        if (Directory.Exists(directory))
        {
            File.Delete(FileOf(name));
            foreach (var file in Directory.GetFiles(directory))
            {
                File.Delete(file);
            }

            Directory.Delete(directory);
        }
    }

    private string FileOf(string name) => Path.Combine(DirectoryOf(name), "session.json");

    private static WorktreeIsolatorException Unreadable(string name, string path) => new(
        FailureKind.System, $"The state of session '{name}' cannot be read: a newer wt-run wrote it, it is damaged, or this user may not read it.", $"It is '{path}': ls -l '{path}'");
}
