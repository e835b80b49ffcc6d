using System.Runtime.InteropServices;

namespace WorktreeIsolator.Platform;

/// <summary>A null-terminated array of C strings, as execve(2) takes them: UTF-8, or whatever bytes a <see cref="ByteText"/> stands for.</summary>
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
            Pointer[i] = ByteTextMarshaller.ConvertToUnmanaged(strings[i]);
            _strings[i] = (nint)Pointer[i];
        }

        Pointer[strings.Length] = null;
    }

    public byte** Pointer { get; private set; }

    public void Dispose()
    {
        foreach (var s in _strings)
        {
            ByteTextMarshaller.Free((byte*)s);
        }

        Array.Clear(_strings);
        NativeMemory.Free(Pointer);
        Pointer = null;
    }
}
