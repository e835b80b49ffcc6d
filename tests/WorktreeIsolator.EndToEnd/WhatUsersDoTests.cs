using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_person_beside_a_run
{
    [Fact]
    public void Keeps_the_run_branch_that_they_have_checked_out_when_it_lands()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var record = repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", "echo work > work; exit 3").Expect(3).Record;
        repository.Git("switch", "--quiet", record.Branch!);

        var land = repository.WtRun.Run("land", record.Id).Expect(0);

        Assert.Contains($"'{record.Branch}' is kept: it is checked out in '{repository.Path}'", land.Error, StringComparison.Ordinal);
        Assert.Equal(["main", record.Branch!], repository.Branches);
        Assert.Equal("", repository.Status);
        Assert.Equal(repository.Git("rev-parse", "main"), repository.Head);
    }

    [Fact]
    public void May_start_a_run_inside_a_run()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);

        repository.WtRun.Run("run", "--worktree", "--merge-back", "branch", "--", WtRun.Program, "run", "--worktree", "--base", "main", "--", "sh", "-c", "echo inner > inner").Expect(0);

        Assert.Equal("inner\n", repository.Read("inner"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }

    [Fact]
    public void Is_told_once_that_a_landing_waits()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("wt-run.toml", "[projects.here]\npath = \".\"\nland_wait = \"1s\"\n");
        repository.Write(".git/index.lock", "");

        var run = repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", "echo work > work").Expect(120);

        Assert.Single(run.Error.Split('\n'), line => line.Contains("waiting to land", StringComparison.Ordinal));
    }

    [Fact]
    public void Is_asked_about_a_target_that_is_misspelt()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        repository.Write("wt-run.toml", "[projects.here]\npath = \".\"\nmerge_target = \"mian\"\n");

        var run = repository.WtRun.Run("run", "--worktree", "--", "touch", "work").Expect(125);

        Assert.Contains("Did you mean 'main'?", run.Error, StringComparison.Ordinal);
        Assert.Equal(["main"], repository.Branches);
    }

    [Fact]
    public void Finds_what_git_could_not_read_in_the_worktree_that_was_kept()
    {
        using var scratch = new Scratch();
        var repository = new TestRepository(scratch);
        var nobody = new List<string>();
        if (Environment.UserName == "root")
        {
            // For root nothing is unreadable.
            scratch.Run(scratch.Root, "chmod", "-R", "a+rwX", scratch.Root).Expect(0);
            scratch.Run(scratch.Root, "chown", "-R", "65534:65534", scratch.Root).Expect(0);
            nobody.AddRange(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        }

        var run = scratch.Run(
            repository.Path,
            [.. nobody, WtRun.Program, "run", "--worktree", "--json", "--", "sh", "-c", "mkdir out; echo precious > out/result; chmod 0 out"]).Expect(120);

        Assert.Contains("cannot read", run.Record.Kept!.Reason, StringComparison.Ordinal);
        File.SetUnixFileMode(Path.Combine(run.Record.Worktree!, "out"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Equal("precious\n", File.ReadAllText(Path.Combine(run.Record.Worktree!, "out/result")));
    }

    [Fact]
    public void Gets_the_submodules_that_they_asked_for()
    {
        using var scratch = new Scratch();
        var library = new TestRepository(scratch, "library");
        var repository = new TestRepository(scratch);
        scratch.Run(scratch.Root, "git", "config", "--global", "protocol.file.allow", "always").Expect(0);
        repository.Git("submodule", "--quiet", "add", library.Path, "lib");
        repository.Git("commit", "--quiet", "-m", "Add lib");
        repository.Write("wt-run.toml", "[projects.here]\npath = \".\"\nsubmodules = true\n");

        var run = repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", "cat lib/README > copy").Expect(0);

        Assert.Equal(MergeBackResult.Landed, run.Record.MergeBack?.Result);
        Assert.Equal("first\n", repository.Read("copy"));
        Assert.Equal([repository.Path], repository.Worktrees);
    }
}
