using WorktreeIsolator.Configuration;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.MergeBack;
using WorktreeIsolator.Records;
using WorktreeIsolator.Recovery;
using Xunit;

namespace WorktreeIsolator.EndToEnd.Mess;

public sealed class Whatever_mess_an_engine_leaves_where_work_is_merged(UserRepository user) : AnyEngineMess(user, MergeBackPolicy.Merge);

public sealed class Whatever_mess_an_engine_leaves_where_work_is_pushed(UserRepository user) : AnyEngineMess(user, MergeBackPolicy.Push);

public sealed class Whatever_mess_an_engine_leaves_where_work_stays_on_its_branch(UserRepository user) : EngineMess(user, MergeBackPolicy.Branch)
{
    [Theory]
    [MemberData(nameof(MessCases.EveryThird), 0, MemberType = typeof(MessCases))]
    public void Nothing_is_lost_and_nothing_of_the_user_changes(string name) => Check(MessCases.Named(name));
}

public sealed class Whatever_mess_an_engine_leaves_where_no_work_is_wanted(UserRepository user) : EngineMess(user, MergeBackPolicy.None)
{
    [Theory]
    [MemberData(nameof(MessCases.EveryThird), 1, MemberType = typeof(MessCases))]
    public void Nothing_is_lost_and_nothing_of_the_user_changes(string name) => Check(MessCases.Named(name));
}

public sealed class Whatever_mess_an_engine_leaves_that_fails(UserRepository user) : EngineMess(user, MergeBackPolicy.Merge)
{
    [Theory]
    [MemberData(nameof(MessCases.NamesOfFailing), MemberType = typeof(MessCases))]
    public void Nothing_is_lost_and_nothing_lands(string name) => Check(MessCases.Named(name).Failing);
}

/// <summary>All messes with one policy.</summary>
public abstract class AnyEngineMess(UserRepository user, MergeBackPolicy policy) : EngineMess(user, policy)
{
    [Theory]
    [MemberData(nameof(MessCases.Names), MemberType = typeof(MessCases))]
    public void Nothing_is_lost_and_nothing_of_the_user_changes(string name) => Check(MessCases.Named(name));
}

/// <summary>
/// Every byte that an engine made and that is not ignored is found again after a run, <c>prune</c> and a garbage collection, and the user's
/// own work is as it was. In a class for each policy, so that they run side by side.
/// </summary>
public abstract class EngineMess(UserRepository user, MergeBackPolicy policy) : IClassFixture<UserRepository>
{
    private const string Nobody = "65534";

    private protected void Check(KindOfMess mess)
    {
        using var scratch = new Scratch();
        var repository = user.CopyTo(scratch, withRemote: policy == MergeBackPolicy.Push);
        scratch.Set("MAIN", repository.Path);
        scratch.Set("CASE", scratch.Root);
        var before = user.State;
        if (mess.Before is { } script)
        {
            File.AppendAllText(scratch.Path("gitconfig"), "[protocol \"file\"]\n\tallow = always\n");
            scratch.Run(repository.Path, "sh", "-ec", script).Expect(0);
            before = UserState.Of(scratch, repository);
        }

        var config = File.ReadAllText(repository[".git/config"]);
        var record = mess.IsOfNobody ? RunAsNobody(scratch, repository, mess) : Run(scratch, repository, mess);
        AssertEnding(mess, record);
        _ = new Pruner(Options(scratch), new RetentionConfig()).Prune(Project(repository, mess), dryRun: false);
        var after = UserState.Of(scratch, repository);
        after.AssertNothingButMainChangedSince(before, repository);
        AssertConfigIsTheEngines(scratch, repository, mess, config);
        AssertRefs(scratch, mess, record, before, after);
        AssertWorktree(repository, mess, record);
        var ledger = Ledger.Read(scratch.Path("ledger"));
        var lost = Surviving.After(scratch, repository).Lost(ledger, record);
        Assert.True(lost.Count == 0, $"Lost: {string.Join("; ", lost)}");
        if (record.MergeBack?.Result == MergeBackResult.Pushed)
        {
            Assert.Equal(record.MergeBack.Commit, scratch.Run(scratch.Path("origin.git"), "git", "rev-parse", record.Branch!).Output.Trim());
        }
    }

    /// <summary>By the program: in this process it would be the subreaper of all tests, and end what others have left behind on purpose.</summary>
    private RunRecord Run(Scratch scratch, TestRepository repository, KindOfMess mess)
    {
        var limit = mess.RescueLimit is { } bytes ? $"rescue_limit = {bytes}\n" : "";
        var config = scratch.Write(
            "mess.toml",
            $"[projects.repo]\npath = \"{repository.Path}\"\nmerge_back = \"{policy.ToString().ToLowerInvariant()}\"\nfetch = \"never\"\nland_wait = \"0s\"\n"
            + $"submodules = {(mess.HasSubmodules ? "true" : "false")}\n{limit}");
        return repository.WtRun.Run("run", "--config", config, "--worktree", "--base", "main", "--json", "--", "sh", scratch.Write("mess", MessScript.For(mess))).Record;
    }

    /// <summary>As a user for whom there are things that cannot be read.</summary>
    private RunRecord RunAsNobody(Scratch scratch, TestRepository repository, KindOfMess mess)
    {
        var script = scratch.Write("mess", MessScript.For(mess));
        string[] run = [WtRun.Program, "run", "--worktree", "--base", "main", "--json", "--merge-back", policy.ToString().ToLowerInvariant(), "--", "sh", script];
        if (Environment.UserName != "root")
        {
            return scratch.Run(repository.Path, run).Record;
        }

        scratch.Run(scratch.Root, "chown", "--recursive", "--no-dereference", $"{Nobody}:{Nobody}", scratch.Root).Expect(0);
        var record = scratch.Run(repository.Path, ["setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", .. run]).Record;

        // A removed worktree is deleted meanwhile.
        Eventually.True(
            () => scratch.Run(scratch.Root, "chown", "--recursive", "--no-dereference", "root:root", scratch.Root).ExitCode == 0, "all files are root's");
        return record;
    }

    private static RunnerOptions Options(Scratch scratch) => new() { Environment = scratch.Variables };

    private ProjectConfig Project(TestRepository repository, KindOfMess mess)
    {
        var project = new ProjectConfig
        {
            Name = "repo",
            Path = repository.Path,
            MergeBack = policy,
            Fetch = FetchMode.Never,
            LandWait = TimeSpan.Zero,
            Submodules = mess.HasSubmodules,
        };
        return mess.RescueLimit is { } limit ? project with { RescueLimit = limit } : project;
    }

    private void AssertEnding(KindOfMess mess, RunRecord record)
    {
        var delivered = policy switch
        {
            MergeBackPolicy.Merge => MergeBackResult.Landed,
            MergeBackPolicy.Push => MergeBackResult.Pushed,
            _ => MergeBackResult.Kept,
        };
        (RunState, MergeBackResult)[] right = (mess.Ending, mess.ExitCode) switch
        {
            (Ending.Nothing, 0) => [(RunState.Succeeded, MergeBackResult.Nothing)],
            (Ending.Nothing, _) => [(RunState.Failed, MergeBackResult.Nothing)],
            (Ending.Set_aside, not 0) => [(RunState.Failed, MergeBackResult.Nothing), (RunState.Failed, MergeBackResult.Kept)],
            (_, not 0) => [(RunState.Failed, MergeBackResult.Kept)],
            (Ending.Delivered, _) => [(RunState.Succeeded, delivered)],
            (Ending.Set_aside, _) =>
                [(RunState.Succeeded, MergeBackResult.Nothing), (RunState.Succeeded, MergeBackResult.Kept), (RunState.Succeeded, delivered)],
            (Ending.Damaged, _) =>
                [(RunState.Failed, MergeBackResult.Kept), (RunState.NeedsMerge, MergeBackResult.Blocked), (RunState.Succeeded, delivered)],
            (Ending.Beyond_refs, _) => [(RunState.NeedsMerge, MergeBackResult.Blocked), (RunState.Succeeded, delivered)],
            (Ending.Unfinished, _) => [(RunState.NeedsMerge, MergeBackResult.Blocked)],
            (Ending.Unrelated, _) => policy == MergeBackPolicy.Merge
                ? [(RunState.NeedsMerge, MergeBackResult.Conflict)]
                : [(RunState.Succeeded, delivered)],
            _ => [(RunState.Failed, MergeBackResult.Kept), (RunState.NeedsMerge, MergeBackResult.Blocked)],
        };
        Assert.True(
            right.Contains((record.State, record.MergeBack?.Result ?? default)) && (record.Engine.ExitCode == mess.ExitCode),
            $"{record.State} {record.MergeBack?.Result}, exit code {record.Engine.ExitCode}: {record.Message}\n{record.LogText()}");
    }

    /// <summary>Whatever differs was written by the engine itself, or by git for submodules that were asked for.</summary>
    private static void AssertConfigIsTheEngines(Scratch scratch, TestRepository repository, KindOfMess mess, string before)
    {
        if (!mess.HasSubmodules)
        {
            Assert.Equal(before, File.ReadAllText(scratch.Path("config.begin")));
        }

        Assert.Equal(File.ReadAllText(scratch.Path("config.end")), File.ReadAllText(repository[".git/config"]));
    }

    /// <summary>The user's refs are as they were, and the record names every other.</summary>
    private static void AssertRefs(Scratch scratch, KindOfMess mess, RunRecord record, UserState before, UserState after)
    {
        string?[] own = [$"refs/heads/{record.Branch}", $"refs/remotes/origin/{record.Branch}", record.RescueRef];
        string[] engines = File.Exists(scratch.Path("refs")) ? [.. mess.Refs, .. File.ReadAllLines(scratch.Path("refs"))] : [.. mess.Refs];
        foreach (var (name, id) in before.Refs.Where(pair => !engines.Contains(pair.Key)))
        {
            if (name != "refs/heads/main" || record.MergeBack?.Result != MergeBackResult.Landed)
            {
                Assert.Equal((name, id), (name, after.Refs.GetValueOrDefault(name, "gone")));
            }
        }

        var objects = after.Refs.Keys.Where(name => name.StartsWith($"refs/wt-run-objects/{record.Id}/", StringComparison.Ordinal));
        Assert.Equal([], after.Refs.Keys.Except(before.Refs.Keys).Except(own).Except(engines).Except(objects));
        Assert.Equal([], engines.Except(after.Refs.Keys));
        Assert.True(record.RescueRef is null || after.Refs.ContainsKey(record.RescueRef), $"{record.RescueRef} is not there.");
    }

    /// <summary>A worktree is there if and only if the record says that it was kept.</summary>
    private static void AssertWorktree(TestRepository repository, KindOfMess mess, RunRecord record)
    {
        // The engine may have moved it.
        var place = record.Kept?.Path ?? record.Worktree;
        var isThere = Directory.Exists(place);
        Assert.Equal(record.Kept?.Path, isThere ? place : null);
        Assert.True(record.Kept is null || record.Kept.Reason.Length > 0, "The record says why.");
        Assert.True(mess.Stays == Stays.Either || isThere == (mess.Stays == Stays.Yes), isThere ? $"It is kept: {record.Kept?.Reason}" : "It is gone.");
        if (isThere && mess.Ending != Ending.Broken)
        {
            Assert.Contains(record.Worktree, repository.Worktrees);
        }
    }
}
