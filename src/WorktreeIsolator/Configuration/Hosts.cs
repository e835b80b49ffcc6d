namespace WorktreeIsolator.Configuration;

/// <summary>Judges the address on which the host listens, without looking any name up.</summary>
internal static class Hosts
{
    /// <summary>Whether the host can be reached from this machine only: <c>localhost</c>, <c>::1</c> or <c>127.*.*.*</c>.</summary>
    public static bool IsLoopback(string host)
    {
        if (host is "localhost" or "::1" or "[::1]")
        {
            return true;
        }

        var parts = host.Split('.');
        if (parts.Length != 4 || parts[0] != "127")
        {
            return false;
        }

        foreach (var part in parts)
        {
            if (part.Length is 0 or > 3 || !byte.TryParse(part, out _))
            {
                return false;
            }
        }

        return true;
    }
}
