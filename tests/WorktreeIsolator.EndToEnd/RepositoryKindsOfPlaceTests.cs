using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_worktree_in_a_repository_that_is : A_worktree_in_a_repository
{
    private const string Origin = "(repo origin; git config uploadpack.allowFilter true; git config uploadpack.allowAnySHA1InWant true); ";

    private const string MoreInOrigin = "; cd ../origin; echo 2 >> a/file; echo new > b/new; save Second";

    private static readonly RepositoryKind[] Kinds =
    [
        new("sparse by directories", "repo repo; git sparse-checkout set --cone a") { Engine = "test ! -e b; echo x > a/new; mkdir b; echo x > b/new", Check = "git cat-file -e HEAD:b/new" },
        new("sparse by patterns", "repo repo; git sparse-checkout set --no-cone '/*' '!/b/' '!deep'") { Engine = "test ! -e b; test -e README" },
        new("sparse with a sparse index", "repo repo; git sparse-checkout set --cone --sparse-index a/deep") { Engine = "test ! -e b; echo 2 >> a/deep/file" },
        new("a linked worktree that is sparse", "repo repo; git worktree add -q ../linked -b other; cd ../linked; git sparse-checkout set --cone a/deep") { Project = "linked", Engine = "test ! -e b" },
        new("sparse as an old git made it", "repo repo; git config core.sparseCheckout true; printf '/a/\\n/*\\n!/b/\\n' > .git/info/sparse-checkout; git read-tree -mu HEAD; test ! -e b")
        {
            Engine = "test ! -e b",
        },
        new("a partial clone", Origin + "git clone -q --filter=blob:none \"file://$PWD/origin\" repo; cd repo" + MoreInOrigin) { Engine = "test -e b/new; echo 3 >> a/file" },
        new("a partial clone without trees", Origin + "git clone -q --filter=tree:0 \"file://$PWD/origin\" repo; cd repo" + MoreInOrigin) { Engine = "test -e b/new; rm a/deep/file" },
        new("a partial and sparse clone", Origin + "git clone -q --filter=blob:none --sparse \"file://$PWD/origin\" repo; cd repo; git sparse-checkout add b" + MoreInOrigin)
        {
            Engine = "test -e b/new; test ! -e a; test -e README",
        },
        new("shallow", Origin + "(cd origin; echo 2 >> README; save Second); git clone -q --depth=1 \"file://$PWD/origin\" repo; cd repo" + MoreInOrigin) { Engine = "test -e b/new" },
        new("bare", "(repo source); git clone -q --bare source store.git; git -C store.git remote remove origin") { Project = "store.git" },
        new("bare and names everything itself", "(repo source); git clone -q --bare source store.git; git -C store.git config --global safe.bareRepository explicit; cd store.git; git --git-dir=. worktree add -q ../linked main")
        {
            Project = "linked",
        },
        new("bare with linked worktrees", "(repo source); git clone -q --bare source hub/.git; cd hub; git -C .git worktree add -q \"$PWD/main\" main") { Project = "hub/main" },
        new("bare by a configuration of its own", """
            (repo source); git clone -q --bare source hub/.git; cd hub; git -C .git config extensions.worktreeConfig true; git -C .git config --unset core.bare; git -C .git config --worktree core.bare true
            git -C .git worktree add -q "$PWD/main" main
            """)
        {
            Project = "hub/main",
        },
        new("bare without saying so", "(repo source); git clone -q --bare source store.git; git -C store.git config --unset core.bare; git -C store.git remote remove origin") { Project = "store.git" },
        new("bare without saying so, with linked worktrees", "(repo source); git clone -q --bare source store.git; git -C store.git config --unset core.bare; git -C store.git worktree add -q ../linked main")
        {
            Project = "linked",
        },
        new("a mirror, and never fetches", "(repo source); git clone -q --mirror source store.git") { Project = "store.git", Keys = ["fetch = \"never\""] },
        new("named by longer object names", "export GIT_DEFAULT_HASH=sha256; repo repo"),
        new("configured for each worktree", """
            repo repo; git config extensions.worktreeConfig true; git config --worktree user.name Mine; git config --worktree core.sparseCheckout true
            printf '/*\n!/b/\n' > .git/info/sparse-checkout; git read-tree -mu HEAD; test ! -e b
            """)
        {
            Engine = "test ! -e b; test \"$(git config user.name)\" = Mine",
        },
        new("borrowing objects", Origin + "git clone -q --shared origin repo; cd repo"),
        new("borrowing objects from what borrows", Origin + "git clone -q --shared origin middle; git clone -q --shared middle repo; cd repo"),
        new("full of replaced objects", """
            repo repo; old=$(git rev-parse HEAD); echo 2 > two; save Second; echo r > replaced; git add .; tree=$(git write-tree); git reset -q --hard
            git replace "$(git rev-parse HEAD^{tree})" "$tree"; git replace --graft HEAD; git reset -q --hard; test -e replaced
            """)
        {
            Engine = "test -e replaced; test \"$(git rev-list --count HEAD)\" = 1",
        },
        new("a graft on another history", "repo repo; git checkout -q --orphan other; save Other; other=$(git rev-parse HEAD); git checkout -q main; echo \"$(git rev-parse HEAD) $other\" > .git/info/grafts; git config advice.graftFileDeprecated false")
        {
            Engine = "test \"$(git rev-list --count HEAD)\" = 2",
        },
        new("behind a file called .git", "repo repo; git init -q --separate-git-dir=../store.git"),
        new("a submodule of another one", """
            git config --global protocol.file.allow always; (repo inner); repo outer; git submodule --quiet add "$PWD/../inner" deps/inner; save Inner; cd deps/inner; git config core.worktree
            """)
        {
            Project = "outer/deps/inner",
        },
        new("a store with its files elsewhere", "mkdir files; git --git-dir=store.git --work-tree=files init -q; cd store.git; git config core.worktree; cd ../files; export GIT_DIR=\"$PWD/../store.git\" GIT_WORK_TREE=\"$PWD\"; echo x > README; git add .; git commit -qm First")
        {
            Project = "store.git", Check = "test -e ../files/README; test -e '../files/added by the run'",
        },
        new("on a branch that is called like a tag, and like others", """
            repo repo; git tag main; git tag -a heads/main -m x; echo 2 > two; save Second; git branch tags/main HEAD~1; git branch origin/main HEAD~1; git branch heads/main HEAD~1; git update-ref refs/main HEAD~1; git tag HEAD HEAD~1
            """)
        {
            Engine = "test -e two",
        },
        new("on a branch whose name is no text", "repo repo; git checkout -q -b \"$(printf 'caf\\351')\""),
        new("without read permission for others, and without write permission for itself", "umask 077; repo repo; chmod 555 a a/deep; chmod 444 README; chmod 500 b"),
    ];

    public static TheoryData<string> Names => [.. Kinds.Select(kind => kind.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void This(string kind) => IsGitsOwn(Kinds.Single(k => k.Name == kind));

    [Theory]
    [InlineData("sparse by directories")]
    [InlineData("sparse with a sparse index")]
    [InlineData("a partial and sparse clone")]
    [InlineData("full of replaced objects")]
    public void This_keeps_what_a_failed_run_leaves(string kind) => IsSafeToFailIn(Kinds.Single(k => k.Name == kind));
}
