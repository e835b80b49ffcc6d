namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>What an engine left in the middle of.</summary>
internal static class UnfinishedMesses
{
    public static IReadOnlyList<KindOfMess> All { get; } = [.. Messes.Select(mess => mess with { Ending = Ending.Unfinished, Stays = Stays.Either })];

    private static KindOfMess[] Messes =>
    [
        new("a merge with conflicts", "both_sides; fails git merge --quiet $OTHER; stages; blob README; put loose"),
        new("a merge with conflicts, edited", "both_sides; fails git merge --quiet $OTHER; stages; put README staged; git add staged; put staged"),
        new("a merge resolved and not committed", "both_sides; fails git merge --quiet $OTHER; put README; git add README"),
        new("a merge resolved, then edited", "both_sides; fails git merge --quiet $OTHER; put README; git add README; put README loose"),
        new("a merge with --no-commit", "both_sides; git merge --quiet --no-commit --no-ff -s ours $OTHER; put loose"),
        new("a merge with --autostash", "both_sides; put dir/a; fails git merge --quiet --autostash $OTHER; stages; blob README"),
        new("a merge whose MERGE_HEAD is gone", "both_sides; fails git merge --quiet $OTHER; rm \"$ADMIN/MERGE_HEAD\"; stages; blob README"),
        new("conflicts of deletion and addition", Deletion),
        new("conflicts from a stash", "put README; git stash push --quiet; made stash@{0}; commit_file README; fails git stash pop --quiet; stages; blob README") { Refs = ["refs/stash"] },
        new("a rebase with conflicts", "both_sides; fails git rebase --quiet $OTHER; stages; blob README; put loose"),
        new("a rebase with conflicts, more to come", "both_sides; commit_file work; commit_file more; fails git rebase --quiet $OTHER; stages; blob README"),
        new("a rebase with --apply and conflicts", "both_sides; commit_file work; fails git rebase --quiet --apply $OTHER; stages; blob README"),
        new("a rebase with --autostash", "both_sides; put dir/a; fails git rebase --quiet --autostash $OTHER; stages; blob README; made \"$(cat \"$ADMIN/rebase-merge/autostash\")\""),
        new("a rebase stopped to edit", "commit_file work; commit_file more; GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' git rebase --quiet --interactive HEAD~2; put work; git add work; commit --amend; put loose"),
        new("a rebase whose command failed", "commit_file work; fails git rebase --quiet --exec false HEAD~1; put loose"),
        new("a rebase of merges", "both_sides; git merge --quiet -s ours -m Merged $OTHER; made HEAD; commit_file work; fails git rebase --quiet --rebase-merges --exec false HEAD~2; put loose"),
        new("a cherry-pick with conflicts", "both_sides; fails git cherry-pick $OTHER; stages; blob README"),
        new("a cherry-pick with conflicts, more to come", CherryPick),
        new("a cherry-pick with conflicts, more to come, without a reflog", $"{CherryPick}\nrm -r \"$ADMIN/logs\""),
        new("a revert with conflicts", "commit_file README; commit_file README; fails git revert --no-edit HEAD~1; stages; blob README"),
        new("a revert with --no-commit", "commit_file README; commit_file README; git revert --no-commit HEAD; put loose"),
        new("an am with conflicts", "both_sides; git format-patch --quiet --stdout \"$OTHER~1..$OTHER\" > \"$CASE/patch\"; fails git am --quiet --3way \"$CASE/patch\"; stages; blob README; put loose"),
        new("an am that does not apply", "echo patched > dir/a; git diff > \"$CASE/diff\"; git checkout --quiet dir/a; commit_file dir/a; { printf 'From: A <a@example.org>\\nSubject: A patch\\n\\n---\\n'; cat \"$CASE/diff\"; } > \"$CASE/patch\"; fails git am --quiet \"$CASE/patch\"; blob \"$ADMIN/rebase-apply/patch\""),
        new("a bisect", "commit_file work; commit_file more; git bisect start HEAD HEAD~3 > /dev/null; put loose"),
        new("a bisect, on a commit of its own", "commit_file work; commit_file more; git bisect start HEAD HEAD~3 > /dev/null; commit_file other"),
    ];

    private const string Deletion =
        """
        git checkout --quiet --detach
        commit_file added README
        OTHER=$(git rev-parse HEAD)
        git checkout --quiet "$B"
        git rm --quiet README
        commit_file added
        fails git merge --quiet $OTHER
        stages
        blob added README
        """;

    private const string CherryPick =
        """
        git checkout --quiet --detach
        commit_file README
        commit_file more
        commit_file still-more
        last=$(git rev-parse HEAD)
        git checkout --quiet "$B"
        commit_file README
        fails git cherry-pick $last~3..$last
        stages
        blob README
        """;
}
