namespace WorktreeIsolator.Configuration;

/// <summary>Reads one <c>[projects.NAME]</c>.</summary>
internal sealed class ProjectReader(ConfigReading reading, ConfigTable table)
{
    public ProjectConfig Read(string name)
    {
        if (!table.Has("path"))
        {
            table.Missing("path", "write the project's directory, such as path = \"~/code/scout\"");
        }

        var path = reading.AbsolutePath(table, "path");
        var defaults = new ProjectConfig { Name = name, Path = path ?? "" };
        return defaults with
        {
            WorktreesDir = ReadWorktreesDir(path) ?? defaults.WorktreesDir,
            WorktreeBase = ReadGitName("worktree_base"),
            TriggerWorktree = table.Flag("trigger_worktree") ?? defaults.TriggerWorktree,
            UserWorktree = table.Flag("user_worktree") ?? defaults.UserWorktree,
            Concurrent = table.Flag("concurrent") ?? defaults.Concurrent,
            PeerProcesses = table.Texts("peer_processes", ConfigNames.CheckProcess) ?? defaults.PeerProcesses,
            Fetch = table.Choice("fetch", ConfigChoices.Fetch) ?? defaults.Fetch,
            Hooks = table.Choice("hooks", ConfigChoices.Hooks) ?? defaults.Hooks,
            Copy = table.Texts("copy", ConfigNames.CheckPattern) ?? defaults.Copy,
            Link = table.Texts("link", ConfigNames.CheckPattern) ?? defaults.Link,
            Setup = table.Command("setup", required: false) ?? defaults.Setup,
            SetupTimeout = table.Length("setup_timeout") ?? defaults.SetupTimeout,
            Submodules = table.Flag("submodules") ?? defaults.Submodules,
            Uncommitted = table.Choice("uncommitted", ConfigChoices.Uncommitted) ?? defaults.Uncommitted,
            MergeBack = table.Choice("merge_back", ConfigChoices.MergeBack) ?? defaults.MergeBack,
            MergeTarget = ReadGitName("merge_target"),
            MergeStyle = table.Choice("merge_style", ConfigChoices.MergeStyle) ?? defaults.MergeStyle,
            Verify = table.Command("verify", required: false) ?? defaults.Verify,
            VerifyTimeout = table.Length("verify_timeout") ?? defaults.VerifyTimeout,
            LandWait = table.Length("land_wait", allowZero: true) ?? defaults.LandWait,
            PushRemote = ReadGitName("push_remote") ?? defaults.PushRemote,
            PushTarget = table.Flag("push_target") ?? defaults.PushTarget,
            AfterPush = table.Command("after_push", required: false) ?? defaults.AfterPush,
            AfterPushTimeout = table.Length("after_push_timeout") ?? defaults.AfterPushTimeout,
            KeepOnFailure = table.Flag("keep_on_failure") ?? defaults.KeepOnFailure,
            Artifacts = table.Texts("artifacts", ConfigNames.CheckPattern) ?? defaults.Artifacts,
            MaxWorktrees = table.Integer("max_worktrees", 1) ?? defaults.MaxWorktrees,
            KeepProcesses = table.Texts("keep_processes", ConfigNames.CheckProcess) ?? defaults.KeepProcesses,
            RescueLimit = table.Bytes("rescue_limit") ?? defaults.RescueLimit,
            Pool = ReadPool(),
        };
    }

    private string? ReadWorktreesDir(string? path)
    {
        const string Key = "worktrees_dir";
        if (table.Text(Key) is not { } written)
        {
            return null;
        }

        if (reading.ExpandHome(written) is not { } directory)
        {
            table.Wrong(Key, $"is '{written}'; only '~/' stands for a home directory, your own");
            return null;
        }

        if (ConfigNames.CheckWorktreesDir(directory, path) is { } problem)
        {
            table.Wrong(Key, $"is '{written}', which {problem}; allowed are a directory below the repository or outside of it, such as "
                + "'.worktrees' or '../scout.worktrees'");
        }

        return directory;
    }

    private string? ReadGitName(string key)
    {
        if (table.Text(key) is { } name)
        {
            if (ConfigNames.CheckGitName(name) is { } problem)
            {
                table.Wrong(key, $"is '{name}', which {problem}");
            }

            return name;
        }

        return null;
    }

    private PoolConfig ReadPool()
    {
        var defaults = new PoolConfig();
        if (table.Table("pool", table.Name.Insert(table.Name.Length - 1, ".pool")) is not { } pool)
        {
            return defaults;
        }

        var config = new PoolConfig
        {
            Size = pool.Integer("size", 0) ?? defaults.Size,
            Keep = pool.Texts("keep", ConfigNames.CheckPattern) ?? defaults.Keep,
            SetupInputs = pool.Texts("setup_inputs", ConfigNames.CheckPattern) ?? defaults.SetupInputs,
        };
        pool.RefuseUnknown();
        return config;
    }
}
