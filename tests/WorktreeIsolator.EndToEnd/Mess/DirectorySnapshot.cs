using System.Formats.Tar;
using System.Globalization;
using System.Text;
using WorktreeIsolator.EndToEnd.TestSupport;

namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>One entry of a directory.</summary>
/// <param name="Mode">As in a tree for files and symbolic links; the kind of entry for what git does not keep.</param>
/// <param name="Permissions">The permission bits, in octal.</param>
/// <param name="Id">The object id that its contents would have.</param>
internal sealed record SnapshotEntry(string Mode, string Permissions, string Id);

/// <summary>Everything in a directory, by path, as it is at one moment.</summary>
internal static class DirectorySnapshot
{
    /// <summary>Takes it.</summary>
    /// <param name="scratch">The test's place.</param>
    /// <param name="directory">Absolute path.</param>
    /// <param name="without">Names at its top to leave out.</param>
    /// <returns>Paths relative to the directory; bytes of a name that are not UTF-8 are replaced.</returns>
    public static IReadOnlyDictionary<string, SnapshotEntry> Of(Scratch scratch, string directory, params IReadOnlyList<string> without)
    {
        // .NET itself cannot open a file whose name is not UTF-8.
        var tar = scratch.Run(
            directory, ["tar", "--create", "--file=-", "--anchored", "--no-wildcards", .. without.Select(name => $"--exclude=./{name}"), "."]).Expect(0);
        var entries = new Dictionary<string, SnapshotEntry>(StringComparer.Ordinal);
        using var reader = new TarReader(new MemoryStream(tar.OutputBytes));
        while (reader.GetNextEntry() is { } entry)
        {
            var permissions = Convert.ToString((int)entry.Mode, 8);
            entries[entry.Name[2..].TrimEnd('/')] = entry.EntryType switch
            {
                // A second name of the same file, which is enough to know here.
                TarEntryType.HardLink => new SnapshotEntry("hard link", permissions, entry.LinkName),
                TarEntryType.SymbolicLink => new SnapshotEntry("120000", permissions, Ledger.BlobId(Encoding.UTF8.GetBytes(entry.LinkName))),
                TarEntryType.RegularFile or TarEntryType.V7RegularFile => new SnapshotEntry(
                    entry.Mode.HasFlag(UnixFileMode.UserExecute) ? "100755" : "100644", permissions, Ledger.BlobId(Contents(entry))),
                _ => new SnapshotEntry(entry.EntryType.ToString(), permissions, ""),
            };
        }

        return entries;
    }

    private static byte[] Contents(TarEntry entry)
    {
        using var contents = new MemoryStream();
        entry.DataStream?.CopyTo(contents);
        return contents.ToArray();
    }
}
