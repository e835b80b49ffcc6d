using System.ComponentModel;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>
/// A directory of a test that is a file system of its own, with little room. It is mounted for one thread alone and everything that this thread
/// starts, and is gone with them. Needs root.
/// </summary>
internal sealed partial class SmallDisk
{
    private const int NewMountNamespace = 0x00020000; // CLONE_NEWNS

    private readonly Scratch _scratch;
    private readonly string _directory;

    private SmallDisk(Scratch scratch, string directory) => (_scratch, _directory) = (scratch, directory);

    /// <summary>Runs a test.</summary>
    /// <param name="scratch">Its place.</param>
    /// <param name="name">The directory in it.</param>
    /// <param name="size">As mount(8) wants it: <c>8m</c>.</param>
    /// <param name="test">Is given the disk.</param>
    public static void Use(Scratch scratch, string name, string size, Action<SmallDisk> test)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                if (Unshare(NewMountNamespace) != 0)
                {
                    throw new Win32Exception(Marshal.GetLastPInvokeError(), "unshare(CLONE_NEWNS), which needs root");
                }

                var directory = scratch.Directory(name);
                scratch.Run(scratch.Root, "mount", "--make-rprivate", "/").Expect(0);
                scratch.Run(scratch.Root, "mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", directory).Expect(0);
                test(new SmallDisk(scratch, directory));
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>A line for a shell that takes all the room but so much.</summary>
    /// <param name="kibibytes">What is left.</param>
    public string FillBut(int kibibytes) =>
        $"head -c $(( ($(stat -f -c %f '{_directory}') * $(stat -f -c %S '{_directory}')) - {kibibytes} * 1024 )) /dev/zero > '{Ballast}'";

    /// <summary>Takes all the room but so much.</summary>
    public void LeaveFree(int kibibytes) => _scratch.Run(_scratch.Root, "sh", "-c", FillBut(kibibytes)).Expect(0);

    /// <summary>Gives the room back.</summary>
    public void Free() => File.Delete(Ballast);

    private string Ballast => Path.Combine(_directory, ".git/ballast");

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);
}
