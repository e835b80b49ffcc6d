using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class HostsTests
{
    [Theory]
    [InlineData("example.org", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("[fe80::1]", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("example.org:80", false)]
    [InlineData("http://example.org", false)]
    [InlineData("*", false)]
    [InlineData("a b", false)]
    [InlineData("[]", false)]
    [InlineData("-x", false)]
    public void A_host_is_an_address_or_a_name_and_nothing_around_it(string host, bool allowed) =>
        Assert.Equal(allowed, Hosts.Check(host) is null);
}
