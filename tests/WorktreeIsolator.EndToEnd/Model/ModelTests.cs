using Xunit;
using Xunit.Abstractions;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>
/// Runs of all kinds are started, cancelled, killed, landed, dropped and pruned at random in one repository in which a person works as well, and
/// nothing is ever lost, mixed up or left behind. <c>WT_RUN_MODEL_STEPS</c> says how many steps, <c>WT_RUN_MODEL_SEED</c> with what seed: the one that
/// the test prints. The steps are the same then, but not the moments at which the processes are hit.
/// </summary>
public sealed class A_repository_in_which_anything_happens(ITestOutputHelper output)
{
    private const int StepsBetweenRests = 12;

    [Fact]
    public void Stays_whole_and_loses_nothing()
    {
        var seed = ModelSeed.Given ?? Random.Shared.Next(1_000_000);
        var steps = ModelSeed.Steps ?? 300;
        using var world = new ModelWorld(seed);
        var next = new ModelSteps(world);
        var invariants = new ModelInvariants(world);
        var step = 0;
        try
        {
            while (step < steps)
            {
                var until = Math.Min(steps, step + 1 + world.Random.Next(2 * StepsBetweenRests));
                for (; step < until; step++)
                {
                    next.Any();
                    invariants.CheckNow();
                }

                world.Settle();
                next.Look();
                invariants.CheckAtRest();
                if (world.Random.Next(2) == 0)
                {
                    world.History.Add("prune");
                    world.Repository.WtRun.Run("prune").Expect(0);
                    invariants.CheckAtRest();
                    invariants.CheckPruned();
                }

                next.OfUserAtRest();
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                $"WT_RUN_MODEL_SEED={seed}, after step {step} of {steps}:\n{e.Message}\nThe last of what was done:\n{string.Join('\n', world.History.TakeLast(40))}", e);
        }

        output.WriteLine($"WT_RUN_MODEL_SEED={seed}, {steps} steps: {string.Join(", ", world.Done.Select(done => $"{done.Key} {done.Value}"))}");
    }
}
