namespace WorktreeIsolator.Configuration;
#pragma warning disable
public enum FetchMode { Auto, Always, Never }
public enum HookMode { Run, Skip }
public enum UncommittedWork { Commit, Rescue }
public enum MergeBackPolicy { Merge, Push, Branch, None }
public enum MergeStyle { Merge, FastForward, Squash, Rebase }
public sealed record ProjectConfig {
  public required string Name {get;init;} public required string Path {get;init;} public string WorktreesDir {get;init;} = ".worktrees";
  public string? WorktreeBase {get;init;} public bool TriggerWorktree {get;init;} public bool UserWorktree {get;init;} public bool Concurrent {get;init;}=true;
  public FetchMode Fetch {get;init;} public HookMode Hooks {get;init;} public IReadOnlyList<string> Copy {get;init;} = []; public IReadOnlyList<string> Link {get;init;} = [];
  public IReadOnlyList<string> Setup {get;init;} = []; public TimeSpan SetupTimeout {get;init;} public bool Submodules {get;init;} public UncommittedWork Uncommitted {get;init;}
  public MergeBackPolicy MergeBack {get;init;} public string? MergeTarget {get;init;} public MergeStyle MergeStyle {get;init;}
  public IReadOnlyList<string> Verify {get;init;} = []; public TimeSpan VerifyTimeout {get;init;} public TimeSpan LandWait {get;init;} = TimeSpan.FromMinutes(10);
  public string PushRemote {get;init;} = "origin"; public bool PushTarget {get;init;} public bool KeepOnFailure {get;init;} public IReadOnlyList<string> KeepProcesses {get;init;} = [];
}
public sealed record EngineConfig { public required string Name {get;init;} public IReadOnlyList<string> Command {get;init;} public IReadOnlyDictionary<string,string> Env {get;init;} public TimeSpan? Timeout {get;init;} public TimeSpan? IdleTimeout {get;init;} public TimeSpan Grace {get;init;} }
public static class Suggestion { public static string? For(string wrong, IEnumerable<string> known) => null; }
