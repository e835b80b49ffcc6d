using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class ConfigurationTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public ConfigurationTests() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_nearest_file_counts_and_no_two_are_merged()
    {
        _scratch.Write("home/.config/wt-run/wt-run.toml", Project("of-user"));
        Assert.Equal("of-user", ProjectOf());
        _repository.Write("wt-run.toml", Project("of-top"));
        Assert.Equal("of-top", ProjectOf());
        _repository.Write("sub/wt-run.toml", Project("of-sub"));
        _repository.Write("sub/deep/file", "");
        Assert.Equal("of-sub", ProjectOf("sub/deep"));
        _scratch.Set("WT_RUN_CONFIG", _scratch.Write("variable.toml", Project("of-variable")));
        Assert.Equal("of-variable", ProjectOf("sub/deep"));
        Assert.Equal("of-flag", ProjectOf("sub/deep", "--config", _scratch.Write("flag.toml", Project("of-flag"))));

        string Project(string name) => $"[projects.{name}]\npath = \"{_repository.Path}\"\n";
    }

    [Fact]
    public void A_file_above_the_repository_does_not_count()
    {
        _scratch.Write("wt-run.toml", $"[projects.above]\npath = \"{_repository.Path}\"\n");

        Assert.Equal("repo", ProjectOf());
    }

    [Fact]
    public void In_the_worktree_of_a_run_the_file_is_not_looked_for()
    {
        _repository.Commit("wt-run.toml", "[projects.committed]\npath = \".\"\n");

        var run = _repository.WtRun.Run("run", "--quiet", "--worktree", "--", WtRun.Program, "run", "--json", "--", "true").Expect(0);

        Assert.NotEqual("committed", run.Record.Project);
    }

    [Fact]
    public void A_wrong_file_is_refused_whole_with_every_mistake_in_its_place()
    {
        _repository.Write("wt-run.toml", "[projects.a]\npath = \".\"\nconcurent = false\nfetch = \"maybe\"\n");

        var check = _repository.WtRun.Run("check").Expect(1);
        var run = _repository.WtRun.Run("run", "--", "true").Expect(125);
        var list = _repository.WtRun.Run("list").Expect(1);

        foreach (var told in (string[])[check.Error, run.Error, list.Error])
        {
            Assert.Contains($"{_repository["wt-run.toml"]}:3:1: ", told, StringComparison.Ordinal);
            Assert.Contains("'concurrent'", told, StringComparison.Ordinal);
            Assert.Contains($"{_repository["wt-run.toml"]}:4:9: ", told, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(_repository[".git/wt-run"]));
    }

    [Theory]
    [InlineData(".", "is the repository itself")]
    [InlineData("..", "an ancestor of the repository")]
    [InlineData(".git/worktrees-of-runs", "lies inside '.git'")]
    [InlineData("link/x", "a symbolic link leads it")]
    public void A_worktrees_dir_that_would_do_harm_is_refused_by_check_and_by_run(string setting, string why)
    {
        File.CreateSymbolicLink(_repository["link"], _scratch.Directory("elsewhere"));
        var config = _scratch.Write("c.toml", $"[projects.a]\npath = \"{_repository.Path}\"\nworktrees_dir = \"{setting}\"\n");

        var check = _repository.WtRun.Run("check", "--config", config).Expect(1);
        var run = _repository.WtRun.Run("run", "a", "--config", config, "--worktree", "--", "true").Expect(125);

        Assert.Contains(why, check.Error, StringComparison.Ordinal);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData("../beside.worktrees")]
    [InlineData("ABSOLUTE")]
    [InlineData("below/it")]
    public void Any_other_worktrees_dir_is_used(string setting)
    {
        var directory = setting == "ABSOLUTE" ? _scratch.Path("absolute") : Path.GetFullPath(setting, _repository.Path);
        var written = setting == "ABSOLUTE" ? directory : setting;
        var config = _scratch.Write("c.toml", $"[projects.a]\npath = \"{_repository.Path}\"\nworktrees_dir = \"{written}\"\n");

        _repository.WtRun.Run("check", "--config", config).Expect(0);
        var run = _repository.WtRun.Run("run", "a", "--config", config, "--json", "--worktree", "--", "true").Expect(0);

        Assert.Equal(directory, Path.GetDirectoryName(run.Record.Worktree));
        Assert.Equal("", _repository.Status);
    }

    [Fact]
    public void Check_finds_missing_directories_bases_and_programs_and_a_secret_that_is_tracked()
    {
        _repository.Commit(
            "wt-run.toml",
            $$"""
            [projects.gone]
            path = "{{_scratch.Path("gone")}}"
            [projects.here]
            path = "."
            worktree_base = "mian"
            [engines.mine]
            command = ["no-such-program-here"]
            [[triggers.webhooks]]
            id = "push"
            path = "/hooks/push"
            secret = "0123456789abcdef0123456789abcdef"
            project = "here"
            engine = "mine"
            """);

        var check = _repository.WtRun.Run("check").Expect(1);

        Assert.Contains($"[projects.gone]: path: the directory '{_scratch.Path("gone")}' does not exist", check.Error, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'main'?", check.Error, StringComparison.Ordinal);
        Assert.Contains("[engines.mine]: warning: The command 'no-such-program-here' was not found", check.Error, StringComparison.Ordinal);
        Assert.Contains("wt-run.toml:11:10: warning: The file holds a secret and is tracked by git", check.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", check.Error, StringComparison.Ordinal);
        Assert.Contains("[[triggers.webhooks]]: warning: nothing listens", check.Error, StringComparison.Ordinal);
        var findings = _repository.WtRun.Run("check", "--json").Expect(1).Json["findings"]!.AsArray();
        Assert.Equal(["error", "error", "warning", "warning", "warning"], findings.Select(f => (string?)f!["severity"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Keys_that_have_no_effect_yet_are_named_by_check_and_by_the_run_that_they_concern()
    {
        _repository.Write("wt-run.toml", """
            [projects.here]
            path = "."
            [projects.here.pool]
            size = 2
            """);

        Assert.Contains("[projects.here]: warning: pool: without effect", _repository.WtRun.Run("check").Expect(0).Error, StringComparison.Ordinal);
        Assert.Contains("wt-run: pool.", _repository.WtRun.Run("run", "--", "true").Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_trigger_id_is_doubted_and_a_new_one_is_not()
    {
        _repository.Write("wt-run.toml", """
            [projects.here]
            path = "."
            [engines.mine]
            command = ["true"]
            [[triggers.crons]]
            id = "nightly"
            schedule = "0 2 * * *"
            project = "here"
            engine = "mine"
            """);

        var misspelt = _repository.WtRun.Run("run", "here", "--trigger", "cron", "--trigger-id", "nigthly", "--", "true").Expect(0);
        var other = _repository.WtRun.Run("run", "here", "--trigger", "cron", "--trigger-id", "backup", "--", "true").Expect(0);

        Assert.Contains("did you mean 'nightly'?", misspelt.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("did you mean", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Init_writes_a_file_that_is_right_and_never_overwrites_one()
    {
        Assert.Contains(_repository["wt-run.toml"], _repository.WtRun.Run("init").Expect(0).Output, StringComparison.Ordinal);
        _repository.WtRun.Run("check").Expect(0);
        var written = _repository.Read("wt-run.toml");

        var again = _repository.WtRun.Run("init").Expect(1);

        Assert.Contains("exists already", again.Error, StringComparison.Ordinal);
        Assert.Equal(written, _repository.Read("wt-run.toml"));
        Assert.Equal("repo", ProjectOf());
    }

    [Fact]
    public void Every_line_that_init_comments_out_is_right_too()
    {
        _repository.WtRun.Run("init").Expect(0);
        var lines = _repository.Read("wt-run.toml").Split('\n')
            .Select(line => line.StartsWith("# ", StringComparison.Ordinal) && (line.Contains(" = ", StringComparison.Ordinal) || line.StartsWith("# [", StringComparison.Ordinal)) ? line[2..] : line);
        _repository.Write("wt-run.toml", string.Join('\n', lines));

        var check = _repository.WtRun.Run("check").Expect(0);

        Assert.Contains("is right", check.Output, StringComparison.Ordinal);
    }

    private string ProjectOf(string directory = "", params string[] flags) =>
        new WtRun(_scratch, _repository[directory]).Run(["run", "--json", .. flags, "--", "true"]).Expect(0).Record.Project;
}
