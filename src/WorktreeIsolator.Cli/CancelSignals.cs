using System.Globalization;
using System.Runtime.InteropServices;

namespace WorktreeIsolator.Cli;

/// <summary>Ctrl-C, TERM and HUP: the first cancels, the second kills.</summary>
internal sealed class CancelSignals : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly CancellationTokenSource _kill = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Action<string> _tell;
    private int _count;

    /// <summary>Takes the signals over.</summary>
    /// <param name="tell">Is told what a signal does, on another thread.</param>
    /// <param name="alsoHangup">False if HUP is not to be taken over.</param>
    public CancelSignals(Action<string> tell, bool alsoHangup = true)
    {
        _tell = tell;

        // What whoever started us ignores stays ignored: nohup's hangup, and the interrupt of a job that a script put into the background.
        var ignored = IgnoredSignals();
        if (alsoHangup)
        {
            Register(PosixSignal.SIGHUP, 1);
        }

        Register(PosixSignal.SIGINT, 2);
        Register(PosixSignal.SIGTERM, 15);

        void Register(PosixSignal signal, int number)
        {
            if ((ignored >> (number - 1) & 1) == 0)
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
            }
        }
    }

    /// <summary>The first signal came.</summary>
    public CancellationToken Cancel => _cancel.Token;

    /// <summary>The second signal came.</summary>
    public CancellationToken Kill => _kill.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _cancel.Dispose();
        _kill.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        try
        {
            Count();
        }
        catch (ObjectDisposedException)
        {
            // The run ended in this moment.
        }
    }

    private void Count()
    {
        switch (Interlocked.Increment(ref _count))
        {
            case 1:
                _cancel.Cancel();
                _tell("cancelling; once more kills");
                break;
            case 2:
                _kill.Cancel();
                _tell("killing");
                break;
            default:
                break;
        }
    }

    /// <summary>The mask that the kernel shows as <c>SigIgn: 0000000000001000</c>, bit 0 for signal 1.</summary>
    private static ulong IgnoredSignals()
    {
        const string Field = "SigIgn:";
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(Field, StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(Field.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask))
            {
                return mask;
            }
        }

        return 0;
    }
}
