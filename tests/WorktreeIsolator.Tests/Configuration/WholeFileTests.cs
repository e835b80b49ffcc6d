using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class WholeFileTests
{
    private const string Text =
        """
        default_project = "scout"
        default_engine = "claude"

        [projects.scout]
        path = "~/code/scout"
        worktrees_dir = "../scout.worktrees"
        worktree_base = "main"
        default_engine = "codex"
        trigger_worktree = true
        user_worktree = true
        concurrent = false
        peer_processes = ["claude"]
        fetch = "never"
        hooks = "skip"
        copy = [".env", "config/*.local.json"]
        link = ["models"]
        setup = ["npm", "ci"]
        setup_timeout = "11m"
        submodules = true
        uncommitted = "rescue"
        merge_back = "push"
        merge_target = "release"
        merge_style = "ff"
        verify = ["npm", "test"]
        verify_timeout = "21m"
        land_wait = "0s"
        push_remote = "fork"
        push_target = true
        after_push = ["gh", "pr", "create", "--fill", "--head", "{branch}"]
        after_push_timeout = "12m"
        keep_on_failure = true
        artifacts = ["reports/**"]
        max_worktrees = 3
        keep_processes = []
        rescue_limit = "1GiB"
        [projects.scout.pool]
        size = 2
        keep = ["node_modules/"]
        setup_inputs = ["package-lock.json"]

        [engines.claude]
        command = ["claude", "-p"]
        env = { CLAUDE_CONFIG_DIR = "/srv/shared/claude" }
        timeout = "30m"
        idle_timeout = "10m"
        grace = "0s"
        max_parallel = 2
        [engines.shared-login]
        command = ["claude", "-p", "{prompt}"]
        lock = "/srv/shared/claude/session.lock"
        lock_timeout = "5m"

        [triggers]
        enabled = false
        default_timezone = "UTC"
        [triggers.server]
        host = "::1"
        port = 0
        allowed_hosts = ["wt.example.org"]
        rate_limit = 6
        max_body_bytes = "2MiB"
        [[triggers.crons]]
        id = "nightly"
        schedule = "0 2 * * mon-fri"
        timezone = "UTC"
        project = "scout"
        engine = "claude"
        prompt = "Tidy the changelog."
        worktree = false
        run_once = true
        misfire = "skip"
        if_busy = "skip"
        [[triggers.webhooks]]
        id = "push"
        path = "/hooks/push"
        auth = "hmac-sha256"
        secret_env = ["WT_HOOK_SECRET"]
        event_filter = "push"
        project = "scout"
        prompt_template = "Review {{ref}} by {{pusher.name}}"
        worktree = true
        if_busy = "skip"

        [[notify]]
        events = ["needs_merge", "failed"]
        command = ["notify-send", "wt-run"]
        [[notify]]
        events = ["succeeded"]
        url = "https://example.org/done"

        [retention]
        records = "31d"
        keep_last = 0
        sessions = "32d"
        rescue_refs = "91d"
        [host]
        backlog = 10
        waiting_supervisors = 1
        """;

    private static readonly ConfigFile s_file = Parsed.From(Text);

    [Fact]
    public void Every_key_of_a_project_is_read()
    {
        var project = s_file.Projects["scout"];
        Assert.Equal(("scout", "/home/kim/code/scout", "../scout.worktrees"), (project.Name, project.Path, project.WorktreesDir));
        Assert.Equal(("main", "codex", "release", "fork"), (project.WorktreeBase, project.DefaultEngine, project.MergeTarget, project.PushRemote));
        Assert.True(project.TriggerWorktree && project.UserWorktree && project.Submodules && project.PushTarget && project.KeepOnFailure);
        Assert.False(project.Concurrent);
        Assert.Equal((FetchMode.Never, HookMode.Skip, UncommittedWork.Rescue), (project.Fetch, project.Hooks, project.Uncommitted));
        Assert.Equal((MergeBackPolicy.Push, MergeStyle.FastForward), (project.MergeBack, project.MergeStyle));
        Assert.Equal(["claude"], project.PeerProcesses);
        Assert.Equal([".env", "config/*.local.json"], project.Copy);
        Assert.Equal(["models"], project.Link);
        Assert.Equal(["npm", "ci"], project.Setup);
        Assert.Equal(["npm", "test"], project.Verify);
        Assert.Equal(["gh", "pr", "create", "--fill", "--head", "{branch}"], project.AfterPush);
        Assert.Equal(TimeSpan.FromMinutes(12), project.AfterPushTimeout);
        Assert.Equal(["reports/**"], project.Artifacts);
        Assert.Empty(project.KeepProcesses);
        Assert.Equal((11, 21, 0), ((int)project.SetupTimeout.TotalMinutes, (int)project.VerifyTimeout.TotalMinutes, (int)project.LandWait.TotalMinutes));
        Assert.Equal((3, 1L << 30), (project.MaxWorktrees, project.RescueLimit));
        Assert.Equal(2, project.Pool.Size);
        Assert.Equal(["node_modules/"], project.Pool.Keep);
        Assert.Equal(["package-lock.json"], project.Pool.SetupInputs);
    }

    [Fact]
    public void Every_key_of_an_engine_is_read()
    {
        var claude = s_file.Engines["claude"];
        Assert.Equal("/srv/shared/claude", claude.Env["CLAUDE_CONFIG_DIR"]);
        Assert.Equal((30, 10), (claude.Timeout?.TotalMinutes, claude.IdleTimeout?.TotalMinutes));
        Assert.Equal((TimeSpan.Zero, 2), (claude.Grace, claude.MaxParallel));
        var shared = s_file.Engines["shared-login"];
        Assert.Equal(["claude", "-p", "{prompt}"], shared.Command);
        Assert.Equal(("/srv/shared/claude/session.lock", 5), (shared.Lock, (int)shared.LockTimeout.TotalMinutes));
    }

    [Fact]
    public void Every_key_of_the_triggers_is_read()
    {
        var triggers = s_file.Triggers;
        Assert.Equal((false, "UTC"), (triggers.Enabled, triggers.DefaultTimezone));
        Assert.Equal(("::1", 0, 6, 2L << 20), (triggers.Server.Host, triggers.Server.Port, triggers.Server.RateLimit, triggers.Server.MaxBodyBytes));
        Assert.Equal(["wt.example.org"], triggers.Server.AllowedHosts);
        Assert.Equal(
            new CronConfig
            {
                Id = "nightly",
                Schedule = "0 2 * * mon-fri",
                Timezone = "UTC",
                Project = "scout",
                Engine = "claude",
                Prompt = "Tidy the changelog.",
                Worktree = false,
                RunOnce = true,
                Misfire = MisfirePolicy.Skip,
                IfBusy = BusyPolicy.Skip,
            },
            Assert.Single(triggers.Crons));
        var webhook = Assert.Single(triggers.Webhooks);
        Assert.Equal(["WT_HOOK_SECRET"], webhook.SecretEnv);
        Assert.Equal(
            new WebhookConfig
            {
                Id = "push",
                Path = "/hooks/push",
                Auth = WebhookAuth.HmacSha256,
                SecretEnv = webhook.SecretEnv,
                EventFilter = "push",
                Project = "scout",
                Engine = "codex",
                PromptTemplate = "Review {{ref}} by {{pusher.name}}",
                Worktree = true,
                IfBusy = BusyPolicy.Skip,
            },
            webhook);
    }

    [Fact]
    public void Every_other_key_is_read()
    {
        Assert.Equal(("scout", "claude"), (s_file.DefaultProject, s_file.DefaultEngine));
        Assert.Equal(["needs_merge", "failed"], s_file.Notify[0].Events);
        Assert.Equal(["notify-send", "wt-run"], s_file.Notify[0].Command);
        Assert.Equal(new Uri("https://example.org/done"), s_file.Notify[1].Url);
        Assert.Equal(32, (int)s_file.Retention.Sessions.TotalDays);
        Assert.Equal((31, 0, 91), ((int)s_file.Retention.Records.TotalDays, s_file.Retention.KeepLast, (int)s_file.Retention.RescueRefs.TotalDays));
        Assert.Equal(new HostConfig { Backlog = 10, WaitingSupervisors = 1 }, s_file.Host);
        Assert.Equal(["WT_HOOK_SECRET"], s_file.SecretVariables);
        Assert.Empty(s_file.Warnings);
    }

    [Fact]
    public void Wherever_the_file_is_cut_off_or_damaged_it_is_read_or_refused_with_places()
    {
        const string Damage = "[]{}\"'=.,#\n\\-_x0\0\u007F\u00E9";
        for (var i = 0; i < Text.Length; i++)
        {
            IsReadOrRefused(Text[..i]);
            IsReadOrRefused(Text.Remove(i, 1));
            IsReadOrRefused($"{Text[..i]}{Damage[i % Damage.Length]}{Text[(i + 1)..]}");
        }
    }

    [Fact]
    public void Every_word_is_written_as_it_is_read()
    {
        Assert.All(ConfigChoices.MergeBack.Words, w => Assert.True(ConfigChoices.MergeBack.TryParse(w, out var v) && ConfigChoices.MergeBack.WordFor(v) == w));
        Assert.All(ConfigChoices.MergeStyle.Words, w => Assert.True(ConfigChoices.MergeStyle.TryParse(w, out var v) && ConfigChoices.MergeStyle.WordFor(v) == w));
        Assert.All(ConfigChoices.Auth.Words, w => Assert.True(ConfigChoices.Auth.TryParse(w, out var v) && ConfigChoices.Auth.WordFor(v) == w));
        Assert.False(ConfigChoices.IfBusy.TryParse(null, out _));
        Assert.False(ConfigChoices.IfBusy.TryParse("Wait", out _));
    }

    private static void IsReadOrRefused(string toml)
    {
        try
        {
            _ = Parsed.From(toml);
        }
        catch (ConfigException e)
        {
            var lines = toml.Split('\n');
            Assert.NotEmpty(e.Mistakes);
            Assert.All(e.Mistakes, m => Assert.True(m.Line <= lines.Length && m.Column <= lines[m.Line - 1].Length + 1, m.ToString()));
        }
    }
}
