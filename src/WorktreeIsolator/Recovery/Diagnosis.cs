using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;

namespace WorktreeIsolator.Recovery;

/// <summary>
/// Looks for whatever keeps runs from working, or waits for a person: git, locks, owners, disks, what died and what was left. It changes
/// nothing, and what cannot be looked at is a finding as well.
/// </summary>
public sealed class Diagnosis
{
    private readonly RunnerOptions _options;
    private readonly RetentionConfig _retention;
    private readonly HashSet<string> _stores = new(StringComparer.Ordinal);

    /// <summary>Creates a diagnosis of one machine; projects that share a repository are told about it once.</summary>
    /// <param name="options">What all runs share.</param>
    /// <param name="retention">How old things may get.</param>
    public Diagnosis(RunnerOptions options, RetentionConfig retention)
    {
        _options = options;
        _retention = retention;
    }

    /// <summary>What does not depend on a project.</summary>
    public IReadOnlyList<DiagnosisFinding> OfMachine() => [LookAtGit(), LookAtProcesses(), LookAtStateHome()];

    /// <summary>One project, and its repository.</summary>
    /// <param name="project">The project, whether it is there or not.</param>
    public IReadOnlyList<DiagnosisFinding> Of(ProjectConfig project)
    {
        if (!Directory.Exists(project.Path))
        {
            return [new("directory", project.Name, DiagnosisStatus.Problem, $"'{project.Path}' does not exist.", "wt-run check")];
        }

        try
        {
            var repository = Repository.TryOpen(project.Path, _options.Environment);
            var store = repository is null ? RunStore.WithoutGit(project.Path) : new RunStore(repository.StateDirectory);
            var findings = new List<DiagnosisFinding>(new ProjectDiagnosis(project, _options, repository, store).Look());
            if (_stores.Add(store.StateDirectory) && store.WhyUnfit() is null)
            {
                findings.AddRange(new StoreDiagnosis(project, _options, _retention, repository, store).Look());
            }

            return findings;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new("state", project.Name, DiagnosisStatus.Problem, $"It cannot be looked at: {e.Message}")];
        }
        catch (WorktreeIsolatorException e)
        {
            return [new("repository", project.Name, DiagnosisStatus.Problem, e.Message.Trim(), e.Hint)];
        }
    }

    private DiagnosisFinding LookAtGit()
    {
        const string check = "git";
        try
        {
            var version = GitCommand.In("/", _options.Environment).Run(["version"]).Output;
            GitVersion.Require(version);
            return new(check, null, DiagnosisStatus.Ok, version);
        }
        catch (WorktreeIsolatorException e)
        {
            return new(check, null, DiagnosisStatus.Problem, e.Message.Trim(), e.Hint);
        }
    }

    /// <summary>The gates of engines lie there, for the runs of all repositories.</summary>
    private DiagnosisFinding LookAtStateHome()
    {
        const string check = "state_home";
        var (path, existing) = (_options.StateHome, NearestDirectory.Of(_options.StateHome));
        if (OwnDirectory.WhyUnfit(path) is { } unfit)
        {
            return new(check, null, DiagnosisStatus.Problem, unfit.Message, unfit.Hint);
        }

        if (!NearestDirectory.IsWritable(existing))
        {
            return new(
                check, null, DiagnosisStatus.Problem, $"'{path}', where runs wait for engines, cannot be written: '{existing}' refuses.", $"ls -ld {ShellWords.Quoted(existing)}");
        }

        var engines = Path.Combine(path, "engines");
        var gate = Directory.Exists(engines) ? Directory.EnumerateDirectories(engines).Select(queue => Path.Combine(queue, ".gate")).FirstOrDefault(File.Exists) : null;
        return gate is null
            ? new(check, null, DiagnosisStatus.Ok, $"'{path}'{(existing == path ? "" : " (not made yet)")}")
            : LockDiagnosis.Look(check, null, gate);
    }

    /// <summary>Without it nobody knows who holds a lock, nor whether a dead run's engine still works.</summary>
    private static DiagnosisFinding LookAtProcesses()
    {
        const string check = "proc";
        if (ProcessEntry.Read(Environment.ProcessId) is null)
        {
            return new(check, null, DiagnosisStatus.Problem, "/proc cannot be read: the processes of a run cannot be found.", "mount -t proc proc /proc");
        }

        return ProcessEntry.Read(1) is not null && LockHolder.IsReadable
            ? new(check, null, DiagnosisStatus.Ok, "/proc shows the processes of all users.")
            : new(check, null, DiagnosisStatus.Note, "/proc hides processes of other users (hidepid, or a sandbox): peers among them, and who holds a lock, are not seen.");
    }
}
