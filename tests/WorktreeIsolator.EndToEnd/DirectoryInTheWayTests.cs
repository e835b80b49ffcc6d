using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary>Every command ends with one message that names the path and what helps; once that is done, all is as it was.</summary>
public sealed class Something_else_in_the_place_of_a_directory_of_ours : IDisposable
{
    private const string Nobody = "65534";

    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public Something_else_in_the_place_of_a_directory_of_ours() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("", "file")]
    [InlineData("", "link")]
    [InlineData("runs", "file")]
    [InlineData("runs", "link")]
    [InlineData("active", "file")]
    [InlineData("queue", "file")]
    [InlineData("sessions", "file")]
    [InlineData("turns", "link")]
    public void Is_told_by_every_command_where_it_is_in_the_state_directory(string part, string kind)
    {
        var failed = _repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record;
        var path = Path.Combine(_repository[".git/wt-run"], part).TrimEnd('/');
        var before = RepositoryState.Of(_repository);
        Replace(path, kind);

        foreach (var command in new[] { "run -- true", "run --worktree -- true", "run --session chat -- true" })
        {
            AssertTold(_repository.WtRun.Run(command.Split(' ')).Expect(125), path, kind);
        }

        foreach (var command in new[] { "list", $"show {failed.Id}", $"logs {failed.Id}", $"cancel {failed.Id}", $"land {failed.Id}", $"drop {failed.Id}", "prune" })
        {
            AssertTold(_repository.WtRun.Run(command.Split(' ')).Expect(1), path, kind);
        }

        var problem = Assert.Single(_repository.WtRun.Run("doctor").Expect(1).Output.Split('\n'), line => line.StartsWith("problem", StringComparison.Ordinal));
        Assert.StartsWith($"problem  repo: state: {WhatIsWrong(path, kind)}", problem, StringComparison.Ordinal);
        PutBack(path);
        Assert.Equal(before, RepositoryState.Of(_repository));
        _repository.WtRun.Run("land", failed.Id).Expect(0);
    }

    [Theory]
    [InlineData(".worktrees")]
    [InlineData(".worktrees/.trash")]
    public void Is_told_by_those_that_need_it_where_worktrees_are_made(string part)
    {
        var failed = _repository.RunInWorktree("echo work > work; exit 3").Expect(3).Record;
        var path = _repository[part];
        Eventually.True(() => RepositoryState.Names(_repository[".worktrees/.trash"]).Count == 0, "what was removed is deleted");
        Replace(path, "file");

        foreach (var where in new[] { "--worktree", "--session=new" })
        {
            var run = _repository.WtRun.Run("run", where, "--json", "--", "true").Expect(125).Record;
            Assert.Equal((RunState.Failed, WhatIsWrong(path, "file"), $"Move it away:\nmv '{path}' '{path}.aside'"), (run.State, run.Message, run.Hint));
        }

        Assert.StartsWith("problem  repo: worktrees_dir: " + WhatIsWrong(path, "file"), _repository.WtRun.Run("doctor").Expect(1).Output.Split('\n').Single(line => line.StartsWith("problem", StringComparison.Ordinal)), StringComparison.Ordinal);
        AssertTold(_repository.WtRun.Run("land", failed.Id).Expect(1), path, "file");
        PutBack(path);
        _repository.WtRun.Run("land", failed.Id).Expect(0);
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Fact]
    public void Leaves_a_worktree_that_cannot_be_taken_away_to_prune_which_says_why_it_cannot_either()
    {
        var path = _repository[".worktrees/.trash"];

        var landed = _repository.RunInWorktree($"{EngineScript.Commit("work")}; rm -rf '{path}'; printf 'mine\\n' > '{path}'").Expect(0);

        Assert.Equal(MergeBackResult.Landed, landed.Record.MergeBack?.Result);
        Assert.Contains(WhatIsWrong(path, "file"), landed.Error, StringComparison.Ordinal);
        Assert.Contains(WhatIsWrong(path, "file"), Assert.Single(_repository.Prune(), item => item.StartsWith("left worktree", StringComparison.Ordinal)), StringComparison.Ordinal);
        PutBack(path);
        _ = _repository.Prune();
        Assert.Equal([_repository.Path], _repository.Worktrees);
        Assert.Equal(["main"], _repository.Branches);
    }

    [Theory]
    [InlineData(".wt-run")]
    [InlineData(".wt-run/runs")]
    public void Is_told_in_a_project_without_git_too(string part)
    {
        var project = _scratch.Directory("plain");
        _scratch.Write("plain/wt-run.toml", "[projects.plain]\npath = \".\"\n");
        var wtRun = new WtRun(_scratch, project);
        var record = wtRun.Run("run", "plain", "--json", "--", "true").Expect(0).Record;
        var path = Path.Combine(project, part);
        Replace(path, "file");

        AssertTold(wtRun.Run("run", "plain", "--", "true").Expect(125), path, "file");
        AssertTold(wtRun.Run("list").Expect(1), path, "file");
        AssertTold(wtRun.Run("show", record.Id).Expect(1), path, "file");
        AssertTold(wtRun.Run("prune").Expect(1), path, "file");
        Assert.Contains(WhatIsWrong(path, "file"), wtRun.Run("doctor").Expect(1).Output, StringComparison.Ordinal);
        PutBack(path);
        Assert.Equal(RunState.Succeeded, wtRun.Run("show", record.Id, "--json").Expect(0).Record.State);
    }

    [Theory]
    [InlineData(".git/wt-run")]
    [InlineData(".git/wt-run/runs")]
    public void Is_told_where_it_is_one_that_this_user_may_not_read(string part)
    {
        var record = _repository.RunInWorktree("true").Expect(0).Record;
        var path = _repository[part];
        var user = WhoMayNotReadAll();
        File.SetUnixFileMode(path, UnixFileMode.None);
        foreach (var (command, exitCode) in new[] { ("run -- true", 125), ("list", 1), ($"show {record.Id}", 1), ("prune", 1), ("doctor", 1) })
        {
            var told = _scratch.Run(_repository.Path, [.. user, WtRun.Program, .. command.Split(' ')]).Expect(exitCode);
            Assert.Contains($"The directory '{path}' may not be read by this user.", told.Error + told.Output, StringComparison.Ordinal);
        }

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains(record.Id, _scratch.Run(_repository.Path, [.. user, WtRun.Program, "list"]).Expect(0).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("runs")]
    [InlineData("active")]
    [InlineData("queue")]
    [InlineData("queue/session-chat")]
    public void Is_told_where_it_is_one_that_this_user_may_not_write(string part)
    {
        _repository.RunInSession("chat", "true").Expect(0);
        var path = Path.Combine(_repository[".git/wt-run"], part).TrimEnd('/');
        var user = WhoMayNotReadAll();
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0b101_101_101);

        foreach (var (command, exitCode) in new[] { ("run -- true", 125), ("run --worktree -- true", 125), ("doctor", 1) })
        {
            var told = As(user, command.Split(' ')).Expect(exitCode);
            Assert.Contains($"The directory '{path}' cannot be written by this user.", told.Error + told.Output, StringComparison.Ordinal);
            Assert.Contains($"ls -ld '{path}'", told.Error + told.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("denied", told.Error + told.Output, StringComparison.Ordinal);
        }

        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
        As(user, "run", "--", "true").Expect(0);
    }

    [Fact]
    public void Leaves_what_prune_cannot_see_where_worktrees_are()
    {
        var kept = _repository.RunInWorktree("git checkout -q -b side; git commit -q --allow-empty -m x; git checkout -q -; git rev-parse side > \"$(git rev-parse --git-dir)/MERGE_HEAD\"").Record.Worktree!;
        File.WriteAllText(Path.Combine(kept, "by-hand"), "mine");
        var user = WhoMayNotReadAll();
        File.SetUnixFileMode(_repository[".worktrees"], UnixFileMode.None);

        foreach (var (command, exitCode) in new[] { ("prune", 0), ("doctor", 1) })
        {
            var told = As(user, command).Expect(exitCode);
            Assert.Contains($"The directory '{_repository[".worktrees"]}' may not be read by this user.", told.Output, StringComparison.Ordinal);
            Assert.Contains($"ls -ld '{_repository[".worktrees"]}'", told.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("denied", told.Output + told.Error, StringComparison.Ordinal);
        }

        File.SetUnixFileMode(_repository[".worktrees"], (UnixFileMode)0b111_101_101);
        Assert.Contains(kept, As(user, "prune").Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(kept, "by-hand")));
        Assert.Contains(kept, _scratch.Run(_repository.Path, [.. user, "git", "worktree", "list"]).Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_a_record_that_this_user_may_not_read_and_the_others_are_there_all_the_same()
    {
        var (hidden, other) = (_repository.RunInWorktree("true").Expect(0).Record.Id, _repository.RunInWorktree("true").Expect(0).Record.Id);
        var session = _repository.RunInSession("chat", "true").Expect(0).Record.Id;
        var user = WhoMayNotReadAll();
        File.SetUnixFileMode(_repository[$".git/wt-run/runs/{hidden}"], UnixFileMode.None);
        File.SetUnixFileMode(_repository[".git/wt-run/sessions/chat"], UnixFileMode.None);

        var list = As(user, "list").Expect(0);
        Assert.Contains(other, list.Output, StringComparison.Ordinal);
        Assert.Contains($"Run {hidden} is not listed: its record '{_repository[$".git/wt-run/runs/{hidden}/run.json"]}' cannot be read.", list.Error, StringComparison.Ordinal);
        Assert.Contains("it is damaged, or this user may not read it.", As(user, "show", hidden).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("The state of session 'chat' cannot be read", As(user, "run", "--session", "chat", "--", "true").Expect(125).Error, StringComparison.Ordinal);
        Assert.Contains($"left record {hidden}: its record cannot be read", As(user, "prune").Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains($"records: Run {hidden}: its record cannot be read", As(user, "doctor").Expect(0).Output, StringComparison.Ordinal);
        As(user, "run", "--worktree", "--", "true").Expect(0);

        File.SetUnixFileMode(_repository[".git/wt-run/sessions/chat"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains(session, As(user, "show", "chat").Expect(0).Output, StringComparison.Ordinal);
    }

    private Finished As(List<string> user, params IReadOnlyList<string> arguments) => _scratch.Run(_repository.Path, [.. user, WtRun.Program, .. arguments]);

    /// <summary>What a command begins with that is run by someone to whom modes apply; for root nothing is unreadable.</summary>
    private List<string> WhoMayNotReadAll()
    {
        if (Environment.UserName != "root")
        {
            return [];
        }

        _scratch.Run(_scratch.Root, "chmod", "-R", "a+rwX", _scratch.Root).Expect(0);
        _scratch.Run(_scratch.Root, "chown", "-R", $"{Nobody}:{Nobody}", _scratch.Root).Expect(0);
        return ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups"];
    }

    private static void Replace(string path, string kind)
    {
        if (Path.Exists(path))
        {
            Directory.Move(path, path + ".aside");
        }

        if (kind == "file")
        {
            File.WriteAllText(path, "mine\n");
        }
        else
        {
            File.CreateSymbolicLink(path, "/nowhere/at/all");
        }
    }

    private static void PutBack(string path)
    {
        Assert.True(new FileInfo(path).LinkTarget is not null || File.ReadAllText(path) == "mine\n", "nobody has touched it");
        File.Delete(path);
        if (Path.Exists(path + ".aside"))
        {
            Directory.Move(path + ".aside", path);
        }
    }

    private static string WhatIsWrong(string path, string kind) => kind == "file"
        ? $"'{path}' is a file, and wt-run needs a directory there."
        : $"'{path}' is a symbolic link to '/nowhere/at/all', where no directory is.";

    private static void AssertTold(Finished told, string path, string kind)
    {
        Assert.Equal($"wt-run: {WhatIsWrong(path, kind)}", told.Error.Split('\n')[0]);
        Assert.All(told.Error.Split('\n')[1..^1], line => Assert.StartsWith("hint: ", line, StringComparison.Ordinal));
        Assert.Contains(kind == "file" ? $"hint: mv '{path}' '{path}.aside'\n" : $"hint: rm '{path}'\n", told.Error, StringComparison.Ordinal);
        Assert.Equal("", told.Output);
    }
}
