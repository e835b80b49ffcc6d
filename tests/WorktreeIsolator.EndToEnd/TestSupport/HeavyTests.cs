namespace WorktreeIsolator.EndToEnd.TestSupport;

internal static class HeavyTests
{
    /// <summary>Heavy tests run in a small form, in full with <c>WT_RUN_HEAVY=1</c>.</summary>
    public static bool AreOn { get; } = Environment.GetEnvironmentVariable("WT_RUN_HEAVY") == "1";

    /// <summary>How many of something: few by default, many in full.</summary>
    public static int Count(int few, int many) => AreOn ? many : few;
}
