using System.Globalization;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Queueing;
using WorktreeIsolator.Records;
using WorktreeIsolator.RunDirectories;

namespace WorktreeIsolator.Recovery;

/// <summary>Looks at what a project's own settings are about: its repository's owner, where worktrees are made, disks, identity, peers.</summary>
internal sealed class ProjectDiagnosis(ProjectConfig project, RunnerOptions options, Repository? repository, RunStore store)
{
    private const long LeastBytes = 1L << 30;
    private const double LeastShare = 0.05;

    /// <summary>Looks at all of it.</summary>
    public IEnumerable<DiagnosisFinding> Look()
    {
        yield return LookAtRepository();
        yield return (store.WhyUnfit() ?? store.WhyNotWritable()) is { } unfit ? Problem("state", unfit.Message, unfit.Hint) : LookAtDirectory("state", store.StateDirectory, "Where wt-run keeps its state");
        if (repository is not null)
        {
            foreach (var finding in LookAtWorktreesDirectory(repository).Append(LookAtIdentity(repository)))
            {
                yield return finding;
            }
        }
        else
        {
            yield return LookAtDisk(project.Path);
        }

        foreach (var peer in PeerProcesses.Of(project, options.Environment))
        {
            yield return Note("peers", $"{peer} works in {peer.Directory}: it counts as an active user run.");
        }
    }

    private DiagnosisFinding LookAtRepository()
    {
        const string check = "repository";
        if (repository is null)
        {
            return Note(check, $"'{project.Path}' lies in no git repository: runs are in place.");
        }

        if (Ownership.WhyRefused(repository) is { } refused)
        {
            return Problem(check, refused.Message, refused.Hint);
        }

        var owner = Ownership.OwnerOf(repository);
        var whose = string.Create(CultureInfo.InvariantCulture, $"'{repository.CommonDirectory}' belongs to another user (uid {owner})");
        return owner == Libc.GetEuid() ? Ok(check, $"'{repository.CommonDirectory}'")
            : Ownership.IsShared(repository) ? Ok(check, $"{whose} and is shared.")
            : Note(check, $"{whose}; what you make there as root its owner may not be able to change.");
    }

    private DiagnosisFinding LookAtDirectory(string check, string path, string what)
    {
        var existing = NearestDirectory.Of(path);
        return NearestDirectory.IsWritable(existing)
            ? Ok(check, $"'{path}'{(existing == path ? "" : " (not made yet)")}")
            : Problem(check, $"{what}, '{path}', cannot be written: '{existing}' refuses.", $"ls -ld {ShellWords.Quoted(existing)}");
    }

    private IEnumerable<DiagnosisFinding> LookAtWorktreesDirectory(Repository repository)
    {
        const string check = "worktrees_dir";
        DiagnosisFinding? problem = null;
        var path = repository.CommonDirectory;
        try
        {
            path = WorktreesDirectory.Resolve(repository, project.WorktreesDir).RequireFit().Path;
        }
        catch (WorktreeIsolatorException e)
        {
            problem = Problem(check, e.Message, e.Hint);
        }

        yield return problem ?? LookAtDirectory(check, path, "Where worktrees are made");
        yield return LookAtDisk(repository.CommonDirectory);
        if (DeviceOf(NearestDirectory.Of(path)) != DeviceOf(repository.CommonDirectory))
        {
            yield return LookAtDisk(NearestDirectory.Of(path));
        }
    }

    private DiagnosisFinding LookAtDisk(string path)
    {
        var disk = new DriveInfo(path);
        var (free, total) = (disk.AvailableFreeSpace, disk.TotalSize);
        var message = string.Create(
            CultureInfo.InvariantCulture, $"{ByteSize.Format(free)} of {ByteSize.Format(total)} are free where '{path}' is.");
        return free < LeastBytes ? Problem("disk", message, $"df -h {ShellWords.Quoted(path)}; wt-run prune --dry-run")
            : free < total * LeastShare ? Note("disk", message, $"df -h {ShellWords.Quoted(path)}; wt-run prune --dry-run")
            : Ok("disk", message);
    }

    private DiagnosisFinding LookAtIdentity(Repository repository) => Identity.FallbackVariables(repository).Count == 0
        ? Ok("identity", "git knows who makes commits here.")
        : Note(
            "identity",
            $"git does not know who makes commits here: those of runs are by {Identity.FallbackName} <{Identity.FallbackEmail}>.",
            "git config --global user.name NAME; git config --global user.email ADDRESS");

    private static (uint? Major, uint? Minor) DeviceOf(string path)
    {
        var file = FileIdentity.Of(CanonicalPath.Of(path));
        return (file?.DeviceMajor, file?.DeviceMinor);
    }

    private DiagnosisFinding Ok(string check, string message) => new(check, project.Name, DiagnosisStatus.Ok, message);

    private DiagnosisFinding Note(string check, string message, string? help = null) => new(check, project.Name, DiagnosisStatus.Note, message, help);

    private DiagnosisFinding Problem(string check, string message, string? help) => new(check, project.Name, DiagnosisStatus.Problem, message, help);
}
