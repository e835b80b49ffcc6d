using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>A null-terminated array of C strings in UTF-8, as execve(2) takes them.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    // An array: a list of a value type would be compiled anew in every process (docs/decisions/0006).
    private readonly nint[] _strings;

    public NativeStrings(string[] strings)
    {
        _strings = new nint[strings.Length];
        Pointer = (byte**)NativeMemory.Alloc((nuint)(strings.Length + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < strings.Length; i++)
        {
            _strings[i] = Marshal.StringToCoTaskMemUTF8(strings[i]);
            Pointer[i] = (byte*)_strings[i];
        }

        Pointer[strings.Length] = null;
    }

    public byte** Pointer { get; private set; }

    public void Dispose()
    {
        foreach (var s in _strings)
        {
            Marshal.FreeCoTaskMem(s);
        }

        Array.Clear(_strings);
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
