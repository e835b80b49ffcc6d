using System.Runtime.InteropServices;

namespace WorktreeIsolator.Configuration;

/// <summary>One thing that is wrong, or worth a warning, in a configuration file.</summary>
/// <param name="File">The file's absolute path.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Column">The column in Unicode code points, counted from 1.</param>
/// <param name="Message">What is wrong, which value it is and what is allowed. Never holds a secret's value.</param>
public sealed record ConfigMistake(string File, int Line, int Column, string Message)
{
    /// <summary>The mistake as compilers write it: <c>file:line:column: message</c>.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}

/// <summary>A place in a configuration file.</summary>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Column">The column in Unicode code points, counted from 1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ConfigPosition(int Line, int Column);
