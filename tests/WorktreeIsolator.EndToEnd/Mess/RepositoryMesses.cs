namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>Repositories inside the worktree: nested ones, submodules, linked worktrees.</summary>
internal static class RepositoryMesses
{
    public static IReadOnlyList<KindOfMess> All { get; } =
    [
        new("a nested repository", $"{Nested}; put work") { Stays = Stays.Yes },
        new("a nested repository without commits", "git init --quiet nested; put nested/work; git -C nested add work; put nested/work loose") { Stays = Stays.Yes },
        new("a nested repository, deep and dirty", "mkdir -p a/b; cd a/b; git init --quiet c; cd c; commit_file work; put work loose; git stash push --quiet; made stash@{0}; cd ../../..; put work") { Stays = Stays.Yes },
        new("a nested repository, staged", $"{Nested}; put work; git add --all 2> /dev/null") { Stays = Stays.Yes },
        new("a nested repository, committed", $"{Nested}; put work; git add --all 2> /dev/null; commit") { Stays = Stays.Yes },
        new("a nested repository, committed, with a commit of its own afterwards", $"{Nested}; git add --all 2> /dev/null; commit; cd nested; commit_file work; cd ..") { Stays = Stays.Yes },
        new("a nested repository, committed and taken out again", $"{Nested}; git add --all 2> /dev/null; commit; git rm --quiet --cached nested; commit; put work") { Stays = Stays.Yes },
        new("a nested repository that is ignored", "mkdir build; cd build; git init --quiet nested; cd nested; echo ignored > ignored; git add ignored; git commit --quiet -m Ignored; cd ../..; put work") { Stays = Stays.Either },
        new("a nested repository with a name that is hard to say", "p=$(printf 'new\\n \"line\\377'); git init --quiet \"$p\"; cd \"$p\"; commit_file work; cd ..; put work") { Stays = Stays.Yes },
        new("a bare repository", "git init --quiet --bare bare.git; c=$(git -C bare.git commit-tree -m Bare $(git -C bare.git mktree < /dev/null)); git -C bare.git update-ref refs/heads/main $c; blob bare.git/objects/*/*"),
        new("a directory whose .git leads nowhere", "put broken/work; echo 'gitdir: /nowhere' > broken/.git; put work") { Stays = Stays.Either, Ending = Ending.Set_aside },
        new("a directory with an empty .git", "put broken/work; mkdir broken/.git; put work"),
        new("a linked worktree in the worktree", "git worktree add --quiet --detach inner; cd inner; commit_file work; put README; git add README; put README loose; cd ..; put work") { Stays = Stays.Yes },
        new("a linked worktree elsewhere", "git worktree add --quiet -b mine \"$CASE/elsewhere\"; cd \"$CASE/elsewhere\"; commit_file work; put README; git add README; put README loose; cd \"$WT_RUN_WORKTREE\"; put work") { Refs = ["refs/heads/mine"] },
        new("a submodule as it was", "put work") { Before = Submodule, HasSubmodules = true },
        new("a submodule with an edit", "put lib/code") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Set_aside },
        new("a submodule with an untracked file", "put lib/work work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes },
        new("a submodule with a commit that is recorded", "cd lib; commit_file work; cd ..; git add lib; commit") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Unfinished },
        new("a submodule with a commit that is staged", "cd lib; commit_file work; cd ..; git add lib; put work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Unfinished },
        new("a submodule with a commit that is not recorded", "cd lib; git checkout --quiet --detach; commit_file work; cd ..; put work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Unfinished },
        new("a submodule with a commit on a branch that was left again", "cd lib; c=$(git rev-parse HEAD); git checkout --quiet -b mine; commit_file work; git checkout --quiet $c; cd ..; put work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Beyond_refs },
        new("a submodule with a stash", "put lib/code; git -C lib stash push --quiet; cd lib; made stash@{0}; cd ..; put work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Beyond_refs },
        new("a submodule with a commit in it, taken out", "cd lib; commit_file work; cd ..; git rm --quiet --force lib; put work") { Before = Submodule, HasSubmodules = true, Stays = Stays.Yes, Ending = Ending.Beyond_refs },
        new("a submodule that the engine got itself", "git submodule --quiet update --init; cd lib; commit_file work; cd ..; put work") { Before = Submodule, Stays = Stays.Yes, Ending = Ending.Unfinished },
    ];

    private const string Nested = "git init --quiet nested; cd nested; commit_file inner; put loose; cd ..";

    private const string Submodule =
        CommitMesses.Library +
        """
        git submodule --quiet add "$CASE/library" lib
        git commit --quiet -m 'Add lib' -- lib .gitmodules
        """;
}
