namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>Messes in the working tree and the index.</summary>
internal static class FileMesses
{
    public static IReadOnlyList<KindOfMess> All { get; } =
    [
        new("nothing", "true") { Ending = Ending.Nothing },
        new("untracked", "put work"),
        new("untracked, deep", "put a/b/c/d/e/f/g/h/work other/work"),
        new("untracked, executable", "put work; chmod +x work; name 100755 work"),
        new("untracked, 5,000 small files", Many),
        new("an empty directory", "mkdir -p empty/inner") { Ending = Ending.Nothing },
        new("a pipe", "mkfifo pipe") { Ending = Ending.Nothing },
        new("names that are hard to say", Names),
        new("a name of 255 bytes", "p=$(printf '%0255d' 0); put $p; name 100644 $p"),
        new("staged", "put work; git add work"),
        new("staged, then edited", "put work; git add work; put work"),
        new("a tracked file staged, then edited", "put README; git add README; put README"),
        new("staged twice, then edited", "put README; git add README; commit; put README work; git add README work; put README; rm work"),
        new("staged, then deleted", "put work; git add work; rm work") { Ending = Ending.Set_aside },
        new("staged, then put back", "put README; git add README; git show HEAD:README > README") { Ending = Ending.Set_aside },
        new("staged as executable, then not", "put work; chmod +x work; git add work; name 100755 work; chmod -x work; name 100644 work"),
        new("taken out of the index", "put README; git rm --quiet --cached README"),
        new("intended to add", "put work; git add --intent-to-add work"),
        new("intended to add, then deleted", "touch work; git add --intent-to-add work; rm work; put other"),
        new("assume-unchanged and edited", "git update-index --assume-unchanged README; put README") { Ending = Ending.Set_aside },
        new("assume-unchanged and edited, beside a commit", "git update-index --assume-unchanged README; put README; commit_file work"),
        new("skip-worktree and edited", "git update-index --skip-worktree README; put README") { Ending = Ending.Set_aside },
        new("skip-worktree and edited, beside an untracked file", "git update-index --skip-worktree README; put README work"),
        new("skip-worktree, staged and edited", "put README; git add README; git update-index --skip-worktree README; put README"),
        new("a mode", "chmod +x script; name 100755 script"),
        new("a symbolic link", "ln -s 'nowhere at all' new-link; name 120000 new-link; ln -sf elsewhere link; name 120000 link"),
        new("a symbolic link to a directory outside", "mkdir \"$CASE/outside\"; echo theirs > \"$CASE/outside/theirs\"; ln -s \"$CASE/outside\" out; name 120000 out"),
        new("a file made a directory", "rm README; put README/inner"),
        new("a directory made a file", "rm -r dir; put dir"),
        new("a file made a symbolic link", "rm README; ln -s dir/a README; name 120000 README"),
        new("a directory made a symbolic link", "mv dir moved; ln -s moved dir; put moved/new; name 120000 dir"),
        new("deleted", "rm README dir/a; gone README; gone dir/a"),
        new("everything of its own deleted", "rm -rf README dir sub script tool link; gone README; gone sub/c"),
        new("renamed in the index", "git mv dir/a dir/new; name 100644 dir/new; gone dir/a"),
        new("renamed in the directory, and edited", "mv dir/a dir/new; echo more >> dir/new; name 100644 dir/new; gone dir/a"),
        new("an ignored file added by force", "put work.log; git add --force work.log"),
        new("an ignored file added by force, then edited", "put work.log; git add --force work.log; put work.log"),
        new("staged, then ignored", "put notes; git add notes; put notes; echo notes >> .gitignore; blob .gitignore"),
        new("committed, then ignored and out of the index", "commit_file notes; git rm --quiet --cached notes; echo notes >> .gitignore; blob .gitignore"),
        new("line ends that git changes", "printf 'first\\r\\nsecond\\r\\n' > work; echo 'work text eol=crlf' > .gitattributes; blob .gitattributes; git add work; made :work"),
        new("a big file", "head -c 300000 /dev/urandom > big; blob big"),
        new("a big file above the limit", "head -c 300000 /dev/urandom > big; blob big; put work")
        {
            Ending = Ending.Beyond_refs, Stays = Stays.Yes, RescueLimit = 64 * 1024,
        },
        new("a big file above the limit, committed", "head -c 300000 /dev/urandom > big; blob big; git add big; commit") { RescueLimit = 64 * 1024 },
        new("a split index", "git update-index --split-index; put README work; git add README work; put README"),
        new("an index of version 4", "git update-index --index-version 4; put README work; git add README work; put README"),
        new("sparse, with files outside", "git sparse-checkout set --cone dir > /dev/null; commit_file dir/work; put sub/work README"),
        new("sparse, without cones", "git sparse-checkout set --no-cone /dir/ > /dev/null; put sub/work README dir/a") ,
        new("untracked files hidden by the worktree's configuration",
            "git config extensions.worktreeConfig true; git config --worktree status.showUntrackedFiles no; put work"),
    ];

    private const string Many =
        """
        mkdir many
        awk 'BEGIN { for (i = 0; i < 5000; i++) { f = "many/" i; print "small", i > f; close(f) } }'
        find many -type f | git hash-object --no-filters --stdin-paths | sed 's/^/object /; s/$/ small/' >> "$CASE/ledger"
        """;

    private const string Names =
        """
        for p in "$(printf 'new\nline')" "$(printf 'not \377\376 UTF-8')" -dash '*' '[a]?' ':(top)x' ' space ' 'quote"back\slash' "$(printf 'tab\t')" "it's" '#hash' '!not' 'ü' '~' "$(printf 'dir\n/-in')" .hidden ...; do
            put "$p"
            name 100644 "$p"
        done
        """;
}
