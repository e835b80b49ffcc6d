using WorktreeIsolator.Cli;
using System.Collections;
using WorktreeIsolator;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;
var env = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string)e.Value!, StringComparer.Ordinal);
var i = Array.IndexOf(args, "--");
try {
var record = new TriggerRunner(new RunnerOptions { Environment = env, Observer = args.Contains("--json") ? RunObserver.None : new Obs() }).Run(new RunRequest { Project = new ProjectConfig { Name = "x", Path = Directory.GetCurrentDirectory() }, Engine = EngineDefinition.From(args[(i+1)..]), Worktree = args.Contains("--worktree") });
(args.Contains("--json") ? Console.Out : Console.Error).WriteLine(System.Text.Encoding.UTF8.GetString(RecordWriter.ToUtf8(record)));
return ExitCodes.Of(record);
} catch (WorktreeIsolatorException e) { Console.Error.WriteLine(e.Message + "\n" + e.Hint); return 125; }
#pragma warning disable
internal sealed class Obs : RunObserver {
  public override void Began(string what) => Console.Error.WriteLine(".. " + what);
  public override void Warning(string what) => Console.Error.WriteLine("warning: " + what);
  public override void Output(bool e, ReadOnlySpan<byte> b) { using var o = e ? Console.OpenStandardError() : Console.OpenStandardOutput(); o.Write(b); }
}
