using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class CommandLineTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public CommandLineTests() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_follows_the_two_dashes_is_the_engine_s_alone()
    {
        var run = _repository.WtRun.Run("run", "--worktree", "--", "git", "log", "-1", "--format=%s").Expect(0);

        Assert.Equal("Change README\n", run.Output);
    }

    [Fact]
    public void A_second_pair_of_dashes_reaches_the_engine()
    {
        var run = _repository.WtRun.Run("run", "--quiet", "--", "printf", "%s|", "--", "--json", "").Expect(0);

        Assert.Equal("--|--json||", run.Output);
    }

    [Theory]
    [InlineData("run p --frob", 125, "no option '--frob'", "'wt-run run --help'")]
    [InlineData("run --wroktree -- true", 125, "no option '--wroktree'", "Did you mean '--worktree'?")]
    [InlineData("run --json=yes -- true", 125, "'--json' takes no value", "Write '--json'")]
    [InlineData("run a b", 125, "no use for the argument 'b'", "wt-run run -- b")]
    [InlineData("run --base", 125, "'--base'", "--help")]
    [InlineData("run --worktree --no-worktree -- true", 125, "contradict", "Leave one")]
    [InlineData("run --trigger crno -- true", 125, "--trigger crno", "Did you mean '--trigger cron'?")]
    [InlineData("run --trigger-id nightly -- true", 125, "--trigger-id", "--trigger cron")]
    [InlineData("run --merge-back marge -- true", 125, "--merge-back marge", "Did you mean '--merge-back merge'?")]
    [InlineData("run --if-busy maybe -- true", 125, "--if-busy maybe", "wait, skip")]
    [InlineData("run --timeout 3x -- true", 125, "'x' is not a unit of time", "30m")]
    [InlineData("run --timeout 0s -- true", 125, "more than zero", "--timeout 0s")]
    [InlineData("run --wait-timeout 5 -- true", 125, "the unit after 5 is missing", "--wait-timeout 5")]
    [InlineData("run --engine claude -- true", 125, "Both --engine claude and a command", "Leave one")]
    [InlineData("run --", 125, "No command follows '--'", "wt-run run -- COMMAND")]
    [InlineData("run", 125, "Nothing says what to run", "--engine NAME")]
    [InlineData("run --engine cluade", 125, "no engine 'cluade'", "Did you mean 'claude'?")]
    [InlineData("run --base main -- true", 125, "--base is for runs in a worktree", "Add --worktree")]
    [InlineData("run --interactive -- true", 125, "--interactive", "Leave it out")]
    [InlineData("run --session /s -- true", 125, "'/s' is no name for a session", "letters")]
    [InlineData("run --detach --interactive -- true", 125, "--interactive and --detach contradict", "Leave one of the two out")]
    [InlineData("run nowhere -- true", 125, "no project 'nowhere'", "current repository")]
    [InlineData("run --worktree --base mian -- true", 125, "The base 'mian'", "Did you mean 'main'?")]
    [InlineData("run --worktree -- no-such-program-here", 127, "'no-such-program-here' was not found", "PATH")]
    [InlineData("run --config nowhere.toml -- true", 125, "'nowhere.toml' that --config names does not exist", "looked for")]
    [InlineData("lits", 2, "no command 'lits'", "Did you mean 'wt-run list'?")]
    [InlineData("--jsno", 2, "no option '--jsno' before a command", "wt-run --help")]
    [InlineData("-- true", 2, "no command before '--'", "wt-run run -- COMMAND")]
    [InlineData("list --josn", 2, "no option '--josn'", "Did you mean '--json'?")]
    [InlineData("list -- true", 2, "takes no command", "--help")]
    [InlineData("show", 2, "show", "--help")]
    [InlineData("show -x", 2, "no option '-x'", "--help")]
    [InlineData("show zzzz", 1, "'zzzz' is no run id", "No runs yet")]
    [InlineData("show abc", 1, "at least the first 4", "No runs yet")]
    [InlineData("show 0123", 1, "no run '0123'", "No runs yet")]
    [InlineData("logs 0123", 1, "no run '0123'", "No runs yet")]
    [InlineData("cancel 0123", 1, "no run '0123'", "No runs yet")]
    [InlineData("land 0123", 1, "no run '0123'", "No runs yet")]
    [InlineData("completion tcsh", 2, "no completion for 'tcsh'", "bash, zsh, fish")]
    [InlineData("list --config nowhere.toml", 1, "does not exist", "looked for")]
    public void Bad_input_is_told_with_its_value_and_what_would_be_right_and_makes_nothing(string line, int exitCode, string message, string hint)
    {
        var refs = _repository.Refs;

        var run = _repository.WtRun.Run(line.Split(' ')).Expect(exitCode);

        Assert.Equal("", run.Output);
        Assert.StartsWith("wt-run: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Contains(hint, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Equal(refs, _repository.Refs);
        Assert.False(Directory.Exists(_repository[".git/wt-run/runs"]));
    }

    [Fact]
    public void With_json_a_refused_request_is_an_object_too()
    {
        var run = _repository.WtRun.Run("run", "--json", "--engine", "cluade").Expect(125);

        Assert.Equal("There is no engine 'cluade'.", (string?)run.Json["error"]?["message"]);
        Assert.Contains("claude", (string?)run.Json["error"]?["hint"], StringComparison.Ordinal);
        Assert.Contains("There is no engine 'cluade'.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_shows_every_command_and_each_command_its_options_and_examples()
    {
        var help = _repository.WtRun.Run("--help").Expect(0).Output;

        Assert.Equal(help, _repository.WtRun.Run().Expect(0).Output);
        foreach (var command in (string[])["run", "list", "show", "logs", "cancel", "land", "prune", "check", "init", "completion"])
        {
            Assert.Contains($"\n  {command} ", help, StringComparison.Ordinal);
            var own = _repository.WtRun.Run(command, "--help").Expect(0);
            Assert.StartsWith(own.Output.Split("\n\n")[0], own.Output, StringComparison.Ordinal);
            Assert.Contains($"Usage: wt-run {command}", own.Output, StringComparison.Ordinal);
            Assert.Contains("\nExamples:\n  ", own.Output, StringComparison.Ordinal);
            Assert.Contains("--config FILE", own.Output, StringComparison.Ordinal);
            Assert.Equal("", own.Error);
        }
    }

    [Fact]
    public void Help_leaves_out_what_does_not_work_yet()
    {
        var help = _repository.WtRun.Run("run", "--help").Expect(0).Output;

        Assert.Contains("--session NAME", help, StringComparison.Ordinal);
        Assert.DoesNotContain("--detached-supervisor", help, StringComparison.Ordinal);
    }

    [Fact]
    public void The_version_is_one_line() =>
        Assert.Matches(@"^wt-run \d+\.\d+\.\d+\n$", _repository.WtRun.Run("--version").Expect(0).Output);

    [Fact]
    public void The_configuration_may_be_named_before_the_command()
    {
        var config = _scratch.Write("other.toml", $"[projects.elsewhere]\npath = \"{_repository.Path}\"\n");

        var run = new WtRun(_scratch, _scratch.Home).Run("--config", config, "run", "elsewhere", "--json", "--", "true").Expect(0);

        Assert.Equal("elsewhere", run.Record.Project);
    }

    [Fact]
    public void Outside_of_any_repository_and_project_nothing_runs()
    {
        var run = new WtRun(_scratch, _scratch.Home).Run("run", "--", "true").Expect(125);

        Assert.Contains("in no configured project and in no git repository", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_scratch.Home, ".wt-run")));
    }

    [Fact]
    public void A_worktree_where_there_is_no_repository_is_refused()
    {
        var directory = _scratch.Directory("plain");
        var config = _scratch.Write("other.toml", $"[projects.plain]\npath = \"{directory}\"\n");

        var run = new WtRun(_scratch, directory).Run("run", "--config", config, "--worktree", "--", "true").Expect(125);

        Assert.Contains("in no git repository", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(directory));
    }

    [Fact]
    public void A_repository_without_a_commit_is_refused_with_what_to_do()
    {
        var empty = new TestRepository(_scratch, "empty", empty: true);

        var run = empty.WtRun.Run("run", "--worktree", "--", "true").Expect(125);

        Assert.Contains("commit", run.Error, StringComparison.Ordinal);
        Assert.Contains("hint: ", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(empty[".worktrees"]));
    }

    [Fact]
    public void A_bare_repository_works()
    {
        var bare = _repository.AddBareRemote();

        var run = new WtRun(_scratch, bare).Run("run", "--worktree", "--json", "--", "sh", "-c", "echo x > new; git add new; git commit -qm New").Expect(0);

        Assert.Equal(MergeBackResult.Landed, run.Record.MergeBack?.Result);
        Assert.Equal("README\nnew\n", _scratch.Run(bare, "git", "ls-tree", "--name-only", "main").Expect(0).Output);
    }

    [Fact]
    public void Without_an_identity_a_run_works_and_the_one_that_is_used_is_named()
    {
        _scratch.Set("GIT_CONFIG_GLOBAL", _scratch.Write("empty", ""));
        _scratch.Set("EMAIL", null);

        var run = _repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", "echo x > new").Expect(0);

        var author = _repository.Git("log", "-1", "--format=%an <%ae>");
        Assert.Contains($"warning: git knows no user.name and user.email here; commits are made as {author}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_commands_a_terminal_does_not_reach_it()
    {
        const string Name = "\e[2Jevil";
        _repository.Commit(Name, "first\n");

        var run = _repository.WtRun.Run(
            "run", "--worktree", "--", "sh", "-c", $"echo theirs > '{Name}'; git commit -qam Theirs; cd {_repository.Path}; echo mine > '{Name}'; git commit -qam Mine").Expect(120);

        Assert.Contains("  ?[2Jevil\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', run.Error);
    }

    [Fact]
    public void A_git_that_is_too_old_is_refused_with_the_version_that_is_needed()
    {
        _scratch.Script("old/git", "for word; do if [ \"$word\" = version ]; then echo git version 2.20.1; exit; fi; done\nexec /usr/bin/git \"$@\"\n");
        _scratch.PutFirstInPath(_scratch.Path("old"));

        var run = _repository.WtRun.Run("run", "--worktree", "--", "true").Expect(125);

        Assert.Contains("git 2.20.1 is too old: wt-run needs git 2.38", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_repository[".worktrees"]));
    }

    [Fact]
    public void Without_git_it_says_so()
    {
        var sh = _scratch.Directory("only");
        File.CreateSymbolicLink(Path.Combine(sh, "true"), "/bin/true");
        _scratch.Set("PATH", sh);

        var run = _repository.WtRun.Run("run", "--", "true").Expect(125);

        Assert.Contains("git cannot be started", run.Error, StringComparison.Ordinal);
        Assert.Contains("Install git", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_of_a_git_hook_elsewhere_point_nothing_elsewhere()
    {
        var other = new TestRepository(_scratch, "other");
        var before = other.Refs;
        _scratch.Set("GIT_DIR", other[".git"]);
        _scratch.Set("GIT_WORK_TREE", other.Path);
        _scratch.Set("GIT_INDEX_FILE", other[".git/index"]);
        _scratch.Set("GIT_PREFIX", "");

        var run = _repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", "echo x > new; git add new; git commit -qm New").Expect(0);

        foreach (var name in (string[])["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"])
        {
            _scratch.Set(name, null);
        }

        Assert.Equal(MergeBackResult.Landed, run.Record.MergeBack?.Result);
        Assert.Equal("x\n", _repository.Read("new"));
        Assert.Equal(before, other.Refs);
        Assert.Equal("", other.Status);
        Assert.False(Directory.Exists(other[".git/wt-run"]));
    }

    [Fact]
    public void A_repository_that_may_not_be_written_is_told_by_its_path()
    {
        // Root may write everything, so this is somebody else.
        const string Nobody = "65534";
        string[] asNobody = ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups"];
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)0b111_101_101);
        _scratch.Set("GIT_CONFIG_GLOBAL", _scratch.Write("trusting", "[safe]\n\tdirectory = *\n"));

        var run = Environment.IsPrivilegedProcess
            ? _scratch.Run(_repository.Path, [.. asNobody, WtRun.Program, "run", "--worktree", "--", "true"])
            : RunWithoutPermission();

        run.Expect(125);
        Assert.Contains(_repository[".git"], run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Equal(["refs/heads/main"], _repository.Refs);
    }

    private Finished RunWithoutPermission()
    {
        File.SetUnixFileMode(_repository[".git"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return _repository.WtRun.Run("run", "--worktree", "--", "true");
    }
}
