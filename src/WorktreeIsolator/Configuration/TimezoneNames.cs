namespace WorktreeIsolator.Configuration;

/// <summary>Judges names of time zones by the system's own data.</summary>
internal static class TimezoneNames
{
    private const string DataDirectory = "/usr/share/zoneinfo";

    /// <summary>What is wrong with a name, as a clause; null if it is right, or if this system has no time zones to compare with.</summary>
    public static string? Check(string name)
    {
        if (!HasOnlyZoneCharacters(name))
        {
            return "is not the name of a time zone; allowed are names such as 'Europe/Berlin' and 'UTC'";
        }

        return name == "UTC" || !Directory.Exists(DataDirectory) || IsKnown(name) ? null : Unknown(name);
    }

    // Once all zones are read, the runtime finds them in any case; before, and in the next process, it does not.
    private static bool IsKnown(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.Id == name;

    /// <summary>Reading all zones for a suggestion is slow, but only a wrong name pays for it.</summary>
    private static string Unknown(string name)
    {
        var known = TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id);
        return Suggestion.For(name, known) is { } meant
            ? $"is not a time zone that this system knows; did you mean '{meant}'?"
            : "is not a time zone that this system knows; allowed are names such as 'Europe/Berlin' and 'UTC'";
    }

    /// <summary>The name is looked up as a file, so it must not lead anywhere else.</summary>
    private static bool HasOnlyZoneCharacters(string name)
    {
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('/' or '_' or '-' or '+'))
            {
                return false;
            }
        }

        return !name.StartsWith('/') && !name.EndsWith('/');
    }
}
