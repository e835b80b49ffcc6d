using WorktreeIsolator.Configuration;
using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class SecretsTests
{
    private const string Start = "default_engine = 'claude'\nprojects.scout.path = '/s'\n[[triggers.webhooks]]\nid = 'w'\npath = '/h'\nproject = 'scout'\n";

    [Fact]
    public void A_secret_in_the_file_is_known_with_its_place_and_never_written_out()
    {
        var file = Parsed.From(Start + "secret = 'hunter2'");
        Assert.True(file.HoldsSecrets);
        Assert.Equal(new ConfigPosition(7, 10), file.FirstSecret);
        var webhook = Assert.Single(file.Triggers.Webhooks);
        Assert.Equal("hunter2", webhook.Secret?.Reveal());
        Assert.DoesNotContain("hunter2", webhook.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_that_hold_secrets_are_listed_once_and_the_file_holds_none()
    {
        var file = Parsed.From(
            Start + "secret_env = ['A', 'B']\n[[triggers.webhooks]]\nid = 'v'\npath = '/v'\nproject = 'scout'\nsecret_env = ['B', 'C']");
        Assert.Equal(["A", "B", "C"], file.SecretVariables);
        Assert.False(file.HoldsSecrets);
    }

    [Theory]
    [InlineData("secret = ['hunter2']")]
    [InlineData("secret = \"hunter2\\u0000\"")]
    [InlineData("secret_env = 'hunter2!'")]
    [InlineData("secret_env = ['hunter2!']")]
    [InlineData("secret = 'hunter2'\nsecret_env = ['X']")]
    [InlineData("secret = 'hunter2'\nauth = 'none'")]
    [InlineData("secert = 'hunter2'")]
    [InlineData("secret = hunter2")]
    [InlineData("secret = 'hunter2' x")]
    [InlineData("secret = 'hunter2'\nsecret = 'hunter2'")]
    [InlineData("secret_env = ['X']\n[engines.claude]\nenv = { TOKEN = ['hunter2'] }")]
    [InlineData("secret_env = ['X']\n[engines.claude]\nenv = 'TOKEN=hunter2'")]
    [InlineData("secret_env = ['X']\n[[notify]]\nevents = ['failed']\nurl = 'hooks.test/hunter2'")]
    public void No_mistake_quotes_what_may_be_a_secret(string keys)
    {
        var error = Assert.Throws<ConfigException>(() => Parsed.From(Start + keys));
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.8.0.255", true)]
    [InlineData("localhost", true)]
    [InlineData("::1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("127.0.0.1.example.org", false)]
    [InlineData("127.0.0.999", false)]
    [InlineData("::", false)]
    public void A_webhook_without_proof_needs_a_host_that_only_this_machine_reaches(string host, bool allowed)
    {
        var toml = $"{Start}auth = 'none'\n[triggers.server]\nhost = '{host}'";
        if (allowed)
        {
            Assert.Equal(WebhookAuth.None, Assert.Single(Parsed.From(toml).Triggers.Webhooks).Auth);
        }
        else
        {
            Parsed.IsRefused(toml, 7, 8, "without proof only loopback is allowed");
        }
    }
}
