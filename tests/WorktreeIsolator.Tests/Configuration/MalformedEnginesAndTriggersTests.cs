using Xunit;

namespace WorktreeIsolator.Tests.Configuration;

public class MalformedEnginesAndTriggersTests
{
    private const string Start = "default_engine = 'claude'\nprojects.scout.path = '/src/scout'\n";
    private const string Cron = Start + "[[triggers.crons]]\nid = 'n'\nproject = 'scout'\n";
    private const string Webhook = Start + "[[triggers.webhooks]]\nid = 'w'\nproject = 'scout'\n";

    [Theory]
    [InlineData("[engines.mine]", 1, 1, "'command' is missing in [engines.mine]")]
    [InlineData("[engines.'a b']\ncommand = ['x']", 1, 10, "'a b' in [engines] is not a name")]
    [InlineData("[engines.claude]\ncommand = []", 2, 11, "names no program")]
    [InlineData("[engines.claude]\ncommand = 'claude -p'", 2, 11, "no shell reads it")]
    [InlineData("[engines.claude]\ncommand = ['claude', '--prompt={prompt}']", 2, 11, "must be an argument of its own")]
    [InlineData("[engines.claude]\ncommand = ['agent-{session}']", 2, 11, "not in the program")]
    [InlineData("[engines.claude]\ncommand = ['{prompt}']", 2, 11, "behind the program")]
    [InlineData("[engines.claude]\ntimout = '3m'", 2, 1, "unknown key 'timout' in [engines.claude]; did you mean 'timeout'?")]
    [InlineData("[engines.claude]\ntimeout = '0m'", 2, 11, "more than zero")]
    [InlineData("[engines.claude]\nmax_parallel = 0", 2, 16, "at least 1")]
    [InlineData("[engines.claude]\nenv = 'A=B'", 2, 7, "must be a table, not a string")]
    [InlineData("[engines.claude]\nenv = { 'A=B' = 'x' }", 2, 9, "'A=B' in 'env' of [engines.claude] is not the name of an environment variable")]
    [InlineData("[engines.claude]\nenv = { A = 1 }", 2, 13, "must be a string, not an integer")]
    [InlineData("[engines.claude]\nenv = { WT_RUN_ID = 'x' }", 2, 9, "is set by wt-run itself")]
    [InlineData("[engines.claude]\nlock = '~bob/lock'", 2, 8, "only '~/'")]
    [InlineData("triggers = true", 1, 12, "must be a table, not true")]
    [InlineData("[triggers]\nenable = true", 2, 1, "did you mean 'enabled'?")]
    [InlineData("[triggers.crons]\nid = 'x'", 1, 1, "each with the header [[triggers.crons]], not a table")]
    [InlineData("[triggers]\nwebhooks = [1]", 2, 13, "must hold tables only")]
    [InlineData("[triggers.server]\nport = 65536", 2, 8, "'port' in [triggers.server] is 65536; it must be from 0 to 65535")]
    [InlineData("[triggers.server]\nport = '80'", 2, 8, "must be a whole number without quotes, not '80'")]
    [InlineData("[triggers.server]\nhost = 'http://x/'", 2, 8, "is not an address or a name")]
    [InlineData("[triggers.server]\nallowed_hosts = ['a:80']", 2, 18, "write it without scheme, port and path")]
    [InlineData("[triggers.server]\nrate_limit = 0", 2, 14, "at least 1")]
    [InlineData("[triggers.server]\nmax_body_bytes = -1", 2, 18, "at least 1")]
    [InlineData("[[notify]]\ncommand = ['x']", 1, 1, "'events' is missing in [[notify]]")]
    [InlineData("[[notify]]\nevents = []\ncommand = ['x']", 2, 10, "is empty")]
    [InlineData("[[notify]]\nevents = ['need_merge']\ncommand = ['x']", 2, 11, "is not an event; did you mean 'needs_merge'?")]
    [InlineData("[[notify]]\nevents = ['failed']", 1, 1, "neither 'command' nor 'url'")]
    [InlineData("[[notify]]\nevents = ['failed']\ncommand = ['x']\nurl = 'https://x.test/'", 1, 1, "both 'command' and 'url'")]
    [InlineData("[[notify]]\nevents = ['failed']\nurl = 'ftp://x.test/'", 3, 7, "begins with 'http://' or 'https://'")]
    [InlineData("[notify]\nevents = ['failed']", 1, 1, "each with the header [[notify]], not a table")]
    [InlineData("[retention]\nrecords = '30'", 2, 11, "the unit after 30 is missing")]
    [InlineData("[retention]\nrescue_refs = '0d'", 2, 15, "more than zero")]
    [InlineData("[retention]\nkeep_last = -1", 2, 13, "at least 0")]
    [InlineData("[host]\nbacklog = 0", 2, 11, "at least 1")]
    [InlineData("[host]\nwaiting_supervisor = 2", 2, 1, "did you mean 'waiting_supervisors'?")]
    public void A_wrong_file_is_refused_with_its_place(string toml, int line, int column, string message) =>
        Parsed.IsRefused(toml, line, column, message);

    [Theory]
    [InlineData("schedule = '0 2 * *'", 6, 12, "it has 4 fields instead of the five")]
    [InlineData("schedule = '0 0 2 * * *'", 6, 12, "seconds and years are not among them")]
    [InlineData("schedule = '60 2 * * *'", 6, 12, "'60' is no minute; allowed are 0 to 59")]
    [InlineData("schedule = '0 2 * foo *'", 6, 12, "'foo' is no month; allowed are 1 to 12, 'jan' to 'dec'")]
    [InlineData("schedule = '0 0 31 2 *'", 6, 12, "it never fires")]
    [InlineData("schedule = '@daily'", 6, 12, "write '0 0 * * *' for '@daily'")]
    [InlineData("prompt = 'x'", 3, 1, "'schedule' is missing in [[triggers.crons]]")]
    [InlineData("schedule = '0 2 * * *'\nmisfire = 'all'", 7, 11, "allowed are 'latest', 'skip'")]
    [InlineData("schedule = '0 2 * * *'\nif_busy = 'waits'", 7, 11, "did you mean 'wait'?")]
    [InlineData("schedule = '0 2 * * *'\nworktree = 'no'", 7, 12, "must be true or false")]
    [InlineData("schedule = '0 2 * * *'\nengine = 'codx'", 7, 10, "did you mean 'codex'?")]
    [InlineData("schedule = '0 2 * * *'\ntimezone = '../etc/passwd'", 7, 12, "is not the name of a time zone")]
    [InlineData("schedule = '0 2 * * *'\n[[triggers.crons]]\nid = 'n'\nproject = 'scout'\nschedule = '0 2 * * *'", 8, 6, "as in line 4")]
    public void A_wrong_cron_entry_is_refused_with_its_place(string keys, int line, int column, string message) =>
        Parsed.IsRefused(Cron + keys, line, column, message);

    [Theory]
    [InlineData("path = '/h'", 3, 1, "neither 'secret_env' nor 'secret', which auth = \"bearer\" needs")]
    [InlineData("path = '/h'\nauth = 'hmac-sha256'", 3, 1, "which auth = \"hmac-sha256\" needs")]
    [InlineData("path = '/h'\nauth = 'hmac'\nsecret_env = ['S']", 7, 8, "allowed are 'bearer', 'hmac-sha256', 'standard-webhooks', 'none'")]
    [InlineData("path = '/h'\nsecret = 's'\nsecret_env = ['S']", 7, 10, "stands beside 'secret_env'")]
    [InlineData("path = '/h'\nsecret_env = []", 7, 14, "is empty")]
    [InlineData("path = '/h'\nauth = 'none'\nsecret_env = ['S']", 7, 8, "would prove nothing")]
    [InlineData("path = '/h'\nauth = 'none'\n[triggers.server]\nhost = '0.0.0.0'", 7, 8, "the host listens on '0.0.0.0'")]
    [InlineData("path = 'hooks'\nsecret_env = ['S']", 6, 8, "does not begin with '/'")]
    [InlineData("path = '/h?x'\nsecret_env = ['S']", 6, 8, "has a character other than")]
    [InlineData("path = '/a/../b'\nsecret_env = ['S']", 6, 8, "has an empty segment")]
    [InlineData("path = '/healthz'\nsecret_env = ['S']", 6, 8, "belongs to wt-run itself")]
    [InlineData("secret_env = ['S']", 3, 1, "'path' is missing")]
    [InlineData("path = '/h'\nsecret_env = ['S']\n[[triggers.webhooks]]\nid = 'v'\nproject = 'scout'\npath = '/h'\nsecret_env = ['S']", 11, 8, "as in line 6")]
    [InlineData("path = '/h'\nsecret_env = ['S']\n[[triggers.crons]]\nid = 'w'\nproject = 'scout'\nschedule = '* * * * *'", 4, 6, "as in line 9")]
    public void A_wrong_webhook_is_refused_with_its_place(string keys, int line, int column, string message) =>
        Parsed.IsRefused(Webhook + keys, line, column, message);

    [Theory]
    [InlineData("id = 'a/b'\nproject = 'scout'", 4, 6, "is 'a/b', which is not a name")]
    [InlineData("project = 'scout'", 3, 1, "'id' is missing in [[triggers.crons]]")]
    [InlineData("id = 'n'", 3, 1, "'project' is missing in [[triggers.crons]]")]
    [InlineData("id = 'n'\nproject = 'scoot'", 5, 11, "is 'scoot', which is no project; did you mean 'scout'?")]
    public void A_trigger_must_say_which_one_it_is_and_where_it_runs(string keys, int line, int column, string message) =>
        Parsed.IsRefused($"{Start}[[triggers.crons]]\n{keys}\nschedule = '0 2 * * *'", line, column, message);

    [Fact]
    public void A_trigger_without_any_engine_is_refused() => Parsed.IsRefused(
        "[projects.scout]\npath = '/s'\n[[triggers.crons]]\nid = 'n'\nschedule = '0 2 * * *'\nproject = 'scout'",
        3,
        1,
        "'engine' is missing in [[triggers.crons]]");
}
