using WorktreeIsolator.Git;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What a run left, made safe: reachable from a ref, or in a worktree that stays.</summary>
/// <param name="Tip">What HEAD says, with the uncommitted work committed on top if that was asked for.</param>
/// <param name="RunBranchTip">Where the run branch is now; null if the engine deleted it.</param>
/// <param name="RescueRef">The ref that keeps what the run branch does not; null if none was needed.</param>
/// <param name="Unfinished">Why nothing of it may land; null if it may.</param>
/// <param name="KeepWorktree">Why the worktree must stay; null if it may go.</param>
internal sealed record KeptWork(CommitId Tip, CommitId? RunBranchTip, string? RescueRef, string? Unfinished, string? KeepWorktree)
{
    /// <summary>What of it no ref can hold, as a clause; null if refs hold all of it, so that nothing is lost without the worktree.</summary>
    public string? BeyondRefs { get; init; }

    /// <summary>What a person can do in the worktree so that it may land, as a command; null if it may.</summary>
    public string? Remedy { get; init; }

    /// <summary>What git ignores: no ref holds it.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];
}

/// <summary>Brings everything that a worktree holds, and that is not ignored, under a ref that survives the worktree.</summary>
/// <param name="repository">The repository.</param>
/// <param name="worktree">The worktree.</param>
/// <param name="git">git for the worktree.</param>
/// <param name="runId">The run.</param>
/// <param name="placed">What wt-run placed there: no part of the work.</param>
/// <param name="limit">How many bytes in untracked files may be put into the repository.</param>
internal sealed class Rescue(
    Repository repository, RegisteredWorktree worktree, GitCommand git, string runId, IReadOnlyList<string> placed, long limit)
{
    private readonly RescueRef _ref = new(repository, runId);
    private readonly WorktreeSnapshot _snapshot = new(worktree, git, placed);
    private readonly WhatNoRefHolds _beyond = new(repository, worktree, git);
    private BranchName? _branchWithHistory = worktree.Branch;

    /// <summary>
    /// For a worktree whose directory is gone. git takes a working tree for a mistake if not even the directory above it is there, so it gets one that is.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="gone">The worktree.</param>
    /// <param name="git">git for the repository or the worktree.</param>
    /// <param name="runId">The run.</param>
    /// <param name="placed">What wt-run placed there: no part of the work.</param>
    public static Rescue OfGone(Repository repository, RegisteredWorktree gone, GitCommand git, string runId, IReadOnlyList<string> placed) =>
        new(repository, gone, git.At(repository.CommonDirectory).ForWorktree(gone.AdminDirectory, gone.AdminDirectory), runId, placed, long.MaxValue);

    /// <summary>
    /// Deletes the locks of git commands that were killed with the engine. Only for a run whose processes are seen to be gone: nobody else
    /// works in its worktree or moves its branch.
    /// </summary>
    public void BreakLocks()
    {
        string[] refs = [worktree.Branch.Ref, _ref.Name, $"refs/wt-run-merge/{runId}"];
        foreach (var file in LeftLock.OfCheckout(worktree.AdminDirectory).Concat(refs.Select(name => Path.Combine(repository.CommonDirectory, name + ".lock"))))
        {
            if (File.Exists(file))
            {
                File.Delete(file);
            }
        }

        var made = new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(worktree.AdminDirectory, "commondir")));
        LeftLock.Remove(repository, made);
        LeftLock.RemoveOfMaintenance(repository, made);
    }

    /// <summary>Keeps the work.</summary>
    /// <remarks>
    /// An index that git cannot read hides the work, and makes every gc of the repository fail for as long as it is there: it is set aside, and
    /// one made of HEAD takes its place.
    /// </remarks>
    /// <param name="message">For the commit that is made of uncommitted work.</param>
    /// <param name="commitOntoBranch">Whether uncommitted work belongs to the run's result; else it goes under the rescue ref alone.</param>
    /// <param name="withBranchHistory">Whether what the run branch held before belongs to the run too; not if a person works on that branch.</param>
    public KeptWork Keep(string message, bool commitOntoBranch, bool withBranchHistory = true)
    {
        _branchWithHistory = withBranchHistory ? worktree.Branch : null;
        try
        {
            return KeepAll(message, commitOntoBranch, damage: null);
        }
        catch (GitException e)
        {
            if (_snapshot.TrySetIndexAside() is not { } aside)
            {
                throw;
            }

            return KeepAll(message, commitOntoBranch, damage: $"git could not read its index, which is '{aside}' now: {e.Error.Trim()}");
        }
    }

    private KeptWork KeepAll(string message, bool commitOntoBranch, string? damage)
    {
        using var flags = _snapshot.ListFlags();
        var status = WorktreeStatus.Read(git);
        var entries = flags.Finish();
        if (!entries.Succeeded)
        {
            throw new GitException(["ls-files", "-v"], entries.ExitCode, entries.Error);
        }

        var hasHidden = _snapshot.HasHiddenFiles(entries);
        var unreadable = _beyond.Unreadable(status);
        var tooMuch = _beyond.TooMuch(status, limit);
        var unfinished = Unfinished(status) ?? damage ?? tooMuch ?? unreadable;

        // Before the engine's index is touched.
        var index = unfinished is not null || status.HasStagedVersions || (status.IsDirty && !commitOntoBranch) ? _snapshot.Index() : null;
        var staged = index is not null && unfinished is null && commitOntoBranch ? HoldIndex(index, status.Head) : (CommitId?)null;
        var kept = KeepOnBranch(status, unfinished, message, commitOntoBranch);
        var tree = unfinished is not null || hasHidden || (status.IsDirty && !commitOntoBranch)
            ? _snapshot.WorkingTree(status, withUntracked: tooMuch is null, passOver: unreadable is not null)
            : null;
        kept = kept with { RescueRef = HoldWhatIsLeft(status.Head, status.Head is null ? null : kept.Tip, kept.RunBranchTip, tree, index, staged) };
        var unpushed = _beyond.InSubmodules();
        var beyond = tooMuch ?? unreadable ?? WhatNoRefHolds.In(status, _snapshot.RepositoriesAround(entries, status)) ?? unpushed ?? _beyond.In(kept.Tip);
        return kept with
        {
            Ignored = status.Ignored,
            Unfinished = unfinished ?? unpushed,
            Remedy = Remedy(unfinished ?? unpushed, damage, tooMuch, unreadable, unpushed),
            KeepWorktree = beyond ?? (unfinished is null ? null : $"it holds unfinished work: {unfinished}"),
            BeyondRefs = beyond,
        };
    }

    /// <summary>Keeps what is known of a worktree whose directory is gone: its index, and commits that nothing but its admin directory names.</summary>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public string? KeepWhatAdminDirectoryHolds()
    {
        if (!File.Exists(Path.Combine(worktree.AdminDirectory, "index")))
        {
            return null;
        }

        var head = CommitId.TryParse(git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", "HEAD"]).Output);
        string? index = null;
        try
        {
            index = _snapshot.Index();
        }
        catch (GitException e) when (_snapshot.HasDamagedIndex || e.Error.Contains("invalid object", StringComparison.Ordinal)
            || !git.ReadOnly().Try(["rev-parse", "--git-dir"]).Succeeded)
        {
            // Damaged, or half deleted, like the directory that is gone: the commits are what is left.
        }

        return HoldWhatIsLeft(head, head, ReadRef(worktree.Branch.Ref), null, index);
    }

    /// <summary>Why the registration of a worktree whose directory is gone must stay, as a clause; null if it may go.</summary>
    public string? WhyRegistrationStays => _beyond.InSubmodules() is null
        ? null
        : $"commits in submodules that were not pushed are only in '{Path.Combine(worktree.AdminDirectory, "modules")}'";

    /// <summary>What to do then, with each command on a line of its own.</summary>
    public string HowRegistrationGoes => string.Join('\n', ["Push them:", .. _beyond.PushCommands(runId), $"Then: wt-run drop {runId}"]);

    /// <summary>Keeps everything under the rescue ref and leaves the run branch where it is.</summary>
    /// <returns>The rescue ref; null if there was nothing to keep.</returns>
    public string? KeepAside()
    {
        var status = WorktreeStatus.Read(git);
        _branchWithHistory = null;
        return HoldWhatIsLeft(
            status.Head,
            status.Head,
            ReadRef(worktree.Branch.Ref),
            status.IsDirty ? _snapshot.WorkingTree(status, withUntracked: _beyond.TooMuch(status, limit) is null, passOver: true) : null,
            status.HasStagedVersions ? _snapshot.Index() : null);
    }

    /// <summary>Puts a commit under the rescue ref.</summary>
    public string Hold(CommitId commit) => _ref.Hold(commit);

    /// <summary>Once the working tree is staged nothing else knows what was: whoever is killed between that and the end leaves it here.</summary>
    private CommitId HoldIndex(string tree, CommitId? head)
    {
        var staged = CommitIndex(tree, head);
        _ = _ref.Hold(staged);
        return staged;
    }

    /// <summary>What the run branch cannot hold: the working tree, the index, and every commit that only this worktree knows.</summary>
    private string? HoldWhatIsLeft(CommitId? head, CommitId? tip, CommitId? runBranchTip, string? tree, string? index, CommitId? staged = null)
    {
        var tipTree = tip is null || (tree is null && index is null) ? null : git.ReadOnly().Run(["rev-parse", $"{tip}^{{tree}}"]).Output;
        staged ??= index is null || index == tipTree || index == tree ? null : CommitIndex(index, head);
        var others = OtherObjects().ToList();
        others.ForEach(other => _ref.HoldObject(other.Name, other.Id));
        var loose = LooseCommits.Find(repository, worktree.AdminDirectory, _branchWithHistory, tip, worktree.Base, runBranchTip);
        if (staged is null && (tree is null || tree == tipTree))
        {
            return loose switch
            {
                [] => others.Count > 0 ? _ref.Hold(tip ?? worktree.Base) : HeldBefore,
                [var only] => _ref.Hold(only.Id),
                _ => _ref.Hold($"{loose[0].Id}^{{tree}}", loose),
            };
        }

        return _ref.Hold(
            tree ?? tipTree!,
            [
                .. tip is { } work ? [new RescuedCommit("HEAD", work)] : Array.Empty<RescuedCommit>(),
                .. staged is { } id ? [new RescuedCommit("index", id)] : Array.Empty<RescuedCommit>(),
                .. loose.Where(commit => commit.Id != tip),
            ]);
    }

    /// <summary>What a process before us has held may be all there is to hold. A ref just made is a file.</summary>
    private string? HeldBefore => File.Exists(Path.Combine(repository.CommonDirectory, _ref.Name)) ? _ref.Name : null;

    /// <summary>Refs of this worktree alone, such as <c>refs/worktree/x</c>, may name anything: blobs, trees, tags.</summary>
    private IEnumerable<(string Name, string Id)> OtherObjects()
    {
        var refs = Path.Combine(worktree.AdminDirectory, "refs");
        foreach (var file in Directory.Exists(refs) ? Directory.EnumerateFiles(refs, "*", SearchOption.AllDirectories) : [])
        {
            var id = File.ReadAllText(file).Trim();
            if (repository.Git.ReadOnly().Try(["cat-file", "-t", id]) is { Succeeded: true, Output: not "commit" })
            {
                yield return (Path.GetRelativePath(refs, file), id);
            }
        }
    }

    /// <summary>On what HEAD was when the engine ended. Dated by the index, so that what did not change is the same commit again.</summary>
    private CommitId CommitIndex(string tree, CommitId? head) => _ref.CommitTree(
        tree,
        head is { } parent ? [parent] : [],
        $"Index of run {runId}\n",
        new DateTimeOffset(File.GetLastWriteTimeUtc(Path.Combine(worktree.AdminDirectory, "index"))));

    private KeptWork KeepOnBranch(WorktreeStatus status, string? unfinished, string message, bool commitOntoBranch)
    {
        var runBranchTip = status.Branch == worktree.Branch.Value ? status.Head : ReadRef(worktree.Branch.Ref);
        if (unfinished is not null || status.Head is not { } head)
        {
            return new KeptWork(status.Head ?? worktree.Base, runBranchTip, null, null, null);
        }

        return KeepTip(status, status.IsDirty && commitOntoBranch ? CommitEverything(status, head, message) ?? head : head, runBranchTip);
    }

    /// <summary>The run branch is ours: it follows the tip if it only has to move forward.</summary>
    private KeptWork KeepTip(WorktreeStatus status, CommitId tip, CommitId? runBranchTip)
    {
        var onRunBranch = status.Branch == worktree.Branch.Value;
        if (runBranchTip != tip && (onRunBranch || (runBranchTip is { } old && IsAncestor(old, tip))))
        {
            // No hook may stand between the work and the ref that keeps it.
            repository.Git.WithoutHooks().Run(
                ["update-ref", "--no-deref", "-m", "wt-run: keep the run's work", worktree.Branch.Ref, tip.ToString(), runBranchTip?.ToString() ?? tip.Zero]);
            runBranchTip = tip;
        }

        return new KeptWork(tip, runBranchTip, null, null, null);
    }

    /// <summary>A commit of the whole working tree on top of HEAD; null if that tree is HEAD's (a mere change of time stamps).</summary>
    private CommitId? CommitEverything(WorktreeStatus status, CommitId head, string message)
    {
        var tree = _snapshot.CommitAll(status);
        return tree == git.ReadOnly().Run(["rev-parse", $"{head}^{{tree}}"]).Output ? null : _ref.CommitTree(tree, [head], message);
    }

    /// <summary>The row of the table in docs/safety.md.</summary>
    private static string? Remedy(string? unfinished, string? damage, string? tooMuch, string? unreadable, string? unpushed) => unfinished switch
    {
        null => null,
        _ when unfinished == damage => "See with 'git status' what belongs to the work, for its index was made anew from HEAD,",
        _ when unfinished == tooMuch => "Commit, ignore or delete them",
        _ when unfinished == unreadable => "Make them readable (chmod)",
        _ when unfinished == unpushed => "Push them (git push in the submodule)",
        _ => "Finish or abort it",
    };

    private string? Unfinished(WorktreeStatus status)
    {
        if (OperationInProgress.In(worktree.AdminDirectory) is { } operation)
        {
            return $"a {operation} is under way in it";
        }

        if (status.Unmerged.Count > 0)
        {
            return $"it has unresolved conflicts ({string.Join(", ", status.Unmerged)})";
        }

        return status.Head is null ? "its HEAD has no commit" : null;
    }

    private CommitId? ReadRef(string name) =>
        CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", name]).Output);

    private bool IsAncestor(CommitId ancestor, CommitId commit) =>
        repository.Git.ReadOnly().Try(["merge-base", "--is-ancestor", ancestor.ToString(), commit.ToString()]).Succeeded;
}
