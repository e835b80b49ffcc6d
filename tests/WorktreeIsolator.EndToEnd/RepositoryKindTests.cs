using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>
/// Whatever a repository holds: the engine finds in its worktree what it would find in one that a person made with <c>git worktree add</c>,
/// its work lands, and nothing else of the repository is different afterwards.
/// </summary>
public abstract class A_worktree_in_a_repository
{
    /// <summary>All that can be seen of a worktree: types, modes, link targets, contents, what git says of each file.</summary>
    private const string Look =
        """
        set -e
        export LC_ALL=C
        cd "$(git rev-parse --show-toplevel)"
        find . -mindepth 1 -name .git -prune -printf '%y %P\n' -o -printf '%y %m %P -> %l\n' | sort
        find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 -r sha256sum --
        git status --porcelain=v2 --untracked-files=all --ignored
        git ls-files -z --stage -v --sparse | tr '\0' '\n'
        git ls-files -z --eol | tr '\0' '\n'
        git sparse-checkout list 2>&1 || true
        od -An -tu1 -j4 -N4 "$(git rev-parse --git-path index)"
        if test "$(git config extensions.worktreeConfig)" = true; then git config --worktree --list | sort; fi
        git submodule status --recursive 2>&1

        """;

    /// <summary>What a person does meanwhile, so that the work has to be merged; in a repository without files nobody can.</summary>
    private const string MoveOn =
        """
        if test "$(git rev-parse --is-inside-work-tree)" = true; then
          git="git -c core.safecrlf=false -c diff.orderFile=/dev/null -c commit.gpgSign=false -c core.hooksPath=/dev/null"
          echo theirs > theirs; $git add --sparse theirs; $git commit -qm Theirs -- theirs
        fi

        """;

    private const string Added = "added by the run";

    internal static void IsGitsOwn(RepositoryKind kind)
    {
        using var scratch = new Scratch();
        Shell(scratch, scratch.Root, kind.Make);
        var project = scratch.Path(kind.Project);
        var config = scratch.Write("wt-run.toml", $"[projects.kind]\npath = \"{kind.Project}\"\n{string.Concat(kind.Keys.Select(key => key + "\n"))}");
        var look = scratch.Write("look", Look);
        var seen = scratch.Path("seen");
        var engine = scratch.Write("engine", $"{RepositoryKind.Prelude}sh '{look}' > '{seen}'\n(\n{kind.Engine}\n)\necho work > '{Added}'\ncd '{project}'\n{MoveOn}");
        var before = StateOf(scratch, project, kind);

        var run = new WtRun(scratch, project).Run("run", "kind", "--config", config, "--worktree", "--json", "--", "sh", engine).Expect(0);
        var record = run.Record;

        Assert.True(record.MergeBack?.Result == MergeBackResult.Landed, run.ToString());
        Assert.Equal(before, StateOf(scratch, project, kind));
        Assert.False(Path.Exists(record.Worktree), run.ToString());
        Assert.Equal("", scratch.Run(project, "git", "fsck", "--no-dangling", "--no-progress").Expect(0).Error.Replace("notice: HEAD points to an unborn branch", "", StringComparison.Ordinal));
        Assert.Contains($"{Added}\0", Git(scratch, project, "ls-tree", "-r", "-z", "--full-tree", "--name-only", record.MergeBack!.Commit!), StringComparison.Ordinal);
        Shell(scratch, project, kind.Check);
        Assert.Equal(SeenByGit(scratch, project, record, look, kind), Encoding.Latin1.GetString(File.ReadAllBytes(seen)));
    }

    internal static void IsSafeToFailIn(RepositoryKind kind)
    {
        using var scratch = new Scratch();
        Shell(scratch, scratch.Root, kind.Make);
        var project = scratch.Path(kind.Project);
        var keys = string.Concat(kind.Keys.Append("uncommitted = \"rescue\"").Select(key => key + "\n"));
        var config = scratch.Write("wt-run.toml", $"[projects.kind]\npath = \"{kind.Project}\"\n{keys}");
        var tree = scratch.Path("tree");
        var engine = scratch.Write(
            "engine", $"{RepositoryKind.Prelude}(\n{kind.Engine}\n)\necho work > '{Added}'\nGIT_INDEX_FILE=\"$PWD/../index\"; export GIT_INDEX_FILE; cp \"$(git rev-parse --git-dir)/index\" ../index\n"
                + $"git -c core.fsmonitor=false -c core.safecrlf=false add -A --sparse; git write-tree > '{tree}'; exit 3\n");
        var before = StateOf(scratch, project, kind);

        var record = new WtRun(scratch, project).Run("run", "kind", "--config", config, "--worktree", "--json", "--", "sh", engine).Expect(3).Record;

        Assert.Null(record.Kept);
        Assert.False(Path.Exists(record.Worktree));
        Assert.Equal(File.ReadAllText(tree), Git(scratch, project, "rev-parse", $"{record.RescueRef}^{{tree}}"));
        Git(scratch, project, "update-ref", "-d", record.RescueRef!);
        Assert.Equal(before, StateOf(scratch, project, kind));
    }

    /// <summary>Runs a shell script to its end.</summary>
    private static void Shell(Scratch scratch, string directory, string script) => scratch.Run(directory, "sh", "-c", RepositoryKind.Prelude + script).Expect(0);

    private static string Git(Scratch scratch, string directory, params IReadOnlyList<string> arguments) =>
        scratch.Run(directory, ["git", .. arguments]).Expect(0).Output;

    /// <summary>What a run must leave as it was. Tips of branches move when work lands; that there is one more would be wrong.</summary>
    private static string StateOf(Scratch scratch, string project, RepositoryKind kind) => string.Join(
        '\n',
        Git(scratch, project, "for-each-ref", "--format=%(refname)"),
        Git(scratch, project, "worktree", "list", "--porcelain").Split('\n').Where(line => line.StartsWith("worktree ", StringComparison.Ordinal)).Aggregate("", (all, line) => all + line + "\n"),
        scratch.Run(project, "git", "symbolic-ref", "HEAD").Output,
        Encoding.Latin1.GetString(scratch.Run(project, "git", "status", "--porcelain").OutputBytes),
        kind.HasSubmodules ? "" : Git(scratch, project, "config", "--local", "--list"));

    /// <summary>What the engine would have seen in a worktree that git alone made.</summary>
    private static string SeenByGit(Scratch scratch, string project, RunRecord record, string look, RepositoryKind kind)
    {
        var control = Path.Combine(Path.GetDirectoryName(record.Worktree)!, "control");
        scratch.Run(project, "git", "worktree", "add", "--quiet", "-b", "control", control, record.Base!.Commit).Expect(0);
        if (kind.HasSubmodules)
        {
            Git(scratch, control, "submodule", "--quiet", "update", "--init", "--recursive");
        }

        return Encoding.Latin1.GetString(scratch.Run(control, "sh", look).Expect(0).OutputBytes);
    }
}

public sealed class A_worktree_in_a_repository_that_holds : A_worktree_in_a_repository
{
    private static readonly RepositoryKind[] Kinds =
    [
        new("large files of LFS", """
            repo repo; git lfs install --local > /dev/null; git lfs track '*.bin' > /dev/null; head -c 100000 /dev/urandom > a/1.bin; echo x > 2.bin; save LFS
            git lfs pointer --check --file=2.bin && exit 1; git show HEAD:2.bin | git lfs pointer --check --stdin
            """)
        {
            Engine = "test \"$(wc -c < a/1.bin)\" = 100000; echo new > 3.bin",
            Check = "test \"$(cat 3.bin)\" = new; git show HEAD:3.bin | git lfs pointer --check --stdin",
        },
        new("files behind a clean and smudge filter", """
            repo repo; git config filter.rot.clean 'tr a-z n-za-m'; git config filter.rot.smudge 'tr n-za-m a-z'; git config filter.rot.required true
            echo '*.rot filter=rot' > .gitattributes; echo secret > x.rot; save Filter; test "$(git show HEAD:x.rot)" = frperg
            """)
        {
            Engine = "test \"$(cat x.rot)\" = secret; echo more >> x.rot",
            Check = "test \"$(cat x.rot)\" = \"$(printf 'secret\\nmore')\"",
        },
        new("submodules within submodules, which are wanted", SubmodulesOf("git submodule --quiet update --init --recursive"))
        {
            Keys = ["submodules = true"],
            Engine = "test -e deps/middle/deps/inner/README",
        },
        new("submodules that the main worktree does not have, which are wanted", SubmodulesOf("true")) { Keys = ["submodules = true"] },
        new("submodules that follow every checkout, which are wanted", SubmodulesOf("git submodule --quiet update --init --recursive; git config submodule.recurse true"))
        {
            Keys = ["submodules = true"],
        },
        new("submodules, which are not wanted", SubmodulesOf("git submodule --quiet update --init --recursive")) { Engine = "test ! -e deps/middle/README" },
        new("line ends by attribute", """
            repo repo; printf '*.txt text eol=crlf\n*.lf text eol=lf\n*.bin -text\n*.auto text=auto\n' > .gitattributes
            for f in 1.txt 2.lf 3.bin 4.auto; do printf 'one\r\ntwo\n' > $f; done; save Lines; rm [1-4].*; git checkout -q .
            """)
        {
            Engine = "printf 'one\\r\\n' > new.txt",
        },
        new("line ends by configuration", "repo repo; git config core.autocrlf true; printf 'one\\r\\ntwo\\r\\n' > crlf; save Lines; rm -r *; git checkout -q .; git config core.safecrlf true")
        {
            Engine = "printf 'mixed\\r\\nlines\\n' > mixed",
        },
        new("files in UTF-16, and keywords", """
            repo repo; printf '*.utf16 text working-tree-encoding=UTF-16\n*.le text working-tree-encoding=UTF-16LE-BOM eol=crlf\nident ident\n' > .gitattributes
            echo ab | iconv -t UTF-16 > x.utf16; echo '$Id$' > ident; save Encodings; rm ident; git checkout -q .
            """)
        {
            Engine = "grep -q 'Id: ' ident; printf 'a\\r\\n' | iconv -t UTF-16LE > raw; { printf '\\377\\376'; cat raw; } > new.le; rm raw",
            Check = "test \"$(git show HEAD:new.le)\" = a",
        },
        new("names that are odd", $$"""
            repo repo; {{OddNames}}; mkdir "$latin"; for f in "$newline" "$tab" "$quotes" "$dash" "$glob" "$magic" "$space" "$long" "$latin/$latin" "$bytes"; do echo x > "./$f"; done; save Names
            """)
        {
            Engine = $"{OddNames}; for f in \"$newline\" \"$dash\" \"$glob\" \"$bytes\"; do rm \"./$f\"; done; for f in \"$tab\" \"$magic\" \"$latin/$latin\"; do echo y >> \"./$f\"; "
                + "echo n > \"./new $f\" || { mkdir \"new $latin\"; echo n > \"./new $f\"; }; done; mv \"$quotes\" \"moved $latin\"",
            Check = $"{OddNames}; for f in \"$newline\" \"$dash\" \"$glob\" \"$bytes\"; do test ! -e \"./$f\"; done; test -e \"new $tab\"; test -e \"new $latin/$latin\"; test -e \"moved $latin\"",
        },
        new("links of every kind", """
            repo repo; ln -s README file-link; ln -s a dir-link; ln -s nowhere dangling; ln -s /etc/passwd absolute; ln -s ../../outside out; ln -s loop loop; ln -s a/file 'x y'; save Links
            """)
        {
            Engine = "rm dir-link; mkdir dir-link; echo x > dir-link/file; ln -s b new-link; rm -r a; ln -s b a",
            Check = "test -L new-link; test -L a; test ! -L dir-link",
        },
        new("files that may be executed", "repo repo; echo x > tool; chmod 755 tool; save Tool") { Engine = "chmod +x README; chmod -x tool", Check = "test -x README; test ! -x tool" },
        new("modes that do not count", "repo repo; echo x > tool; chmod 755 tool; save Tool; git config core.fileMode false; chmod 644 tool") { Engine = "chmod +x README", Check = "test ! -x README" },
        new("links that are files here", "repo repo; ln -s README link; save Link; git config core.symlinks false; rm link; git checkout -q .") { Engine = "test ! -L link; printf a/file > link" },
        new("names that differ in case alone", "repo repo; echo x > readme; echo y > ReadMe; mkdir A; echo z > A/File; save Case") { Engine = "rm README; echo 2 >> readme" },
        new("attributes that only export and merge mind", "repo repo; printf 'README export-ignore\\na/* merge=ours -diff\\n' > .gitattributes; save Attributes"),
        new("attributes and excludes that are no part of it", """
            repo repo; printf '*.up text eol=crlf\n' > .git/info/attributes; printf '*.obj\n' > ../excludes; printf '*.down text eol=crlf\n' > ../attributes
            git config core.attributesFile "$PWD/../attributes"; git config core.excludesFile "$PWD/../excludes"; echo 1 > 1.up; echo 2 > 2.down; save Outside; rm 1.up 2.down; git checkout -q .
            """)
        {
            Engine = "echo ignored > x.obj", Check = "test ! -e x.obj",
        },
    ];

    private const string OddNames =
        """newline="$(printf 'new\nline')"; tab="$(printf 'ta\tb')"; quotes="q'u\"o\\te"; dash=-rf; glob='*?[a]'; magic=':(exclude,top)x'; space=' sp ace '; long=$(printf '%0250d' 0); latin="$(printf 'caf\351')"; bytes="$(printf 'b\200\377\001')" """;

    public static TheoryData<string> Names => [.. Kinds.Select(kind => kind.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void This(string kind) => IsGitsOwn(Kinds.Single(k => k.Name == kind));

    [Theory]
    [InlineData("large files of LFS")]
    [InlineData("files behind a clean and smudge filter")]
    [InlineData("line ends by configuration")]
    [InlineData("names that are odd")]
    [InlineData("links of every kind")]
    public void This_is_kept_of_a_failed_run(string kind) => IsSafeToFailIn(Kinds.Single(k => k.Name == kind));

    /// <summary>A clone with submodules, by relative addresses; <paramref name="then"/> is done in it.</summary>
    private static string SubmodulesOf(string then) => $"""
        git config --global protocol.file.allow always; mkdir origin; cd origin
        (repo inner); (repo middle; git submodule --quiet add ../inner deps/inner; save Inner); (repo outer; git submodule --quiet add ../middle deps/middle; save Middle)
        cd ..; git clone -q origin/outer repo; cd repo; {then}
        """;
}
