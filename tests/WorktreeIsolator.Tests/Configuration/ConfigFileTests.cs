using System.Text;
using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class ConfigFileTests
{
    [Fact]
    public void Without_a_file_there_are_the_presets_and_nothing_else()
    {
        var defaults = ConfigFile.Defaults;
        Assert.Null(defaults.Path);
        Assert.Equal(["claude", "codex"], defaults.Engines.Keys);
        Assert.Equal(["claude", "-p"], defaults.Engines["claude"].Command);
        Assert.Equal(["codex", "exec", "-"], defaults.Engines["codex"].Command);
        Assert.Empty(defaults.Projects);
        Assert.Empty(defaults.Triggers.Crons);
    }

    [Fact]
    public void An_empty_file_means_the_defaults()
    {
        var file = Parsed.From("");
        Assert.Equal(Parsed.File, file.Path);
        Assert.Equal(ConfigFile.Defaults.Engines, file.Engines);
        Assert.Equal(new HostConfig(), file.Host);
        Assert.Equal(new RetentionConfig(), file.Retention);
        Assert.True(file.Triggers.Enabled);
        Assert.Empty(file.Warnings);
    }

    [Fact]
    public void A_project_with_a_path_only_has_every_default()
    {
        var read = Parsed.Project("");
        var made = new ProjectConfig { Name = "scout", Path = "/srv/conf/scout" };
        Assert.Equal(made with { Pool = read.Pool, KeepProcesses = read.KeepProcesses }, read);
        Assert.Equal(made.KeepProcesses, read.KeepProcesses);
        Assert.Equal((".worktrees", "origin", 8, 100L << 20), (read.WorktreesDir, read.PushRemote, read.MaxWorktrees, read.RescueLimit));
        Assert.Equal((MergeBackPolicy.Merge, MergeStyle.Merge, FetchMode.Auto), (read.MergeBack, read.MergeStyle, read.Fetch));
    }

    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/a/b/", "/a/b")]
    [InlineData("b", "/srv/conf/b")]
    [InlineData("../b/.", "/srv/b")]
    [InlineData("~", "/home/kim")]
    [InlineData("~/code/scout", "/home/kim/code/scout")]
    [InlineData("/", "/")]
    public void A_path_is_relative_to_the_file_and_the_tilde_is_the_home_directory(string written, string path) =>
        Assert.Equal(path, Parsed.From($"[projects.x]\npath = '{written}'").Projects["x"].Path);

    [Theory]
    [InlineData("../scout.worktrees", "../scout.worktrees")]
    [InlineData("/var/tmp/trees", "/var/tmp/trees")]
    [InlineData("~/trees", "/home/kim/trees")]
    [InlineData("a/../b", "a/../b")]
    [InlineData("/srv/conf/scout/.trees", "/srv/conf/scout/.trees")]
    [InlineData(".github/trees", ".github/trees")]
    public void The_directory_of_worktrees_stays_as_written_but_for_the_tilde(string written, string read) =>
        Assert.Equal(read, Parsed.Project($"worktrees_dir = '{written}'").WorktreesDir);

    [Fact]
    public void A_preset_is_changed_key_by_key_and_other_engines_are_added()
    {
        var file = Parsed.From(
            """
            [engines.claude]
            timeout = "30m"
            lock = "session.lock"
            [engines.other]
            command = ["other", "{prompt}"]
            env = { A_TOKEN = "" }
            """);
        Assert.Equal(["claude", "codex", "other"], file.Engines.Keys);
        Assert.Equal(["claude", "-p"], file.Engines["claude"].Command);
        Assert.Equal(TimeSpan.FromMinutes(30), file.Engines["claude"].Timeout);
        Assert.Equal("/srv/conf/session.lock", file.Engines["claude"].Lock);
        Assert.Null(file.Engines["other"].Timeout);
        Assert.Equal("", file.Engines["other"].Env["A_TOKEN"]);
        Assert.Null(ConfigFile.Defaults.Engines["claude"].Timeout);
    }

    [Fact]
    public void A_trigger_takes_project_and_engine_from_the_nearest_default()
    {
        var file = Parsed.From(
            """
            default_project = "b"
            default_engine = "claude"
            projects.a = { path = "a", default_engine = "codex" }
            projects.b.path = "b"
            [[triggers.crons]]
            id = "one"
            schedule = "0 2 * * *"
            [[triggers.crons]]
            id = "two"
            schedule = "0 2 * * *"
            project = "a"
            """);
        Assert.Equal([("b", "claude"), ("a", "codex")], file.Triggers.Crons.Select(c => (c.Project, c.Engine)));
    }

    [Fact]
    public void Every_mistake_is_told_at_once_in_the_order_of_the_file()
    {
        var error = Assert.Throws<ConfigException>(() => Parsed.From(
            """
            default_engine = "cluade"
            [[triggers.crons]]
            id = "n"
            schedule = "x"
            [projects.scout]
            path = 1
            worktree_dir = "."
            """));
        Assert.Equal([(1, 18), (2, 1), (4, 12), (6, 8), (7, 1)], error.Mistakes.Select(m => (m.Line, m.Column)));
        Assert.Equal(string.Join('\n', error.Mistakes), error.Message);
        Assert.StartsWith("/srv/conf/wt-run.toml:1:18: 'default_engine' at the top", error.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.Configuration, error.Kind);
    }

    [Fact]
    public void After_a_syntax_error_nothing_else_is_told() =>
        Parsed.IsRefused("nonsense = 1\nhost = { backlog = -1 }\n[", 3, 2, "a key is expected instead of the end of the file");

    [Fact]
    public void What_has_no_effect_is_a_warning()
    {
        var file = Parsed.From("[engines.claude]\nlock_timeout = '1m'\ntimeout = '5m'\nidle_timeout = '5m'");
        Assert.Equal(
            ["/srv/conf/wt-run.toml:2:16: 'lock_timeout' in [engines.claude] has no effect without 'lock'",
             "/srv/conf/wt-run.toml:4:16: 'idle_timeout' in [engines.claude] has no effect: 'timeout' is not longer"],
            file.Warnings.Select(w => w.ToString()));
    }

    [Theory]
    [InlineData("\"\\u001b[31m\" = 1", "unknown key '\\u001B[31m'")]
    [InlineData("\"a\\nb\" = 1\n\"a\\nb\" = 2", "'a\\u000Ab' is set twice")]
    public void Control_characters_of_the_file_do_not_reach_a_message(string toml, string message)
    {
        var mistake = Assert.Single(Parsed.Mistakes(toml));
        Assert.Contains(message, mistake.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(mistake.Message, char.IsControl);
    }

    [Theory]
    [InlineData("Europe")]
    [InlineData("europe/berlin")]
    [InlineData("tzdata")]
    public void What_is_no_zone_is_refused_even_if_there_is_a_file_or_directory_of_that_name(string name)
    {
        if (Directory.Exists("/usr/share/zoneinfo"))
        {
            Assert.Single(Parsed.Mistakes($"[triggers]\ndefault_timezone = '{name}'"));
        }
    }

    [Fact]
    public void Two_projects_may_share_a_path() =>
        Assert.Equal(2, Parsed.From("projects.a.path = 'x'\nprojects.b.path = 'x'").Projects.Count);

    [Fact]
    public void A_time_zone_that_does_not_exist_is_refused_where_the_system_knows_time_zones()
    {
        const string Toml = "[triggers]\ndefault_timezone = 'Europe/Berlim'";
        if (Directory.Exists("/usr/share/zoneinfo"))
        {
            Parsed.IsRefused(Toml, 2, 20, "is not a time zone that this system knows; did you mean 'Europe/Berlin'?");
        }
        else
        {
            Assert.Equal("Europe/Berlim", Parsed.From(Toml).Triggers.DefaultTimezone);
        }
    }

    [Fact]
    public void A_file_is_read_from_disk_whole_however_long_it_is()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            var text = new StringBuilder().Insert(0, "# padding\n", 20_000).Append("[host]\nbacklog = 7").ToString();
            File.WriteAllText(path, text);
            Assert.Equal(7, ConfigFile.Load(path, Parsed.Home).Host.Backlog);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("/nonexistent/wt-run.toml", "it does not exist")]
    [InlineData("/", "it is a directory")]
    [InlineData("/dev/zero", "it is larger than")]
    public void A_file_that_cannot_be_read_is_a_configuration_error(string path, string why)
    {
        var error = Assert.Throws<WorktreeIsolatorException>(() => ConfigFile.Load(path, Parsed.Home));
        Assert.Equal(FailureKind.Configuration, error.Kind);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }
}
