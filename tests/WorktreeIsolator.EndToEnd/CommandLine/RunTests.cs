using System.Text.Json.Nodes;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.EndToEnd.CommandLine;

public sealed class RunTests : IDisposable
{
    private const string Commit = "echo hello > new; git add new; git commit -qm 'Add new'";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public RunTests() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void The_engine_s_output_goes_where_it_belongs_and_wt_run_s_own_words_to_standard_error()
    {
        var run = _repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", "printf out; echo err >&2; " + Commit).Expect(0);

        Assert.Equal("out", run.Output);
        Assert.Contains("\nerr\n", run.Error, StringComparison.Ordinal);
        Assert.Contains("landed on main: 1 file, 1 insertion, 0 deletions", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Quiet_leaves_only_the_engine_s_output()
    {
        var run = _repository.WtRun.Run("run", "--quiet", "--worktree", "--", "sh", "-c", "echo out; echo err >&2; " + Commit).Expect(0);

        Assert.Equal("out\n", run.Output);
        Assert.Equal("err\n", run.Error);
    }

    [Fact]
    public void Quiet_still_tells_a_failure()
    {
        var run = _repository.WtRun.Run("run", "--quiet", "--", "sh", "-c", "exit 3").Expect(3);

        Assert.Contains("the engine's exit code is 3", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_one_object_with_every_field_and_the_output_is_in_the_log()
    {
        var run = _repository.WtRun.Run("run", "--worktree", "--json", "--", "sh", "-c", "echo out; " + Commit).Expect(0);

        var record = run.Json.AsObject();
        string[] fields =
        [
            "version", "id", "project", "state", "trigger", "session", "isolation", "base", "branch", "worktree", "warm", "engine", "merge_back",
            "rescue_ref", "kept", "queue", "prepare_ms", "lock_held_ms", "log", "created_at", "started_at", "finished_at", "settled_at", "message", "hint",
        ];
        Assert.Empty(fields.Except(record.Select(field => field.Key)));
        AssertFields(record["trigger"], "kind", "id");
        AssertFields(record["isolation"], "kind", "reason");
        AssertFields(record["base"], "ref", "commit");
        AssertFields(record["engine"], "name", "command", "exit_code", "grace_ms");
        AssertFields(record["merge_back"], "policy", "result", "target", "commit", "conflicts");
        Assert.Equal("succeeded", (string?)record["state"]);
        Assert.Equal("user", (string?)record["trigger"]!["kind"]);
        Assert.Equal("worktree", (string?)record["isolation"]!["kind"]);
        Assert.Equal("landed", (string?)record["merge_back"]!["result"]);
        Assert.Equal(_repository.Head, (string?)record["merge_back"]!["commit"]);
        Assert.Equal("out\n", File.ReadAllText((string)record["log"]!));
        Assert.DoesNotContain("out\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 3", 3, RunState.Failed)]
    [InlineData("kill -9 $$", 137, RunState.Failed)]
    [InlineData("exit 120", 120, RunState.Failed)]
    public void The_engine_s_exit_code_is_passed_on(string script, int exitCode, RunState state)
    {
        var run = _repository.WtRun.Run("run", "--json", "--", "sh", "-c", script).Expect(exitCode);

        Assert.Equal(state, run.Record.State);
        Assert.Equal(exitCode, run.Record.Engine.ExitCode);
    }

    [Fact]
    public void An_engine_that_may_not_be_executed_is_126()
    {
        var file = _scratch.Write("not-executable", "#!/bin/sh\n");

        Assert.Contains($"chmod +x {file}\n", _repository.WtRun.Run("run", "--", file).Expect(126).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_takes_too_long_is_124()
    {
        var run = _repository.WtRun.Run("run", "--json", "--timeout", "300ms", "--", "sleep", "60").Expect(124);

        Assert.Equal(RunState.TimedOut, run.Record.State);
    }

    [Fact]
    public void Work_that_conflicts_is_120_and_says_how_to_see_and_land_it()
    {
        var run = _repository.WtRun.Run(
            "run", "--worktree", "--", "sh", "-c", $"echo theirs > README; git commit -qam Theirs; echo mine > {_repository.Path}/README; git -C {_repository.Path} commit -qam Mine").Expect(120);

        Assert.Contains("needs you: its work is not on main because it conflicts", run.Error, StringComparison.Ordinal);
        Assert.Contains("\n  README\n", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"hint: .*git log -p [0-9a-f]{12}\.\.wt/[0-9a-f]{12}\n", run.Error);
        Assert.Matches(@"hint: .*wt-run land [0-9a-f]{8,12}", run.Error);
    }

    [Fact]
    public void The_work_of_a_failed_run_is_kept_and_the_commands_that_reach_it_work()
    {
        var run = _repository.WtRun.Run("run", "--worktree", "--", "sh", "-c", Commit + "; exit 3").Expect(3);

        var see = run.Error.Split('\n').Single(line => line.Contains("git log -p", StringComparison.Ordinal)).Split("git ")[1];
        Assert.Contains("Add new", _repository.Git(see.Split(' ')), StringComparison.Ordinal);
        var land = run.Error.Split('\n').Single(line => line.Contains("wt-run land", StringComparison.Ordinal)).Split("wt-run ")[1];
        _repository.WtRun.Run(land.Split(' ')).Expect(0);
        Assert.Equal("hello\n", _repository.Read("new"));
    }

    [Fact]
    public void A_busy_directory_is_121_for_who_would_not_wait_and_123_for_who_waited_too_long()
    {
        var config = _scratch.Write("c.toml", $"[projects.p]\npath = \"{_repository.Path}\"\nconcurrent = false\n");
        using var holder = _repository.WtRun.Start("run", "p", "--config", config, "--", "sh", "-c", $"touch {_scratch.Path("up")}; sleep 60");
        Eventually.True(() => File.Exists(_scratch.Path("up")), "the first run works");

        var skipped = _repository.WtRun.Run("run", "p", "--config", config, "--json", "--if-busy", "skip", "--", "true").Expect(121);
        var waited = _repository.WtRun.Run("run", "p", "--config", config, "--json", "--wait-timeout", "100ms", "--", "true").Expect(123);

        Assert.Equal(RunState.Skipped, skipped.Record.State);
        Assert.Equal(RunState.Skipped, waited.Record.State);
        holder.Terminate();
        holder.Wait().Expect(122);
    }

    [Fact]
    public void A_prompt_of_a_mebibyte_reaches_the_engine_through_standard_input()
    {
        var prompt = string.Concat(Enumerable.Repeat("zwölf Zeichen", 100_000));

        _repository.WtRun.RunWithInput(prompt, "run", "--quiet", "--prompt", "-", "--", "sh", "-c", "cat > got").Expect(0);

        Assert.Equal(prompt, _repository.Read("got"));
    }

    [Fact]
    public void A_prompt_that_begins_with_a_dash_is_refused_where_it_would_be_an_option_and_taken_from_standard_input()
    {
        var config = _scratch.Write(
            "c.toml", "[engines.as-argument]\ncommand = [\"echo\", \"{prompt}\"]\n[engines.as-input]\ncommand = [\"cat\"]\n");

        var refused = _repository.WtRun.Run("run", "--config", config, "--engine", "as-argument", "--prompt", "--all").Expect(125);
        var taken = _repository.WtRun.Run("run", "--quiet", "--config", config, "--engine", "as-input", "--prompt", "--all").Expect(0);

        Assert.Contains("begins with '-'", refused.Error, StringComparison.Ordinal);
        Assert.Contains("standard input", refused.Error, StringComparison.Ordinal);
        Assert.Equal("--all", taken.Output);
    }

    [Fact]
    public void The_engine_is_the_one_that_is_named_nearest()
    {
        _repository.Write(
            "wt-run.toml",
            """
            default_engine = "of-all"
            [projects.a]
            path = "."
            default_engine = "of-project"
            [projects.b]
            path = "."
            [engines.of-all]
            command = ["echo", "all"]
            [engines.of-project]
            command = ["echo", "project"]
            [engines.of-flag]
            command = ["echo", "flag"]
            [engines.of-trigger]
            command = ["sh", "-c", "printf '%s:' \"$WT_RUN_TRIGGER\" \"$WT_RUN_TRIGGER_ID\"; cat"]
            [[triggers.crons]]
            id = "nightly"
            schedule = "0 2 * * *"
            project = "a"
            engine = "of-trigger"
            prompt = "Tidy up."
            """);

        Assert.Equal("all\n", Output("b"));
        Assert.Equal("project\n", Output("a"));
        Assert.Equal("flag\n", Output("a", "--engine", "of-flag"));
        Assert.Equal("command\n", Output("a", "--", "echo", "command"));
        Assert.Equal("cron:nightly:Tidy up.", Output("--trigger", "cron", "--trigger-id", "nightly"));
        Assert.Equal("cron:nightly:Else.", Output("--trigger", "cron", "--trigger-id", "nightly", "--prompt", "Else."));
        Assert.Equal("all\n", Output("b", "--trigger", "cron", "--trigger-id", "of-a-crontab"));

        string Output(params string[] arguments) => _repository.WtRun.Run(["run", "--quiet", .. arguments]).Expect(0).Output;
    }

    [Fact]
    public void A_cron_s_worktree_setting_holds_and_a_flag_beats_it()
    {
        _repository.Write(
            "wt-run.toml",
            """
            [projects.a]
            path = "."
            [engines.e]
            command = ["true"]
            [[triggers.crons]]
            id = "nightly"
            schedule = "0 2 * * *"
            project = "a"
            engine = "e"
            worktree = true
            """);
        string[] cron = ["run", "--json", "--trigger", "cron", "--trigger-id", "nightly"];

        Assert.Equal("worktree", _repository.WtRun.Run(cron).Expect(0).Record.Isolation.Kind);
        Assert.Equal("in_place", _repository.WtRun.Run([.. cron, "--no-worktree"]).Expect(0).Record.Isolation.Kind);
    }

    [Fact]
    public void A_run_takes_the_base_branch_and_policy_that_are_asked_for()
    {
        _repository.Git("branch", "stable");
        _repository.Commit("later", "later\n");

        var run = _repository.WtRun.Run(
            "run", "--worktree", "--json", "--base", "stable", "--branch", "try-it", "--merge-back", "branch", "--", "sh", "-c", Commit).Expect(0);

        Assert.Equal("stable", run.Record.Base?.Ref);
        Assert.Equal("try-it", run.Record.Branch);
        Assert.Equal(MergeBackResult.Kept, run.Record.MergeBack?.Result);
        Assert.Equal("README\nnew", _repository.Git("ls-tree", "--name-only", "try-it"));
    }

    [Fact]
    public void A_reader_that_has_gone_does_not_end_the_run()
    {
        var run = _scratch.Run(
            _repository.Path, "sh", "-c", $"'{WtRun.Program}' run --worktree -- sh -c 'yes | head -n 100000; {Commit.Replace("'", "", StringComparison.Ordinal).Replace("-qm Add new", "-qm New", StringComparison.Ordinal)}' | head -n 1").Expect(0);

        Assert.Equal("y\n", run.Output);
        Eventually.True(() => File.Exists(_repository["new"]), "the work has landed");
    }

    private static void AssertFields(JsonNode? node, params string[] fields) =>
        Assert.Equal(fields, node!.AsObject().Select(field => field.Key));
}
