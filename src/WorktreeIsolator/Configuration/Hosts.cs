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

    /// <summary>
    /// What is wrong with an address or name, as a clause; null if it looks like one. The system says the rest when it listens; asking
    /// <see cref="Uri"/> would load another assembly at every start.
    /// </summary>
    public static string? Check(string host)
    {
        var inner = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
        var colons = 0;
        var isName = inner.Length == host.Length && char.IsAsciiLetterOrDigit(host[0]);
        var isAddress = true;
        foreach (var c in inner)
        {
            colons += c == ':' ? 1 : 0;
            isName = isName && (char.IsAsciiLetterOrDigit(c) || c is '.' or '-');
            isAddress = isAddress && (char.IsAsciiHexDigit(c) || c is ':' or '.');
        }

        return isName || (isAddress && colons >= 2) ? null : "is not an address or a name; write it without scheme, port and path";
    }
}
