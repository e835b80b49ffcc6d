using System.Globalization;
using WorktreeIsolator.Processes;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>Holds a run in one stage: the first thing that comes there once the hold is armed, a program that its git or wt-run itself has started, waits at a gate.</summary>
internal sealed class StageHold(Scratch scratch, TestRepository repository)
{
    /// <summary>A file of this kind is filtered on its way into git and out of it.</summary>
    public const string FilteredFile = "a.slow";

    /// <summary>A file that has a merge driver.</summary>
    public const string MergedFile = "a.merged";

    /// <summary>Where it waits.</summary>
    public Gate Gate { get; } = new(scratch, "hold");

    /// <summary>The step of a script that waits there.</summary>
    public string Step => $"if rm '{Armed}' 2> /dev/null; then echo $$ > '{Held}'; {Gate.Step}; fi";

    /// <summary>Whether what waits, or waited, there still runs.</summary>
    public bool IsRunning => ProcessEntry.Read(int.Parse(File.ReadAllText(Held), CultureInfo.InvariantCulture)) is { IsRunning: true };

    private string Armed => scratch.Path("armed");

    private string Held => scratch.Path("held");

    /// <summary>From now on the first one waits.</summary>
    public void Arm() => scratch.Write("armed", "");

    /// <summary>Brings the repository into a state in which the stage can be held; those that the engine itself holds need nothing.</summary>
    public void Prepare(string stage)
    {
        switch (stage)
        {
            case "fetch":
                repository.AddBareRemote();
                repository.Git("config", "remote.origin.uploadpack", scratch.Script("upload-pack", $"{Step}; exec git-upload-pack \"$@\"\n"));
                break;
            case "registration":
                var real = repository.Git("--exec-path");
                scratch.Run(scratch.Root, "cp", "-rs", real, scratch.Path("parts")).Expect(0);
                File.Delete(scratch.Path("parts/git"));
                scratch.Script("parts/git", $"if test \"$1\" = branch; then {Step}; fi\nexec '{real}/git' \"$@\"\n");
                scratch.Set("GIT_EXEC_PATH", scratch.Path("parts"));
                break;
            case "checkout":
                repository.Git("config", "filter.slow.clean", "cat");
                repository.Git("config", "filter.slow.smudge", $"{Step}; cat");
                repository.Commit(".gitattributes", "*.slow filter=slow\n");
                repository.Commit(FilteredFile, "slow\n");
                break;
            case "hook":
                scratch.Script("repo/.git/hooks/post-checkout", Step + "\n");
                break;
            case "setup":
                repository.Configure($"setup = [\"{scratch.Script("setup", Step + "\n")}\"]");
                break;
            case "keeping":
                repository.Git("config", "filter.slow.clean", $"{Step}; cat");
                repository.Commit(".gitattributes", "*.slow filter=slow\n");
                break;
            case "merge":
                repository.Git("config", "merge.slow.driver", $"{Step}; cat %B >> %A");
                repository.Commit(".gitattributes", "*.merged merge=slow\n");
                repository.Commit(MergedFile, "first\n");
                break;
            case "verification":
                repository.Configure($"verify = [\"{scratch.Script("verify", Step + "\n")}\"]");
                break;
            case "landing":
                HoldChangeOfRefs(" refs/heads/main$");
                break;
            case "push":
                scratch.Script($"{Path.GetFileName(repository.AddBareRemote())}/hooks/pre-receive", Step + "\n");
                repository.Configure("merge_back = \"push\"");
                break;
            case "removal":
                // Only the removal of the run branch is left then.
                HoldChangeOfRefs(" 0000000000000000000000000000000000000000 refs/heads/wt/");
                break;
        }
    }

    private void HoldChangeOfRefs(string pattern) =>
        scratch.Script("repo/.git/hooks/reference-transaction", $"if test $1 = prepared && grep -q '{pattern}'; then {Step}; fi\n");
}
