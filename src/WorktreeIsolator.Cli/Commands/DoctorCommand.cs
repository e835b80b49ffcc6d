using System.Text;
using WorktreeIsolator.Cli.Projects;
using WorktreeIsolator.Cli.Rendering;
using WorktreeIsolator.Cli.Syntax;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.Recovery;

namespace WorktreeIsolator.Cli.Commands;

/// <summary><c>wt-run doctor</c>: what keeps runs from working, and what waits for a person.</summary>
internal sealed class DoctorCommand : CliCommand
{
    private readonly Flag _json = new("--json", "Prints the findings as a JSON array.");

    public DoctorCommand()
        : base("doctor", "Looks for what keeps runs from working, and for what they left; says what helps, and changes nothing.")
    {
        Add(_json);
    }

    public override IReadOnlyList<string> Examples =>
    [
        "wt-run doctor",
        "wt-run doctor --json | jq -r '.[] | select(.status == \"problem\") | .help'",
    ];

    public override int Execute(Invocation invocation)
    {
        var here = invocation.Surroundings;
        var findings = new List<DiagnosisFinding>();
        var config = ConfigFile.Defaults;
        try
        {
            config = ConfigurationSource.Load(Config.In(invocation.Line), here);
        }
        catch (WorktreeIsolatorException e)
        {
            // The machine and the repository here may be ill all the same.
            findings.Add(new DiagnosisFinding("configuration", null, DiagnosisStatus.Problem, e.Message.Trim(), "wt-run check"));
        }

        var diagnosis = new Diagnosis(RunnerOptions.For(config, here.Environment), config.Retention);
        findings.AddRange(diagnosis.OfMachine());
        try
        {
            findings.AddRange(KnownProjects.In(config, here).SelectMany(diagnosis.Of));
        }
        catch (WorktreeIsolatorException e)
        {
            findings.Add(new DiagnosisFinding("projects", null, DiagnosisStatus.Note, e.Message.Trim(), e.Hint));
        }

        if (_json.IsGiven(invocation.Line))
        {
            StandardStreams.Out.Write(ToJson(findings));
        }
        else
        {
            StandardStreams.Out.WriteText(InWords(findings));
        }

        return findings.Exists(finding => finding.Status == DiagnosisStatus.Problem) ? ExitCodes.Wrong : ExitCodes.Success;
    }

    /// <summary>One line for each finding, and one for each line of its help.</summary>
    private static string InWords(List<DiagnosisFinding> findings)
    {
        var text = new StringBuilder();
        foreach (var finding in findings)
        {
            var where = finding.Project is { } project ? $"{project}: " : "";
            text.Append(Words.Printable($"{NameOf(finding.Status),-8} {where}{finding.Check}: {finding.Message.Replace("\n", "\n         ", StringComparison.Ordinal)}\n"));
            foreach (var line in finding.Help?.Split('\n') ?? [])
            {
                text.Append(Words.Printable($"    help: {line}\n"));
            }
        }

        return text.ToString();
    }

    private static string NameOf(DiagnosisStatus status) => status switch
    {
        DiagnosisStatus.Ok => "ok",
        DiagnosisStatus.Note => "note",
        _ => "problem",
    };

    private static byte[] ToJson(List<DiagnosisFinding> findings) => JsonOutput.Write(writer =>
    {
        writer.WriteStartArray();
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("check", finding.Check);
            writer.WriteString("project", finding.Project);
            writer.WriteString("status", NameOf(finding.Status));
            writer.WriteString("message", finding.Message);
            writer.WriteString("help", finding.Help);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
