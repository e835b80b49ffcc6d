using WorktreeIsolator.Configuration;
using WorktreeIsolator.Platform;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public sealed class ProjectSelectionTests : IDisposable
{
    private readonly TemporaryTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void The_name_decides_wherever_one_is()
    {
        var file = File(("outer", "repo"), ("other", "elsewhere"));
        Assert.Equal("other", ProjectSelection.Select(file, "other", _tree.Directory("repo"), _tree.At("repo")).Name);
    }

    [Fact]
    public void Without_a_name_the_deepest_project_around_the_current_directory_is_meant()
    {
        var file = File(("outer", "repo"), ("inner", "repo/packages/a"), ("other", "repo/packages/ab"));
        Assert.Equal("inner", Selected(file, "repo/packages/a/src"));
        Assert.Equal("outer", Selected(file, "repo/packages/abc"));
        Assert.Equal("outer", Selected(file, "repo"));
    }

    [Fact]
    public void A_symlink_to_a_project_is_the_project()
    {
        var file = File(("scout", "link"));
        _ = _tree.Directory("repo/src");
        System.IO.File.CreateSymbolicLink(_tree.At("link"), "repo");
        Assert.Equal("scout", Selected(file, "repo/src"));
        Assert.Equal("scout", Selected(File(("scout", "repo")), "link/src"));
    }

    [Fact]
    public void Of_projects_in_one_directory_the_default_is_meant_else_the_first()
    {
        var file = File(("one", "repo"), ("two", "repo"), ("three", "repo"));
        Assert.Equal("one", Selected(file, "repo"));
        Assert.Equal("two", Selected(file with { DefaultProject = "two" }, "repo"));
    }

    [Fact]
    public void A_repository_that_is_no_project_gets_the_defaults()
    {
        var file = File(("other", "elsewhere")) with { DefaultProject = "other" };
        var project = ProjectSelection.Select(file, null, _tree.Directory("repo/src"), _tree.At("repo") + "/");
        Assert.Equal(("repo", _tree.At("repo"), ".worktrees"), (project.Name, project.Path, project.WorktreesDir));
    }

    [Fact]
    public void Outside_of_any_repository_the_default_project_is_meant()
    {
        var file = File(("other", "elsewhere")) with { DefaultProject = "other" };
        Assert.Equal("other", ProjectSelection.Select(file, null, _tree.At(""), null).Name);
    }

    [Fact]
    public void If_nothing_says_which_project_is_meant_the_error_names_them()
    {
        var file = File(("one", "a"), ("two", "b"));
        var error = Assert.Throws<WorktreeIsolatorException>(() => ProjectSelection.Select(file, null, _tree.At(""), null));
        Assert.Equal((FailureKind.Configuration, "Name one of the projects: 'one', 'two'."), (error.Kind, error.Hint));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_a_suggestion_and_the_known_names()
    {
        var file = File(("scout", "a"), ("api", "b"));
        var error = Assert.Throws<WorktreeIsolatorException>(() => ProjectSelection.Select(file, "scuot", _tree.At(""), null));
        Assert.Equal((FailureKind.Usage, "Did you mean 'scout'? The projects are 'scout', 'api'."), (error.Kind, error.Hint));
        Assert.Contains("There is no project 'scuot'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_without_any_project_says_that_there_are_none()
    {
        var error = Assert.Throws<WorktreeIsolatorException>(() => ProjectSelection.Select(ConfigFile.Defaults, "x", _tree.At(""), null));
        Assert.Contains("no configuration file was found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Symlinks_in_a_circle_stay_as_they_are_written()
    {
        System.IO.File.CreateSymbolicLink(_tree.At("a"), "b");
        System.IO.File.CreateSymbolicLink(_tree.At("b"), "a");
        Assert.EndsWith("/x", CanonicalPath.Of(_tree.At("a/x")), StringComparison.Ordinal);
        Assert.Equal(_tree.At("c/y"), CanonicalPath.Of(_tree.At("c/./x/../y")));
    }

    private string Selected(ConfigFile file, string directory) =>
        ProjectSelection.Select(file, null, _tree.Directory(directory), _tree.At("repo")).Name;

    private ConfigFile File(params (string Name, string Path)[] projects) => ConfigFile.Defaults with
    {
        Path = _tree.At("wt-run.toml"),
        Projects = projects.ToDictionary(p => p.Name, p => new ProjectConfig { Name = p.Name, Path = _tree.At(p.Path) }, StringComparer.Ordinal),
    };
}
