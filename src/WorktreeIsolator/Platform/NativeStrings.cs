using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>A null-terminated array of C strings in UTF-8, as execve(2) takes them.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly List<nint> _strings = [];

    public NativeStrings(IEnumerable<string> strings)
    {
        foreach (var s in strings)
        {
            _strings.Add(Marshal.StringToCoTaskMemUTF8(s));
        }

        Pointer = (byte**)NativeMemory.Alloc((nuint)(_strings.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < _strings.Count; i++)
        {
            Pointer[i] = (byte*)_strings[i];
        }

        Pointer[_strings.Count] = null;
    }

    public byte** Pointer { get; private set; }

    public void Dispose()
    {
        foreach (var s in _strings)
        {
            Marshal.FreeCoTaskMem(s);
        }

        _strings.Clear();
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
