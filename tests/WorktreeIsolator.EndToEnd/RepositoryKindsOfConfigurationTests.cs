using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_worktree_in_a_repository_whose_configuration : A_worktree_in_a_repository
{
    private const string FailingHooks =
        "for h in pre-commit commit-msg prepare-commit-msg post-commit post-merge pre-merge-commit post-index-change pre-auto-gc pre-rebase; do hook \"$d/$h\" 'exit 1'; done";

    private static readonly RepositoryKind[] Kinds =
    [
        new("asks for a monitor of files", "repo repo; git config core.fsmonitor true"),
        new("asks a hook which files have changed, and that says none", "repo repo; hook \"$PWD/../monitor\" 'printf \"token\\0\"'; git config core.fsmonitor \"$PWD/../monitor\"; git config core.fsmonitorHookVersion 2; git update-index --fsmonitor")
        {
            Engine = "git status > /dev/null; echo 2 >> a/file", Check = "test \"$(git show HEAD:a/file)\" = \"$(printf 'a\\n2')\"",
        },
        new("trusts a cache of untracked files", "repo repo; git config core.untrackedCache true; git update-index --untracked-cache; git status > /dev/null"),
        new("shows no untracked files", "repo repo; git config status.showUntrackedFiles no") { Engine = "mkdir -p new/deep; echo x > new/deep/file", Check = "test -e new/deep/file" },
        new("splits the index", "repo repo; git config core.splitIndex true; git config splitIndex.maxPercentChange 50; git update-index --split-index"),
        new("compresses the index", "repo repo; git config index.version 4; git update-index --index-version 4"),
        new("is for many files", "repo repo; git config feature.manyFiles true; git config feature.experimental true; git config index.sparse true; git update-index --index-version 4"),
        new("changes what git prints", """
            repo repo
            for c in color.ui=always color.status=always color.diff=always color.branch=always core.quotePath=false core.abbrev=4 core.pager='exit 1' pager.log=true diff.external=false diff.noprefix=true \
              diff.mnemonicPrefix=true diff.relative=true diff.orderFile=/nowhere diff.submodule=log diff.renames=copies diff.ignoreSubmodules=all diff.wsErrorHighlight=all diff.interHunkContext=3 \
              status.branch=true status.short=true status.showStash=true status.relativePaths=false status.renames=copies log.showSignature=true log.decorate=full log.date=raw log.abbrevCommit=true \
              format.pretty=oneline i18n.commitEncoding=ISO-8859-1 i18n.logOutputEncoding=UTF-16 core.logAllRefUpdates=always core.commentChar=x column.ui=always tag.sort=-taggerdate branch.sort=-committerdate \
              advice.detachedHead=false core.warnAmbiguousRefs=false help.autoCorrect=1 blame.showRoot=true core.whitespace=-trailing-space,indent-with-non-tab apply.whitespace=error trace2.eventTarget=0; do
              git config "${c%%=*}" "${c#*=}"; done
            git config core.logAllRefUpdates true
            """)
        {
            Engine = "git mv a/file renamed; printf 'trailing \\n' > b/file", Check = "test -e renamed; test ! -e a/file",
        },
        new("changes what git does", """
            repo repo
            for c in commit.gpgSign=true tag.gpgSign=true gpg.program=false gc.auto=1 gc.autoPackLimit=1 maintenance.auto=true gc.pruneExpire=now gc.worktreePruneExpire=now merge.ff=false merge.autoStash=true merge.verifySignatures=true \
              merge.log=true merge.renames=false rebase.autoStash=true rebase.autoSquash=true rebase.updateRefs=true commit.template=/nowhere commit.cleanup=verbatim commit.verbose=true core.editor=false sequence.editor=false \
              checkout.guess=false checkout.defaultRemote=nowhere branch.autoSetupMerge=always branch.autoSetupRebase=always push.default=nothing fetch.prune=true fetch.pruneTags=true core.preferSymlinkRefs=true \
              core.fsync=all receive.denyCurrentBranch=refuse transfer.fsckObjects=true worktree.guessRemote=true add.ignoreErrors=true core.checkStat=minimal core.trustctime=false core.preloadIndex=false \
              core.bigFileThreshold=1 core.compression=0 core.sharedRepository=group checkout.workers=4 checkout.thresholdForParallelism=1 rerere.enabled=true core.deltaBaseCacheLimit=1 \
              submodule.recurse=true clean.requireForce=true core.protectNTFS=false init.templateDir=/nowhere user.useConfigOnly=true; do git config "${c%%=*}" "${c#*=}"; done
            """)
        {
            Keys = ["hooks = \"run\""],
        },
        new("has hooks that all fail", "repo repo; d=.git/hooks; " + FailingHooks),
        new("has hooks elsewhere that all fail", "repo repo; d=\"$PWD/../hooks\"; git config core.hooksPath \"$d\"; " + FailingHooks),
        new("has tracked hooks that all fail", "repo repo; d=.hooks; " + FailingHooks + "; save Hooks; git config core.hooksPath .hooks"),
        new("has a hook that fills the worktree", $"repo repo; echo from-hook > .git/info/exclude; hook .git/hooks/post-checkout '{HookThatLooks}'") { Engine = "test -e from-hook" },
        new("has a hook in its home that fills the worktree", $"repo repo; echo from-hook > .git/info/exclude; hook \"$HOME/hooks/post-checkout\" '{HookThatLooks}'; git config core.hooksPath '~/hooks'")
        {
            Engine = "test -e from-hook",
        },
        new("has hooks that are skipped", $"repo repo; hook .git/hooks/pre-merge-commit 'exit 1'; hook .git/hooks/reference-transaction 'test \"$1\" != committed'") { Keys = ["hooks = \"skip\""] },
    ];

    /// <summary>What a hook sees of how git started it, written where the test looks.</summary>
    private const string HookThatLooks =
        "{ echo \"$# $1 $3\"; env | grep ^GIT_ | grep -v -e ^GIT_CONFIG -e ^GIT_EXEC_PATH -e ^GIT_PREFIX -e ^GIT_CEIL -e ^GIT_TERM -e ^GIT_ASK -e ^GIT_SSH; git log -1 --format=%s; test \"$(git rev-parse --show-toplevel)\" = \"$PWD\"; echo $?; cd a; git rev-parse --show-prefix; cd ..; } > from-hook 2>&1";

    public static TheoryData<string> Names => [.. Kinds.Select(kind => kind.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void This(string kind) => IsGitsOwn(Kinds.Single(k => k.Name == kind));

    [Theory]
    [InlineData("asks a hook which files have changed, and that says none")]
    [InlineData("splits the index")]
    [InlineData("is for many files")]
    [InlineData("changes what git prints")]
    [InlineData("changes what git does")]
    public void This_does_not_harm_what_is_kept_of_a_failed_run(string kind) => IsSafeToFailIn(Kinds.Single(k => k.Name == kind));
}
