using WorktreeIsolator.Git;
using WorktreeIsolator.Platform;

namespace WorktreeIsolator.RunDirectories;

/// <summary>What a run left, made safe: reachable from a ref, or in a worktree that stays.</summary>
/// <param name="Tip">What HEAD says, with the uncommitted work committed on top if that was asked for.</param>
/// <param name="RunBranchTip">Where the run branch is now; null if the engine deleted it.</param>
/// <param name="RescueRef">The ref that keeps what the run branch does not; null if none was needed.</param>
/// <param name="Unfinished">Why nothing of it may land; null if it may.</param>
/// <param name="KeepWorktree">Why the worktree must stay; null if it may go.</param>
internal sealed record KeptWork(CommitId Tip, CommitId? RunBranchTip, string? RescueRef, string? Unfinished, string? KeepWorktree);

/// <summary>Brings everything that a worktree holds, and that is not ignored, under a ref that survives the worktree.</summary>
internal sealed class Rescue(
    Repository repository, RegisteredWorktree worktree, GitCommand git, string runId, IReadOnlyList<string> placed)
{
    /// <summary>The ref that keeps what no branch holds.</summary>
    public string RescueRef => $"refs/wt-run/{runId}";

    /// <summary>No hook may stand between the work and the ref that keeps it.</summary>
    private GitCommand Refs { get; } = repository.Git.WithoutHooks();

    /// <summary>
    /// Deletes the locks of git commands that were killed with the engine. Only for a run whose processes are seen to be gone: nobody else
    /// works in its worktree or moves its branch.
    /// </summary>
    public void BreakLocks()
    {
        foreach (var file in new[]
        {
            Path.Combine(worktree.AdminDirectory, "index.lock"),
            Path.Combine(worktree.AdminDirectory, "HEAD.lock"),
            Path.Combine(repository.CommonDirectory, worktree.Branch.Ref + ".lock"),
        })
        {
            if (File.Exists(file))
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>Keeps the work.</summary>
    /// <param name="status">The worktree as the engine left it.</param>
    /// <param name="message">For the commit that is made of uncommitted work.</param>
    /// <param name="commitOntoBranch">Whether uncommitted work belongs to the run's result; else it goes under the rescue ref alone.</param>
    public KeptWork Keep(WorktreeStatus status, string message, bool commitOntoBranch)
    {
        var kept = HoldLooseCommits(status, KeepUnderRefs(status, message, commitOntoBranch));
        return kept.KeepWorktree is null && kept.Tip != worktree.Base && CommittedRepositories(kept.Tip) is { } reason
            ? kept with { KeepWorktree = reason }
            : kept;
    }

    /// <summary>What was amended away, or committed on a detached HEAD that was left again, was made by the run as well.</summary>
    private KeptWork HoldLooseCommits(WorktreeStatus status, KeptWork kept)
    {
        var loose = LooseCommits.Find(repository, worktree.AdminDirectory, worktree.Base, kept.RunBranchTip, kept.RescueRef is null ? null : kept.Tip);
        if (loose.Count == 0)
        {
            return kept;
        }

        var head = status.Head ?? loose[0];
        SetRescueRef(CommitTree($"{head}^{{tree}}", [.. loose], $"Commits of run {runId} that no branch holds\n"));
        return kept with { RescueRef = RescueRef };
    }

    /// <summary>Puts a commit under the rescue ref.</summary>
    public string Hold(CommitId commit)
    {
        SetRescueRef(commit);
        return RescueRef;
    }

    private KeptWork KeepUnderRefs(WorktreeStatus status, string message, bool commitOntoBranch)
    {
        var runBranchTip = status.Branch == worktree.Branch.Value ? status.Head : ReadRef(worktree.Branch.Ref);
        var unfinished = Unfinished(status);
        if (unfinished is not null || status.Head is not { } head)
        {
            unfinished ??= "its HEAD has no commit";
            return new KeptWork(status.Head ?? worktree.Base, runBranchTip, null, unfinished, $"it holds unfinished work: {unfinished}");
        }

        var keepWorktree = WhatNoRefHolds(status);
        if (!status.IsDirty || CommitEverything(status, head, message, useIndexOfWorktree: commitOntoBranch) is not { } commit)
        {
            return KeepTip(status, head, runBranchTip, keepWorktree);
        }

        if (commitOntoBranch)
        {
            return KeepTip(status, commit, runBranchTip, keepWorktree);
        }

        var kept = KeepTip(status, head, runBranchTip, keepWorktree);
        SetRescueRef(commit);
        return kept with { RescueRef = RescueRef };
    }

    /// <summary>The run branch is ours: it follows the tip if it only has to move forward. Else the rescue ref holds the tip.</summary>
    private KeptWork KeepTip(WorktreeStatus status, CommitId tip, CommitId? runBranchTip, string? keepWorktree)
    {
        if (runBranchTip == tip)
        {
            return new KeptWork(tip, tip, null, null, keepWorktree);
        }

        var onRunBranch = status.Branch == worktree.Branch.Value;
        if (onRunBranch || (runBranchTip is { } old && IsAncestor(old, tip)))
        {
            Refs.Run(
                ["update-ref", "-m", "wt-run: keep the run's work", worktree.Branch.Ref, tip.ToString(), runBranchTip?.ToString() ?? tip.Zero]);
            return new KeptWork(tip, tip, null, null, keepWorktree);
        }

        // The engine went back: its branch holds what HEAD says, and more.
        if (runBranchTip is { } ahead && IsAncestor(tip, ahead))
        {
            return new KeptWork(tip, runBranchTip, null, null, keepWorktree);
        }

        SetRescueRef(tip);
        return new KeptWork(tip, runBranchTip, RescueRef, null, keepWorktree);
    }

    /// <summary>A commit of the whole working tree on top of HEAD; null if that tree is HEAD's (a mere change of time stamps).</summary>
    private CommitId? CommitEverything(WorktreeStatus status, CommitId head, string message, bool useIndexOfWorktree)
    {
        // With core.safecrlf = true git would refuse what mixes line ends.
        var writer = git.WithoutHooks().Configured("core.safecrlf", "false").WithTimeout(null);
        if (!useIndexOfWorktree)
        {
            var copy = Path.Combine(worktree.AdminDirectory, "wt-run-rescue-index");
            File.Copy(Path.Combine(worktree.AdminDirectory, "index"), copy, overwrite: true);
            writer = writer.With("GIT_INDEX_FILE", copy);
        }

        // git adds a nested repository as a link to a commit that lies in no repository of ours.
        var excluded = status.NestedRepositories.Select(path => $":(exclude,top,literal){path.TrimEnd('/')}");
        writer.Run(["add", "--all", "--sparse", "--", ":/", .. excluded]);
        if (placed.Count > 0)
        {
            // What wt-run placed is ignored, but the engine may have forced it into the index.
            writer.WithInput(string.Join('\0', placed) + "\0").Run(["update-index", "-z", "--force-remove", "--stdin"]);
        }

        var tree = writer.Run(["write-tree"]).Output;
        if (tree == writer.ReadOnly().Run(["rev-parse", $"{head}^{{tree}}"]).Output)
        {
            return null;
        }

        return CommitTree(tree, [head], message);
    }

    private string? Unfinished(WorktreeStatus status)
    {
        if (OperationInProgress.In(worktree.AdminDirectory) is { } operation)
        {
            return $"a {operation} is under way in it";
        }

        return status.Unmerged.Count > 0 ? $"it has unresolved conflicts ({string.Join(", ", status.Unmerged)})" : null;
    }

    private static string? WhatNoRefHolds(WorktreeStatus status)
    {
        if (status.Unreadable is { } unreadable)
        {
            return $"git cannot read all of it ({unreadable})";
        }

        if (status.NestedRepositories.Count > 0)
        {
            return $"it holds repositories of their own, which no ref can keep: {string.Join(", ", status.NestedRepositories)}";
        }

        return status.DirtySubmodules.Count > 0
            ? $"it holds submodules with changes of their own, which no ref can keep: {string.Join(", ", status.DirtySubmodules)}"
            : null;
    }

    /// <summary>A repository in the worktree that the engine committed: git keeps no more of it than the id of its commit.</summary>
    private string? CommittedRepositories(CommitId tip)
    {
        var paths = TreeChange.Between(git, worktree.Base, tip)
            .Where(change => change.IsRepository && AnyFile.Exists(Path.Combine(worktree.Path, change.Path, ".git"))).Select(change => change.Path).ToList();
        return paths.Count == 0 ? null : $"it holds repositories of their own, which no ref can keep: {string.Join(", ", paths)}";
    }

    /// <summary>One ref for a run, so what it holds already it holds on: what does not descend from that is joined with it.</summary>
    private void SetRescueRef(CommitId commit)
    {
        var old = ReadRef(RescueRef);
        if (old is { } held && IsAncestor(commit, held))
        {
            return;
        }

        if (old is { } other && !IsAncestor(other, commit))
        {
            commit = CommitTree($"{commit}^{{tree}}", [commit, other], $"Join what was rescued of run {runId}\n");
        }

        Refs.Run(["update-ref", RescueRef, commit.ToString(), old?.ToString() ?? commit.Zero]);
    }

    private CommitId CommitTree(string tree, IReadOnlyList<CommitId> parents, string message)
    {
        var committer = Identity.FallbackVariables(repository).Aggregate(git, (g, v) => g.With(v.Key, v.Value));
        return CommitId.Parse(committer.WithInput(message).Run(
            ["commit-tree", "--no-gpg-sign", .. parents.SelectMany(parent => new[] { "-p", parent.ToString() }), "-F", "-", tree]).Output);
    }

    private CommitId? ReadRef(string name) =>
        CommitId.TryParse(repository.Git.ReadOnly().Try(["rev-parse", "--verify", "--quiet", name]).Output);

    private bool IsAncestor(CommitId ancestor, CommitId commit) =>
        repository.Git.ReadOnly().Try(["merge-base", "--is-ancestor", ancestor.ToString(), commit.ToString()]).Succeeded;
}
