namespace WorktreeIsolator.Platform;

/// <summary>Gives a signal its default action; disposing gives it back what it had.</summary>
internal sealed unsafe class DefaultSignal : IDisposable
{
    private readonly int _signal;
    private readonly byte[] _before = new byte[Libc.OpaqueSize];
    private bool _isSet;

    public DefaultSignal(int signal)
    {
        _signal = signal;
        var action = stackalloc byte[Libc.OpaqueSize]; // zeros: SIG_DFL, no flags
        fixed (byte* before = _before)
        {
            _isSet = Libc.SigAction(signal, action, before) == 0;
        }
    }

    public void Dispose()
    {
        if (_isSet)
        {
            _isSet = false;
            fixed (byte* before = _before)
            {
                _ = Libc.SigAction(_signal, before, null);
            }
        }
    }
}
