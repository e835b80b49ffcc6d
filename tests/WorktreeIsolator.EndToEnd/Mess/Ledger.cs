using System.Security.Cryptography;
using System.Text;

namespace WorktreeIsolator.EndToEnd.Mess;

/// <summary>An object that an engine made.</summary>
/// <param name="Id">Its object id.</param>
/// <param name="What">What it is, for a person.</param>
internal sealed record MadeObject(string Id, string What);

/// <summary>A file that an engine made.</summary>
/// <param name="Mode">As in a tree: <c>100644</c>, <c>100755</c>, <c>120000</c>.</param>
/// <param name="Id">The object id of its contents.</param>
/// <param name="Path">Relative to the top of the worktree; each character is a byte of the name.</param>
internal sealed record MadeFile(string Mode, string Id, string Path);

/// <summary>What an engine noted of what it made.</summary>
internal sealed class Ledger
{
    private Ledger(string[] lines)
    {
        foreach (var line in lines)
        {
            var fields = line.Split(' ', 2);
            var rest = fields[^1];
            switch (fields[0])
            {
                case "text":
                    Objects.Add(new MadeObject(BlobId(Encoding.Latin1.GetBytes(rest + "\n")), rest));
                    break;
                case "object":
                    Objects.Add(new MadeObject(rest.Split(' ')[0], rest));
                    break;
                case "name":
                    var parts = rest.Split(' ');
                    Files.Add(new MadeFile(parts[0], parts[1], FromHex(parts[2])));
                    break;
                case "gone":
                    Gone.Add(FromHex(rest));
                    break;
                default:
                    throw new InvalidOperationException($"What is '{line}'?");
            }
        }
    }

    public List<MadeObject> Objects { get; } = [];

    public List<MadeFile> Files { get; } = [];

    /// <summary>Paths that the engine's work has no longer.</summary>
    public List<string> Gone { get; } = [];

    public static Ledger Read(string path) => new(File.Exists(path) ? File.ReadAllLines(path, Encoding.Latin1) : []);

    /// <summary>The object id that git gives to contents, in a repository with SHA-1.</summary>
    public static string BlobId(byte[] contents)
    {
#pragma warning disable CA5350 // It is git's choice, and nothing here is secret.
        return Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {contents.Length}\0"), .. contents]));
#pragma warning restore CA5350
    }

    private static string FromHex(string hex) => Encoding.Latin1.GetString(Convert.FromHexString(hex));
}
