namespace WorktreeIsolator.Platform;

/// <summary>What makes a file the same file under every path: device and inode.</summary>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
internal readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    private const int AtFdCwd = -100;
    private const int AtSymlinkNoFollow = 0x100;
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>The file at a path, not followed if it is a symlink; null if there is none.</summary>
    public static unsafe FileIdentity? Of(string path)
    {
        Libc.StatX stat;
        return Libc.Statx(AtFdCwd, path, AtSymlinkNoFollow, BasicStats, &stat) == 0
            ? new FileIdentity(stat.DevMajor, stat.DevMinor, stat.Inode)
            : null;
    }

    /// <summary>The file behind a descriptor.</summary>
    public static unsafe FileIdentity? Of(int fd)
    {
        Libc.StatX stat;
        return Libc.Statx(fd, "", AtEmptyPath, BasicStats, &stat) == 0
            ? new FileIdentity(stat.DevMajor, stat.DevMinor, stat.Inode)
            : null;
    }
}
