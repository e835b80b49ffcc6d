using System.Globalization;

namespace WorktreeIsolator.EndToEnd.Model;

/// <summary>What the environment says of random tests.</summary>
internal static class ModelSeed
{
    /// <summary><c>WT_RUN_MODEL_SEED</c>; null if the test shall choose.</summary>
    public static int? Given => Number("WT_RUN_MODEL_SEED");

    /// <summary><c>WT_RUN_MODEL_STEPS</c>; null for the usual number.</summary>
    public static int? Steps => Number("WT_RUN_MODEL_STEPS");

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
