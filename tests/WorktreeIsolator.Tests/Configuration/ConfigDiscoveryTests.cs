using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public sealed class ConfigDiscoveryTests : IDisposable
{
    private readonly TemporaryTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void The_flag_comes_before_all_others_and_is_relative_to_the_current_directory()
    {
        var wanted = _tree.File("repo/sub/other.toml");
        _tree.File("repo/sub/wt-run.toml");
        Assert.Equal(wanted, ConfigDiscovery.Find(Places() with { Flag = "other.toml", Variable = _tree.File("v.toml") }));
    }

    [Fact]
    public void The_variable_comes_before_the_directories_and_may_begin_with_a_tilde()
    {
        var wanted = _tree.File("home/mine.toml");
        _tree.File("repo/sub/wt-run.toml");
        Assert.Equal(wanted, ConfigDiscovery.Find(Places() with { Variable = "~/mine.toml" }));
    }

    [Fact]
    public void The_nearest_file_up_to_the_top_of_the_repository_counts()
    {
        _tree.File("wt-run.toml");
        Assert.Null(ConfigDiscovery.Find(Places()));
        var top = _tree.File("repo/wt-run.toml");
        Assert.Equal(top, ConfigDiscovery.Find(Places()));
        var near = _tree.File("repo/sub/wt-run.toml");
        Assert.Equal(near, ConfigDiscovery.Find(Places() with { Variable = "" }));
    }

    [Fact]
    public void The_way_up_is_found_through_a_symlink_to_the_repository()
    {
        var wanted = _tree.File("repo/wt-run.toml");
        File.CreateSymbolicLink(_tree.At("link"), _tree.At("repo"));
        Assert.Equal(wanted, ConfigDiscovery.Find(Places() with { CurrentDirectory = _tree.At("link/sub") }));
    }

    [Fact]
    public void Outside_of_a_repository_only_the_current_directory_is_looked_at()
    {
        _tree.File("repo/wt-run.toml");
        Assert.Null(ConfigDiscovery.Find(Places() with { RepositoryTop = null }));
        var here = _tree.File("repo/sub/wt-run.toml");
        Assert.Equal(here, ConfigDiscovery.Find(Places() with { RepositoryTop = null }));
    }

    [Fact]
    public void The_worktree_of_a_run_never_brings_its_own_configuration()
    {
        _tree.File("repo/sub/wt-run.toml");
        Assert.Null(ConfigDiscovery.Find(Places() with { InRunWorktree = true }));
    }

    [Fact]
    public void The_users_own_file_comes_last_and_a_relative_XDG_directory_is_ignored()
    {
        var standard = _tree.File("home/.config/wt-run/wt-run.toml");
        Assert.Equal(standard, ConfigDiscovery.Find(Places()));
        Assert.Equal(standard, ConfigDiscovery.Find(Places() with { XdgConfigHome = "" }));
        Assert.Equal(standard, ConfigDiscovery.Find(Places() with { XdgConfigHome = "relative" }));
        var own = _tree.File("xdg/wt-run/wt-run.toml");
        Assert.Equal(own, ConfigDiscovery.Find(Places() with { XdgConfigHome = _tree.At("xdg") }));
    }

    [Theory]
    [InlineData("missing.toml", null, "'missing.toml' that --config names does not exist")]
    [InlineData("", null, "--config names no configuration file")]
    [InlineData(".", null, "'.' that --config names is a directory")]
    [InlineData(null, "missing.toml", "'missing.toml' that $WT_RUN_CONFIG names does not exist")]
    public void A_file_that_is_named_must_exist(string? flag, string? variable, string message)
    {
        var error = Assert.Throws<WorktreeIsolatorException>(() => ConfigDiscovery.Find(Places() with { Flag = flag, Variable = variable }));
        Assert.Equal(FailureKind.Configuration, error.Kind);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private ConfigPlaces Places() => new()
    {
        CurrentDirectory = _tree.Directory("repo/sub"),
        RepositoryTop = _tree.At("repo"),
        HomeDirectory = _tree.Directory("home"),
    };
}
