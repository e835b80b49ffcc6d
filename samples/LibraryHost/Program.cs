using System.Collections;
using System.Text;
using WorktreeIsolator;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Engines;
using WorktreeIsolator.Records;
using WorktreeIsolator.Runs;

// A host of its own: LibraryHost CONFIG PROJECT PROMPT runs the project's engine as a trigger would, and prints the record.
if (args is not [var file, var name, var prompt])
{
    Console.Error.WriteLine("usage: LibraryHost CONFIG PROJECT PROMPT");
    return 2;
}

using var cancel = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true; // the run ends its engine, keeps the work and returns
    cancel.Cancel();
};
try
{
    var config = ConfigFile.Load(Path.GetFullPath(file), Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
    var project = ProjectSelection.Select(config, name, Directory.GetCurrentDirectory(), repositoryTop: null);
    var engine = EngineDefinition.From(config.Engines[project.DefaultEngine ?? config.DefaultEngine ?? "claude"]);
    var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "");
    var request = new RunRequest { Project = project, Engine = engine, Prompt = prompt, Trigger = new Trigger(TriggerKind.Webhook, "library-host") };
    var record = new TriggerRunner(RunnerOptions.For(config, environment)).Run(request, cancel.Token);
    Console.WriteLine(Encoding.UTF8.GetString(RecordWriter.ToUtf8(record)));
    return record.State == RunState.Succeeded ? 0 : 1;
}
catch (Exception e) when (e is WorktreeIsolatorException or OperationCanceledException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
