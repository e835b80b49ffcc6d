using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Names with line ends, tabs, quotes, and bytes that are no UTF-8: git keeps them as they are, and so do we.</summary>
public sealed class A_file_name_that_is_odd
{
    /// <summary>Latin-1, a lone continuation byte, a line end, a tab, and a magic pathspec.</summary>
    private const string Names = """
        set -e; export LC_ALL=C; latin="$(printf 'caf\351')"; bytes="$(printf 'b\200\377\001')"; line="$(printf 'new\nline\t')"; magic=':(top)*'

        """;

    [Fact]
    public void Is_copied_and_never_committed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("copy = [\"**/*.env*\"]");
        repository.Commit(".gitignore", "*.env*\n");
        Shell(scratch, repository, """
            mkdir "$latin"; for f in "$latin/$latin.env" "$line.env" ".env$bytes"; do echo secret > "$f"; done; chmod 600 "$line.env" "$latin/$latin.env"
            ln -s "$latin" "link.env$latin"
            """);

        var record = repository.RunInWorktree(Names + """
            for f in "$latin/$latin.env" "$line.env" ".env$bytes"; do test "$(cat "$f")" = secret; done
            test "$(stat -c %a "$latin/$latin.env")" = 600; test "$(readlink "link.env$latin")" = "$latin"
            rm .gitignore; echo work > work
            """).Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Equal(["README", "work", "wt-run.toml"], Tree(scratch, repository, "HEAD"));
    }

    [Fact]
    public void Is_not_copied_over_what_git_checked_out()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("copy = [\"*\"]");
        Shell(scratch, repository, "echo git > \"$latin\"; git add .; git commit -qm Track; git branch tracked; git rm -q --cached \"$latin\"; echo ignored > \"$latin\"; echo \"$latin\" > .gitignore; git add .gitignore; git commit -qm Ignore");

        var record = repository.RunInWorktree(Names + "test \"$(cat \"$latin\")\" = git; echo 2 >> \"$latin\"", "--base", "tracked").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Shell(scratch, repository, "test \"$(git show \"tracked:$latin\")\" = \"$(printf 'git\\n2')\"");
    }

    [Fact]
    public void Is_kept_of_a_run_that_failed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch).Configure("uncommitted = \"rescue\"");
        Shell(scratch, repository, "mkdir \"$latin\"; for f in \"$latin/$latin\" \"$line\"; do echo 1 > \"./$f\"; done; git add .; git commit -qm Names");

        var record = repository.RunInWorktree(Names + "rm \"$line\"; echo 2 > \"$latin/$latin\"; echo 3 > \"./$magic\"; echo 4 > \"$bytes\"; git add \"$bytes\"; exit 3").Expect(3).Record;

        Assert.Null(record.Kept);
        Shell(scratch, repository, $"r={record.RescueRef}; test \"$(git show \"$r:$latin/$latin\")\" = 2; test \"$(git show \"$r:$magic\")\" = 3; test \"$(git show \"$r:$bytes\")\" = 4; test -z \"$(git ls-tree \"$r\" \"$line\")\"");
    }

    [Fact]
    public void Is_told_of_a_conflict()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        Shell(scratch, repository, "echo 1 > \"$latin\"; git add .; git commit -qm Names");

        var record = repository.RunInWorktree(
            Names + $"echo 2 > \"$latin\"; cd '{repository.Path}'; echo 3 > \"$latin\"; env -u GIT_DIR git commit -qam Theirs").Expect(120).Record;

        Assert.Equal(MergeBackResult.Conflict, record.MergeBack?.Result);
        Assert.Equal(["caf\uFFFD"], record.MergeBack?.Conflicts);
        Assert.Equal(["caf\uFFFD"], repository.Show(record.Id).MergeBack?.Conflicts);
    }

    [Fact]
    public void May_be_that_of_a_repository_which_keeps_the_worktree()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(Names + "git init -q \"$latin\"; cd \"$latin\"; echo x > x; git add .; git commit -qm x; cd ..; echo work > work").Expect(0).Record;

        Assert.Equal(MergeBackResult.Landed, record.MergeBack?.Result);
        Assert.Contains("caf\uFFFD/", record.Kept?.Reason, StringComparison.Ordinal);
        Assert.Equal(["README", "work"], Tree(scratch, repository, "HEAD"));
        Shell(scratch, repository, $"test -e '{record.Worktree}'/\"$latin/x\"");
    }

    [Fact]
    public void May_be_that_of_a_repository_which_the_engine_committed()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        var record = repository.RunInWorktree(
            Names + "git init -q \"$latin\"; cd \"$latin\"; echo x > x; git add .; git commit -qm x; cd ..; git add . 2> /dev/null; git commit -qm Repository").Expect(0).Record;

        Assert.Contains("caf\uFFFD", record.Kept?.Reason, StringComparison.Ordinal);
        Shell(scratch, repository, $"test -e '{record.Worktree}'/\"$latin/x\"");
    }

    [Fact]
    public void Is_taken_back_with_a_landing_that_stopped_half_way()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Commit(".gitattributes", "*.slow filter=slow\n");
        Shell(scratch, repository, "mkdir \"$latin\"; echo 1 > \"$latin/old\"; echo 1 > \"$bytes\"; git add .; git commit -qm Names");
        var before = Shell(scratch, repository, "find . -name .git -prune -o -print | sort; git status --porcelain --untracked-files=all").Output;

        // git writes the files in order: the one whose filter fails comes last.
        repository.Git("config", "filter.slow.smudge", $"test $PWD != '{repository.Path}' && cat");
        repository.Git("config", "filter.slow.clean", "cat");
        repository.Git("config", "filter.slow.required", "true");
        var record = repository.RunInWorktree(
            Names + "mkdir \"new $latin\"; for f in \"new $latin/$bytes\" \"$latin/new\" \"./$magic\"; do echo 2 > \"$f\"; done; ln -s \"$latin\" \"a$latin\"; echo 2 > \"$bytes\"; echo 3 > zzz.slow").Expect(120).Record;

        Assert.Equal(MergeBackResult.Rejected, record.MergeBack?.Result);
        Assert.Equal(before, Shell(scratch, repository, "find . -name .git -prune -o -name .worktrees -prune -o -print | sort; git status --porcelain --untracked-files=all").Output);
    }

    private static Finished Shell(Scratch scratch, TestRepository repository, string script) => scratch.Run(repository.Path, "sh", "-c", Names + script).Expect(0);

    private static string[] Tree(Scratch scratch, TestRepository repository, string commit) =>
        [.. scratch.Run(repository.Path, "git", "ls-tree", "-r", "-z", "--name-only", commit).Expect(0).Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".gitignore")];
}
