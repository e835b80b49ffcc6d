using System.Globalization;
using System.Net.Http;
using System.Net.Http.Headers;

namespace WorktreeIsolator.Notifications;

/// <summary>Posts JSON to an address. Apart from who decides to: the HTTP assemblies load when this is used, and cost nobody else.</summary>
internal static class JsonPost
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Posts; null if the answer was a success.</summary>
    /// <param name="address">An http or https address. Redirects are not followed: the answer to a record is not another address to send it to.</param>
    /// <param name="json">The body.</param>
    /// <param name="cancellation">Breaks it off.</param>
    /// <returns>A clause without the address, which may hold a token.</returns>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public static string? WhyFailed(Uri address, byte[] json, CancellationToken cancellation)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        using var client = new HttpClient(handler) { Timeout = Timeout };
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(json) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("wt-run", null));
        try
        {
            using var response = client.Send(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"the answer was {(int)response.StatusCode}");
        }
        catch (TaskCanceledException e) when (e.InnerException is TimeoutException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {Timeout.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            return e.Message.TrimEnd('.');
        }
    }
}
