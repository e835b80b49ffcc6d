using WorktreeIsolator.Processes;
using Xunit;

namespace WorktreeIsolator.Tests.Processes;

public class ProgramNamesTests
{
    [Theory]
    [InlineData("/opt/claude -p", "claude")]
    [InlineData("-bash", "bash")]
    [InlineData("node /usr/lib/cli/claude.js --resume", "node claude.js claude")]
    [InlineData("/usr/bin/node --require ./hook.js --max-old-space-size=4096 /usr/bin/claude", "node claude claude")]
    [InlineData("node -e claude", "node")]
    [InlineData("python3.12 -W ignore -u agent.py", "python3.12 agent.py agent")]
    [InlineData("python3 -m aider --yes", "python3 aider aider")]
    [InlineData("python3 -c pass aider", "python3")]
    [InlineData("deno run -A agent.ts", "deno agent.ts agent")]
    [InlineData("bun run", "bun")]
    [InlineData("dotnet exec wt-run.dll list", "dotnet wt-run.dll wt-run")]
    [InlineData("bash -e -o pipefail bin/agent.sh run", "bash agent.sh agent")]
    [InlineData("sh -c claude", "sh")]
    [InlineData("sh", "sh")]
    [InlineData("node run", "node run run")]
    [InlineData("", "")]
    public void A_program_is_called_by_its_own_name_and_by_that_of_its_script(string commandLine, string names) =>
        Assert.Equal(Words(names), ProgramNames.Of(Words(commandLine)));

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
