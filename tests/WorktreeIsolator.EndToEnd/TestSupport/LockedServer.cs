using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WorktreeIsolator.EndToEnd.TestSupport;

/// <summary>A server that asks everyone for a password.</summary>
internal sealed class LockedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public LockedServer()
    {
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/repo.git";
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public string Url { get; }

    public bool WasAsked { get; private set; }

    public void Dispose() => _listener.Dispose();

    private void Serve()
    {
        try
        {
            while (true)
            {
                using var client = _listener.AcceptTcpClient();
                using var stream = client.GetStream();
                _ = stream.Read(new byte[8192]);
                WasAsked = true;
                stream.Write(Encoding.ASCII.GetBytes(
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"locked\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
