namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>Messes of commits and refs.</summary>
internal static class CommitMesses
{
    public static IReadOnlyList<KindOfMess> All { get; } =
    [
        new("a commit", "commit_file work"),
        new("commits and an untracked file", "commit_file work; commit_file README; put loose"),
        new("an empty commit", "git commit --quiet --allow-empty --message Empty; made HEAD"),
        new("amended", "commit_file work; put work; git add work; commit --amend; put work; git commit --quiet --all --amend --message Third; made HEAD"),
        new("dropped by reset --hard", "commit_file work; git reset --quiet --hard HEAD~1; commit_file other"),
        new("dropped by reset, nothing else", "commit_file work; git reset --quiet --hard HEAD~1") { Ending = Ending.Set_aside },
        new("squashed by reset --soft", "commit_file work; commit_file other; git reset --quiet --soft HEAD~2; commit"),
        new("moved back behind the base", "commit_file work; git reset --quiet --hard HEAD~2") { Ending = Ending.Set_aside },
        new("moved back, with dirt", "commit_file work; commit_file other; git reset --quiet --hard HEAD~1; put README loose"),
        new("rebased onto an older commit", "commit_file work; commit_file other; git rebase --quiet --onto HEAD~3 HEAD~2; made HEAD"),
        new("a detached HEAD ahead", "git checkout --quiet --detach; commit_file work"),
        new("a detached HEAD ahead, with dirt", "git checkout --quiet --detach; commit_file work; put README; git add README; put README loose"),
        new("a detached HEAD left again", "git checkout --quiet --detach; commit_file work; git checkout --quiet \"$B\"; commit_file other"),
        new("a detached HEAD behind the run branch", "commit_file work; git checkout --quiet --detach HEAD~1") { Ending = Ending.Set_aside },
        new("another branch, left again", "git checkout --quiet -b mine; commit_file work; git checkout --quiet \"$B\"") { Ending = Ending.Nothing, Refs = ["refs/heads/mine"] },
        new("another branch, with dirt", "git checkout --quiet -b mine; commit_file work; put loose; git add loose; put loose") { Refs = ["refs/heads/mine"] },
        new("another branch, deleted again", "git checkout --quiet -b mine; commit_file work; git checkout --quiet \"$B\"; git branch --quiet -D mine") { Ending = Ending.Set_aside },
        new("the run branch deleted", "commit_file work; git checkout --quiet --detach; git branch --quiet -D \"$B\"; commit_file other; put loose"),
        new("the run branch deleted, HEAD back on the base", "commit_file work; git checkout --quiet --detach HEAD~1; git branch --quiet -D \"$B\"") { Ending = Ending.Set_aside },
        new("the run branch renamed", "commit_file work; git branch --move mine; put loose") { Refs = ["refs/heads/mine"] },
        new("the run branch moved elsewhere", "commit_file work; git checkout --quiet --detach; git branch --quiet --force \"$B\" main; put loose"),
        new("the run branch moved there and back by plumbing",
            "git checkout --quiet --detach; c=$(git commit-tree -m Plumbing -p HEAD HEAD^{tree}); made $c; git update-ref refs/heads/$B $c; git update-ref refs/heads/$B HEAD; git checkout --quiet \"$B\"")
        {
            Ending = Ending.Set_aside,
        },
        new("an orphan branch with a commit", "commit_file work; git checkout --quiet --orphan fresh; commit_file other; put loose")
        {
            Ending = Ending.Unrelated, Refs = ["refs/heads/fresh"],
        },
        new("no commit on HEAD, files staged", "commit_file work; git checkout --quiet --orphan fresh; put other; git add other; put other") { Ending = Ending.Unfinished, Stays = Stays.Either },
        new("HEAD on a ref that is no branch", "git update-ref refs/foo/bar HEAD; git symbolic-ref HEAD refs/foo/bar; commit_file work; put loose") { Refs = ["refs/foo/bar"] },
        new("HEAD on a ref of the worktree", "git update-ref refs/worktree/mine HEAD; git symbolic-ref HEAD refs/worktree/mine; commit_file work; put loose"),
        new("refs of the worktree", WorktreeRefs),
        new("refs of the worktree that hold no commits", OddWorktreeRefs) { Ending = Ending.Set_aside, Stays = Stays.Either },
        new("600 refs of the worktree", ManyWorktreeRefs),
        new("a ref where its rescue would be", "commit_file work; git update-ref \"refs/wt-run/$WT_RUN_ID\" HEAD; git reset --quiet --hard HEAD~1; put README; git add README; put README"),
        new("a branch below the name of the run branch", "git checkout --quiet --detach; commit_file work; git branch --quiet -D \"$B\"; git branch \"$B/x\" HEAD~1; echo \"refs/heads/$B/x\" > \"$CASE/refs\"; put loose"),
        new("the user's branch checked out, with dirt", "git checkout --quiet topic; put README; git add README; put README loose"),
        new("a commit on the user's branch", "git checkout --quiet topic; commit_file work; put loose") { Refs = ["refs/heads/topic"] },
        new("a stash", "put README; git stash push --quiet; made stash@{0}") { Ending = Ending.Nothing, Refs = ["refs/stash"] },
        new("two stashes, with untracked and staged files",
            "put README work; git add README; put README; git stash push --quiet --include-untracked; made stash@{0}; put dir/a; git stash push --quiet --message mine; made stash@{0}; put loose")
        {
            Refs = ["refs/stash"],
        },
        new("tags", "git checkout --quiet --detach; commit_file work; git tag plain; git tag --annotate --message Noted noted; made noted; git checkout --quiet \"$B\"")
        {
            Ending = Ending.Nothing, Refs = ["refs/tags/noted", "refs/tags/plain"],
        },
        new("a note", "commit_file work; git notes add --message Noted; made refs/notes/commits") { Refs = ["refs/notes/commits"] },
        new("a replaced commit", "commit_file work; c=$(git commit-tree -m Replacement -p HEAD~1 HEAD~1^{tree}); made $c; git replace HEAD $c; echo \"refs/replace/$(git rev-parse HEAD)\" > \"$CASE/refs\""),
        new("fetched from a repository that is gone", "git init --quiet ../../elsewhere; cd ../../elsewhere; commit_file work; cd \"$WT_RUN_WORKTREE\"; git fetch --quiet ../../elsewhere; rm -rf ../../elsewhere")
        {
            Ending = Ending.Set_aside,
        },
        new("garbage collected by the engine", "commit_file work; put work; git add work; commit --amend; put README; git add README; put README loose; git gc --quiet --prune=now"),
        new("shallow", "git fetch --quiet --depth=1 \"file://$CASE/library\" main; git checkout --quiet -b vendor FETCH_HEAD; commit_file vendored; git checkout --quiet \"$B\"; commit_file work")
        {
            Before = Library, Refs = ["refs/heads/vendor"],
        },
    ];

    /// <summary>Makes a second repository with two commits.</summary>
    internal const string Library =
        """
        git init --quiet -b main "$CASE/library"
        for i in 1 2; do echo $i > "$CASE/library/code"; git -C "$CASE/library" add code; git -C "$CASE/library" commit --quiet -m $i; done

        """;

    private const string WorktreeRefs =
        """
        for ref in refs/worktree/mine refs/bisect/mine refs/rewritten/mine refs/worktree/a/b; do
            git checkout --quiet --detach "$B"
            commit_file work
            git update-ref $ref HEAD
        done
        git checkout --quiet "$B"
        rm -r "$ADMIN/logs"
        commit_file other
        """;

    private const string ManyWorktreeRefs =
        """
        for i in $(seq 600); do
            printf 'commit refs/worktree/n%s\ncommitter A <a@example.org> %s +0000\ndata 5\nMany\n\nfrom %s\n\n' $i $i $WT_RUN_BASE
        done | git fast-import --quiet
        git for-each-ref --format='object %(objectname) %(refname)' refs/worktree >> "$CASE/ledger"
        put work
        """;

    private const string OddWorktreeRefs =
        """
        put work
        git update-ref refs/worktree/blob $(git hash-object -w work)
        put work
        git add work
        t=$(git write-tree)
        made $t
        git update-ref refs/worktree/tree $t
        git reset --quiet
        rm work
        git tag --annotate --message Noted noted
        made noted
        git update-ref refs/worktree/tag refs/tags/noted
        git tag --delete noted > /dev/null
        """;
}
