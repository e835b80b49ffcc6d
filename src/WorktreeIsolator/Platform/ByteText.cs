using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using System.Text;
using System.Text.Unicode;

namespace WorktreeIsolator.Platform;

/// <summary>
/// Names of files and branches are bytes, and need not be UTF-8. As text each byte that belongs to no UTF-8 character is the lone surrogate
/// U+DC00 + byte, which no valid text holds, and comes back as that byte (as Python does it, PEP 383).
/// </summary>
internal static class ByteText
{
    private const char First = '\uDC80';
    private const char Last = '\uDCFF';

    /// <summary>The text that stands for these bytes.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            // What DecodeFromUtf8 takes for one wrong character may be several bytes.
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                text.Append((char)('\uDC00' + bytes[0]));
                length = 1;
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }

    /// <summary>The bytes that a text stands for.</summary>
    public static byte[] Encode(string text)
    {
        if (IsUtf8(text))
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var bytes = new List<byte>(text.Length);
        Span<byte> encoded = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length) != OperationStatus.Done && text[i] is >= First and <= Last)
            {
                bytes.Add((byte)text[i]);
            }
            else
            {
                bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
            }

            i += length;
        }

        return [.. bytes];
    }

    /// <summary>Whether these bytes are UTF-8; .NET's own classes cannot open a file whose name is not.</summary>
    public static bool IsUtf8(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is >= First and <= Last && (i == 0 || !char.IsHighSurrogate(text[i - 1])))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Hands paths to system calls as the bytes that they stand for.</summary>
[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(ByteTextMarshaller))]
internal static unsafe class ByteTextMarshaller
{
    public static byte* ConvertToUnmanaged(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var bytes = ByteText.Encode(text);
        var memory = (byte*)NativeMemory.Alloc((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        memory[bytes.Length] = 0;
        return memory;
    }

    public static void Free(byte* memory) => NativeMemory.Free(memory);
}
