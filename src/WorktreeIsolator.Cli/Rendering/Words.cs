using System.Globalization;
using WorktreeIsolator.Configuration;

namespace WorktreeIsolator.Cli.Rendering;

/// <summary>Times and commands as a person reads them.</summary>
internal static class Words
{
    /// <summary>How long ago something was: <c>3m ago</c>.</summary>
    public static string Age(DateTimeOffset when)
    {
        var age = TimeProvider.System.GetUtcNow() - when;
        return age switch
        {
            { TotalSeconds: < 1 } => "now",
            { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0}s ago"),
            { TotalHours: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalMinutes):0}m ago"),
            { TotalDays: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalHours):0}h ago"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(age.TotalDays):0}d ago"),
        };
    }

    /// <summary>How long something took, as precise as anyone wants to know.</summary>
    public static string Took(TimeSpan time) =>
        time.TotalSeconds < 10 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0}s") : Duration.Format(TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)));

    /// <summary>A command as a person would type it.</summary>
    public static string Command(IEnumerable<string> argv) => string.Join(' ', argv.Select(Quoted));

    /// <summary>A word for a shell, quoted only if it has to be.</summary>
    public static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,@+%{}".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
