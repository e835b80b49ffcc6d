using WorktreeIsolator.EndToEnd.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class CompletionTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public CompletionTests()
    {
        _repository = new TestRepository(_scratch);
        _repository.Write("wt-run.toml", "[projects.scout]\npath = \".\"\n[engines.mine]\ncommand = [\"true\"]\n");
        _scratch.PutFirstInPath(Path.GetDirectoryName(WtRun.Program)!);
    }

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("wt-run sh", "show")]
    [InlineData("wt-run comp", "completion")]
    [InlineData("wt-run run --wo", "--worktree")]
    [InlineData("wt-run run --det", "--detach")]
    [InlineData("wt-run land --al", "--all")]
    [InlineData("wt-run list --wa", "--watch")]
    [InlineData("wt-run run sc", "scout")]
    [InlineData("wt-run run --engine mi", "mine")]
    [InlineData("wt-run run --engine = mi", "mine")]
    [InlineData("wt-run run --trigger we", "webhook")]
    [InlineData("wt-run run --config wt-r", "wt-run.toml")]
    [InlineData("wt-run run -- setp", "setpriv")]
    [InlineData("wt-run run -- cat REA", "README")]
    [InlineData("wt-run completion f", "fish")]
    [InlineData("wt-run nonsense x", "")]
    public void Bash_completes(string line, string expected) => Assert.Equal(expected, Bash(line));

    [Fact]
    public void Bash_completes_every_command_and_the_ids_of_runs()
    {
        var id = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record.Id;

        Assert.Equal(id, Bash($"wt-run show {id[..3]}"));
        _repository.RunInSession("my-chat", "true").Expect(0);
        Assert.Equal("my-chat", Bash("wt-run land my"));
        Assert.Equal("my-chat", Bash("wt-run run --session my"));
        Assert.Equal(
            "run list show logs cancel land drop prune check doctor init completion --config --help --version".Split(' ').Order(StringComparer.Ordinal),
            Bash("wt-run ").Split('\n').Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("zsh", "#compdef wt-run")]
    [InlineData("fish", "complete -c wt-run")]
    public void The_scripts_of_other_shells_ask_the_same_question(string shell, string part)
    {
        var script = _repository.WtRun.Run("completion", shell).Expect(0).Output;

        Assert.Contains(part, script, StringComparison.Ordinal);
        Assert.Contains("wt-run __complete -- ", script, StringComparison.Ordinal);
    }

    /// <summary>What bash would offer, one candidate a line.</summary>
    private string Bash(string line)
    {
        const string Ask = """
            source <(wt-run completion bash)
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            $(complete -p wt-run | sed 's/.*-F \([^ ]*\) .*/\1/')
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        return _scratch.Run(_repository.Path, ["bash", "-c", Ask, "bash", .. line.Split(' ')]).Expect(0).Output.TrimEnd('\n');
    }
}
