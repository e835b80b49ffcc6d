using System.Text;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Runs;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run check</c>: everything that is wrong with the configuration, at once.</summary>
internal sealed class CheckCommand : CliCommand
{
    private readonly Flag _json = new("--json", "Prints the findings as JSON.");

    public CheckCommand()
        : base("check", "Checks the configuration: the file, and whether its directories, repositories and programs are there.")
    {
        Add(_json);
    }

    public override IReadOnlyList<string> Examples => ["wt-run check", "wt-run check --config /etc/wt-run.toml"];

    public override int Execute(Invocation invocation)
    {
        var here = invocation.Surroundings;
        var path = ConfigurationSource.Find(Config.In(invocation.Line), here);
        var findings = new List<ConfigurationFinding>();
        try
        {
            var config = path is null ? ConfigFile.Defaults : ConfigFile.Load(path, here.HomeDirectory);
            findings.AddRange(config.Warnings.Select(warning => Finding(false, warning)));
            findings.AddRange(ConfigurationCheck.Examine(config, here.Environment));
        }
        catch (ConfigException e)
        {
            findings.AddRange(e.Mistakes.Select(mistake => Finding(true, mistake)));
        }

        var errors = findings.Count(finding => finding.IsError);
        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write(ToJson(path, findings));
        }
        else
        {
            Tell(path, findings, errors);
        }

        return errors == 0 ? ExitCodes.Success : ExitCodes.Wrong;
    }

    private static ConfigurationFinding Finding(bool isError, ConfigMistake mistake) =>
        new(isError, $"{mistake.File}:{mistake.Line}:{mistake.Column}", mistake.Message);

    private static void Tell(string? path, List<ConfigurationFinding> findings, int errors)
    {
        var text = new StringBuilder();
        foreach (var finding in findings)
        {
            text.Append(finding.Where).Append(": ").Append(finding.IsError ? "" : "warning: ").Append(finding.Message).Append('\n');
            if (finding.Hint is { } hint)
            {
                text.Append("hint: ").Append(hint).Append('\n');
            }
        }

        StandardStreams.Error.TryWriteText(text.ToString());
        if (errors == 0)
        {
            StandardStreams.Out.WriteText(path is null
                ? "There is no wt-run.toml here; the defaults hold. 'wt-run init' writes one.\n"
                : $"{path} is right.\n");
        }
    }

    private static byte[] ToJson(string? path, List<ConfigurationFinding> findings) => JsonOutput.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("file", path);
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("severity", finding.IsError ? "error" : "warning");
            writer.WriteString("where", finding.Where);
            writer.WriteString("message", finding.Message);
            writer.WriteString("hint", finding.Hint);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
