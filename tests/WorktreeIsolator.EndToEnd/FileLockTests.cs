using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Platform;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

public sealed class A_lock_that_was_let_go
{
    [Fact]
    public void Is_free_although_a_child_that_is_just_being_started_has_a_copy_of_its_descriptor()
    {
        using var scratch = new Scratch();
        var file = scratch.Write("lock", "");
        var program = scratch.Script("program", "");
        using var held = new HeldExec(program);
        var taken = FileLock.TryAcquire(file)!;
        var starting = new Thread(() => scratch.Run(scratch.Root, program));
        starting.Start();
        Eventually.True(() => held.IsWanted, "the child is about to become the program");

        taken.Dispose();
        var isFree = FileLock.IsFree(file);

        held.Dispose();
        starting.Join();
        Assert.True(isFree, "the child holds the lock");
    }
}
