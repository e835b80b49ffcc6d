using System.Reflection;
using System.Runtime.InteropServices;

namespace WorktreeIsolator.Tests.TestSupport;

/// <summary>The programs beside this project that the tests start.</summary>
internal static class TestPrograms
{
    public static string Engine { get; } = PathOf("test-engine");

    public static string Supervisor { get; } = PathOf("test-supervisor");

    /// <summary>An environment in which they start, however the tests were started, with nothing else in it.</summary>
    public static Dictionary<string, string> Environment(params (string Name, string Value)[] more)
    {
        var dotnetRoot = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
            ["DOTNET_ROOT"] = dotnetRoot,
        };
        foreach (var (name, value) in more)
        {
            environment[name] = value;
        }

        return environment;
    }

    private static string PathOf(string name) => Path.GetFullPath(
        Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == name).Value!);
}
