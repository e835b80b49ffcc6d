using WorktreeIsolator.Git;
using WorktreeIsolator.Tests.TestSupport;
using Xunit;

namespace WorktreeIsolator.Tests.Git;

public sealed class GitFileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_worktree_that_goes_in_the_moment_in_which_it_is_looked_at_is_none()
    {
        const int times = 3000;
        var (worktree, trash) = (_scratch["worktree"], _scratch["trash"]);
        Directory.CreateDirectory(worktree);
        File.WriteAllText(Path.Combine(worktree, ".git"), "gitdir: /repo/.git/worktrees/worktree\n");
        File.WriteAllText(Path.Combine(worktree, "gitdir"), "/repo/worktree/.git\n");
        var goes = new Thread(() =>
        {
            for (var i = 0; i < times; i++)
            {
                Directory.Move(worktree, trash);
                Directory.Move(trash, worktree);
            }
        });
        var found = new HashSet<(string?, string?)>();

        goes.Start();
        do
        {
            found.Add((GitFile.ReadAdminDirectory(worktree), null));
            found.Add((null, GitFile.ReadWorktree(worktree)));
        }
        while (goes.IsAlive);

        goes.Join();
        Assert.Subset(new HashSet<(string?, string?)> { ("/repo/.git/worktrees/worktree", null), (null, "/repo/worktree"), (null, null) }, found);
    }
}
