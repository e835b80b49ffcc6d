namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>What is broken, locked, unreadable or gone when the engine has ended.</summary>
internal static class DamageMesses
{
    public static IReadOnlyList<KindOfMess> All { get; } =
    [
        new("an index.lock", "put work; git add work; put work; : > \"$ADMIN/index.lock\""),
        new("a HEAD.lock and a lock of the run branch", "commit_file work; put loose; : > \"$ADMIN/HEAD.lock\"; : > \"$MAIN/.git/refs/heads/$B.lock\""),
        new("an index cut short", "commit_file work; put README loose; head -c 40 \"$ADMIN/index\" > \"$CASE/index\"; cp \"$CASE/index\" \"$ADMIN/index\"") { Ending = Ending.Damaged, Stays = Stays.Either },
        new("an empty index file", "commit_file work; put README loose; : > \"$ADMIN/index\"") { Ending = Ending.Damaged, Stays = Stays.Either },
        new("no index", "commit_file work; put README loose; rm \"$ADMIN/index\""),
        new("HEAD with nonsense in it", $"{Staged}; echo nonsense > \"$ADMIN/HEAD\"") { Ending = Ending.Broken, Stays = Stays.Yes },
        new("a configuration of the worktree with nonsense in it", $"{Staged}; git config extensions.worktreeConfig true; echo '[' > \"$ADMIN/config.worktree\"") { Ending = Ending.Broken, Stays = Stays.Yes },
        new("a directory that cannot be read", "put closed/work work; chmod 0 closed") { IsOfNobody = true, Ending = Ending.Beyond_refs, Stays = Stays.Yes },
        new("a file that cannot be read", "put work loose; chmod 0 work") { IsOfNobody = true, Ending = Ending.Damaged, Stays = Stays.Yes },
        new("directories that cannot be written", "put closed/work; chmod 555 closed .") { IsOfNobody = true },
        new("its .git removed", $"{Staged}; rm .git") { Ending = Ending.Broken, Stays = Stays.Yes },
        new("a repository in its place", $"{Staged}; rm .git; git init --quiet; commit_file other") { Ending = Ending.Broken, Stays = Stays.Yes },
        new("its directory moved", $"{Staged}; git worktree move --force --force \"$WT_RUN_WORKTREE\" ../elsewhere") { Ending = Ending.Broken, Stays = Stays.Either },
        new("its directory deleted", "commit_file work; git checkout --quiet --detach; commit_file other; put README; git add README; rm -rf \"$WT_RUN_WORKTREE\"") { Ending = Ending.Broken, Stays = Stays.Either },
        new("its directory deleted after an amend", "commit_file work; put work; git add work; commit --amend; rm -rf \"$WT_RUN_WORKTREE\"") { Ending = Ending.Broken, Stays = Stays.Either },
        new("its worktree removed with git", "commit_file work; git worktree remove --force --force \"$WT_RUN_WORKTREE\"") { Ending = Ending.Broken, Stays = Stays.Either },
        new("unlocked", $"git worktree unlock .; {Staged}"),
    ];

    private const string Staged = "commit_file work; put README; git add README; put README loose";
}
