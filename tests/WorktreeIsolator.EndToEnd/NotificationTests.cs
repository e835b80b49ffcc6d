using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using WorktreeIsolator.Configuration;
using WorktreeIsolator.EndToEnd.TestSupport;
using WorktreeIsolator.Notifications;
using WorktreeIsolator.Processes;
using WorktreeIsolator.Records;
using Xunit;

namespace WorktreeIsolator.EndToEnd;

/// <summary><c>[[notify]]</c>: sent by whoever brings a run to its end, once its record is final.</summary>
public sealed class A_notification : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestRepository _repository;

    public A_notification() => _repository = new TestRepository(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Gives_the_final_record_to_a_command_for_the_events_that_it_names()
    {
        Notify("[\"failed\"]", $"cat > '{_scratch.Path("told")}'; echo said by notify");

        _repository.WtRun.Run("run", "--", "true").Expect(0);
        Assert.False(File.Exists(_scratch.Path("told")));
        var run = _repository.WtRun.Run("run", "--json", "--", "sh", "-c", "exit 3").Expect(3);

        Assert.Equal(run.Output, File.ReadAllText(_scratch.Path("told")));
        Assert.Contains("said by notify\n", run.Record.LogText(), StringComparison.Ordinal);
        Assert.DoesNotContain("said by notify", run.Error, StringComparison.Ordinal);
        Assert.EndsWith(": told", Assert.Single(run.Record.Events("notify")), StringComparison.Ordinal);
    }

    [Fact]
    public void Comes_also_for_a_run_that_was_killed_by_a_second_signal()
    {
        Notify("[\"cancelled\"]", $"cat > '{_scratch.Path("told")}'");
        using var run = _repository.WtRun.Start("run", "--json", "--", "sh", "-c", $"trap 'touch {_scratch.Path("asked")}' INT; trap '' TERM; touch '{_scratch.Path("reached")}'; while :; do sleep 0.1; done");
        Eventually.True(() => File.Exists(_scratch.Path("reached")), "the engine runs");

        run.Terminate();
        Eventually.True(() => File.Exists(_scratch.Path("asked")), "the first signal was taken");
        run.Terminate();

        var ended = run.Wait().Expect(122);
        Assert.Equal(ended.Output, File.ReadAllText(_scratch.Path("told")));
    }

    [Fact]
    public void Has_the_runs_variables_a_session_of_its_own_and_no_secret()
    {
        _scratch.Set("HOOK_SECRET", "hidden");
        Notify(
            "[\"succeeded\"]",
            $"env > '{_scratch.Path("env")}'; pwd > '{_scratch.Path("pwd")}'; cut -d' ' -f6 /proc/$$/stat > '{_scratch.Path("session")}'; echo $$ >> '{_scratch.Path("session")}'",
            "[[triggers.webhooks]]\nid = \"w\"\npath = \"/w\"\nauth = \"bearer\"\nsecret_env = [\"HOOK_SECRET\"]\nproject = \"repo\"\nengine = \"claude\"\n");

        var record = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0).Record;

        var environment = File.ReadAllText(_scratch.Path("env"));
        Assert.Contains($"WT_RUN_ID={record.Id}\n", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", environment, StringComparison.Ordinal);
        Assert.Equal($"{_repository.Path}\n", File.ReadAllText(_scratch.Path("pwd")));
        var session = File.ReadAllLines(_scratch.Path("session"));
        Assert.Equal(session[1], session[0]);
    }

    [Fact]
    public void That_fails_is_a_warning_and_changes_nothing()
    {
        Notify("[\"succeeded\"]", "echo why; exit 9", "[[notify]]\nevents = [\"succeeded\"]\ncommand = [\"no-such-program\"]\n");

        var run = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0);

        Assert.Equal(RunState.Succeeded, _repository.Show(run.Record.Id).State);
        Assert.Equal(run.Output, _repository.WtRun.Run("show", "--json", run.Record.Id).Expect(0).Output);
        Assert.Contains("warning: The notification command", run.Error, StringComparison.Ordinal);
        Assert.Contains("exit code 9", run.Error, StringComparison.Ordinal);
        Assert.Contains("'no-such-program' was not found", run.Error, StringComparison.Ordinal);
        Assert.Contains("why\n", run.Record.LogText(), StringComparison.Ordinal);
        Assert.Equal(2, run.Record.Events("notify").Count(text => text.Contains("failed", StringComparison.Ordinal)));
    }

    [Fact]
    public void Is_sent_when_the_result_is_told_and_everything_is_let_go()
    {
        _repository.Configure("concurrent = false");
        var gate = new Gate(_scratch);
        Notify("[\"succeeded\"]", $"test -e '{_scratch.Path("once")}' && exit 0; touch '{_scratch.Path("once")}'; {gate.Step}");
        using var run = _repository.WtRun.Start("run", "--json", "--", "true");
        gate.AwaitReached();

        var id = Assert.Single(_repository.Runs()).Id;
        Assert.Equal(RunState.Succeeded, _repository.Show(id).State);
        _repository.WtRun.Run("run", "--if-busy", "skip", "--", "true").Expect(0);
        gate.Open();
        run.Wait().Expect(0);
    }

    [Fact]
    public void Tells_of_a_run_whose_supervisor_was_killed_when_that_is_found_out()
    {
        Notify("[\"interrupted\"]", $"cat > '{_scratch.Path("told")}'");
        KillOneAtWork();

        var record = Assert.Single(_repository.Runs());

        Assert.Equal(RunState.Interrupted, record.State);
        Assert.Equal(record.Id, JsonNode.Parse(File.ReadAllText(_scratch.Path("told")))!["id"]!.GetValue<string>());
    }

    [Fact]
    public void Of_a_run_whose_supervisor_was_killed_keeps_nobody_waiting_while_it_hangs()
    {
        var gate = new Gate(_scratch);
        Notify("[\"interrupted\"]", $"{gate.Step}; exit 9", project: "concurrent = false\n");
        KillOneAtWork();

        // It is told when the run that found it is over, and has given its turn to whoever comes then.
        using var next = _repository.WtRun.Start("run", "--", "true");
        gate.AwaitReached();
        _repository.WtRun.Run("run", "--", "true").Expect(0);
        Assert.False(next.HasEnded);

        gate.Open();
        Assert.Contains("exit code 9", next.Wait().Expect(0).Error, StringComparison.Ordinal);
        var dead = Assert.Single(_repository.Runs(), record => record.State == RunState.Interrupted);
        Assert.Contains("exit code 9", Assert.Single(dead.Events("notify")), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_run_whose_supervisor_was_killed_hides_nothing_that_escapes_from_an_engine()
    {
        var gate = new Gate(_scratch);
        Notify("[\"interrupted\"]", gate.Step);
        KillOneAtWork();
        var pid = _scratch.Path("escaped");

        using var next = _repository.WtRun.Start(
            "run", "--", "sh", "-c", $"(env -i setsid sh -c 'echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600' &); while ! test -e {pid}; do sleep 0.01; done");
        gate.AwaitReached();
        Eventually.True(() => _repository.Runs().Any(run => run.State == RunState.Succeeded), "the run is over");

        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(pid).Trim()}"), "what escaped from the engine is at work when the run is over");
        gate.Open();
        next.Wait().Expect(0);
    }

    [Fact]
    public void Of_a_run_whose_supervisor_was_killed_comes_also_from_a_run_that_cannot_be_had()
    {
        Notify("[\"interrupted\"]", $"cat > '{_scratch.Path("told")}'");
        KillOneAtWork();

        _repository.WtRun.Run("run", "--worktree", "--base", "no-such-branch", "--", "true").Expect(125);

        Assert.Equal(Assert.Single(_repository.Runs()).Id, Text(File.ReadAllText(_scratch.Path("told")), "id"));
    }

    [Theory]
    [InlineData("succeeded", 0, "run", "--", "true")]
    [InlineData("failed", 7, "run", "--", "sh", "-c", "exit 7")]
    [InlineData("failed", 125, "run", "--worktree", "--config", "setup.toml", "--", "true")]
    [InlineData("timed_out", 124, "run", "--timeout", "50ms", "--", "sleep", "60")]
    [InlineData("cancelled", 122, "run", "--", "sh", "-c", "kill -TERM $PPID; sleep 60")]
    [InlineData("needs_merge", 120, "run", "--worktree", "--", "sh", "-c", "echo mine > README; git commit -qam mine; cd \"$TOP\"; echo theirs > README; git commit -qam theirs")]
    [InlineData("skipped", 121, "run", "--if-busy", "skip", "--", "true")]
    [InlineData("skipped", 123, "run", "--wait-timeout", "50ms", "--", "true")]
    public void Tells_of_every_state_in_which_a_run_can_end(string state, int exitCode, params string[] arguments)
    {
        const string all = "[\"succeeded\", \"failed\", \"needs_merge\", \"skipped\", \"cancelled\", \"timed_out\", \"interrupted\"]";
        _scratch.Set("TOP", _repository.Path);
        Notify(all, $"cat | tr -d '\\n' >> '{_scratch.Path("told")}'; echo >> '{_scratch.Path("told")}'", project: "concurrent = false\n");
        _repository.Write("setup.toml", _repository.Read("wt-run.toml").Replace("concurrent = false", "setup = [\"false\"]", StringComparison.Ordinal));
        var gate = new Gate(_scratch);
        using var busy = state == "skipped" ? _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step) : null;
        if (busy is not null)
        {
            gate.AwaitReached();
        }

        _repository.WtRun.Run(arguments).Expect(exitCode);
        var told = File.ReadAllLines(_scratch.Path("told"));

        var record = _repository.Runs().Single(run => run.State.IsFinal());
        Assert.Equal((state, record.Id), (Text(Assert.Single(told), "state"), Text(told[0], "id")));
        if (busy is not null)
        {
            gate.Open();
            busy.Wait().Expect(0);
        }
    }

    [Fact]
    public void Tells_of_a_run_that_was_cancelled_while_it_waited()
    {
        Notify("[\"cancelled\"]", $"cat >> '{_scratch.Path("told")}'", project: "concurrent = false\n");
        var gate = new Gate(_scratch);
        using var busy = _repository.WtRun.Start("run", "--", "sh", "-c", gate.Step);
        gate.AwaitReached();
        using var waiting = _repository.WtRun.Start("run", "--", "true");
        Eventually.True(() => _repository.Runs().Any(run => run.State == RunState.Queued), "a run waits");
        var id = _repository.Runs().Single(run => run.State == RunState.Queued).Id;

        _repository.WtRun.Run("cancel", id).Expect(0);
        waiting.Wait().Expect(122);

        Assert.Equal(id, Text(File.ReadAllText(_scratch.Path("told")), "id"));
        gate.Open();
        busy.Wait().Expect(0);
    }

    [Fact]
    public void Tells_of_a_landing_by_hand_and_of_one_that_came_by_itself()
    {
        Notify("[\"succeeded\", \"needs_merge\"]", $"cat | tr -d '\\n' >> '{_scratch.Path("told")}'; echo >> '{_scratch.Path("told")}'", project: "land_wait = \"0s\"\n");
        var failed = _repository.RunInWorktree($"{EngineScript.Commit("one")}; exit 3").Expect(3).Record;
        var gate = new Gate(_scratch);
        using var user = _repository.WtRun.Start("run", "--", "sh", "-c", $"{gate.Step}; exit 4");
        gate.AwaitReached();
        var waiting = _repository.RunInWorktree(EngineScript.Commit("two")).Expect(120).Record;
        gate.Open();
        user.Wait().Expect(4);
        _repository.Land(failed).Expect(0);

        var told = File.ReadAllLines(_scratch.Path("told")).Select(line => JsonNode.Parse(line)!).Select(json => $"{json["id"]} {json["state"]}");
        Assert.Equal([$"{waiting.Id} needs_merge", $"{waiting.Id} succeeded", $"{failed.Id} succeeded"], told);
    }

    [Theory]
    [InlineData(204, true)]
    [InlineData(302, false)]
    [InlineData(500, false)]
    public void Posts_the_record_to_an_address_and_follows_no_redirect(int status, bool isFine)
    {
        using var server = new OneAnswer(status);
        NotifyUrl($"http://127.0.0.1:{server.Port}/hook?token=secret-token");

        var run = _repository.WtRun.Run("run", "--json", "--", "true").Expect(0);

        Assert.StartsWith("POST /hook?token=secret-token HTTP/1.1\r\n", server.Request, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/json\r\n", server.Request, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + run.Output, server.Request, StringComparison.Ordinal);
        Assert.Equal(isFine, !run.Error.Contains($"The notification to 127.0.0.1 failed: the answer was {status}.", StringComparison.Ordinal));
        Assert.DoesNotContain("secret-token", run.Error + string.Concat(run.Record.Events("notify")), StringComparison.Ordinal);
    }

    [Fact]
    public void To_nobody_who_listens_is_a_warning()
    {
        // Bound, so that nobody else gets the port meanwhile, and not listening.
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        NotifyUrl($"http://{deaf.LocalEndPoint}/");

        Assert.Contains("The notification to 127.0.0.1 failed: Connection refused", _repository.WtRun.Run("run", "--", "true").Expect(0).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Waits_only_so_long_for_an_answer()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var why = JsonPost.WhyFailed(new Uri($"http://{silent.LocalEndpoint}/"), [], CancellationToken.None, TimeSpan.FromMilliseconds(200));

        Assert.Equal("no answer within 0.2 s", why);
    }

    [Fact]
    public void By_command_loads_nothing_of_http()
    {
        Notify("[\"succeeded\"]", $"grep -c System.Net.Http \"/proc/$PPID/maps\" > '{_scratch.Path("http")}'; grep -c WorktreeIsolator.dll \"/proc/$PPID/maps\" > '{_scratch.Path("own")}'");

        _repository.WtRun.Run("run", "--", "true").Expect(0);

        Assert.Equal("0\n", File.ReadAllText(_scratch.Path("http")));
        Assert.NotEqual("0\n", File.ReadAllText(_scratch.Path("own")));
    }

    private void Notify(string events, string script, string more = "", string project = "") => Configure(
        $"{project}[[notify]]\nevents = {events}\ncommand = [\"sh\", \"{_scratch.Script("notify.sh", script + "\n")}\"]\n{more}");

    private void KillOneAtWork()
    {
        var engine = new Gate(_scratch, "killed");
        using var run = _repository.WtRun.Start("run", "--", "sh", "-c", engine.Step);
        engine.AwaitReached();
        run.Kill();
    }

    private static string Text(string json, string field) => JsonNode.Parse(json)![field]!.GetValue<string>();

    private void NotifyUrl(string url) => Configure($"[[notify]]\nevents = [\"succeeded\"]\nurl = \"{url}\"\n");

    private void Configure(string text)
    {
        var old = File.Exists(_repository["wt-run.toml"]) ? _repository.Read("wt-run.toml") : "[projects.repo]\npath = \".\"\n";
        _repository.Commit("wt-run.toml", old + text);
    }

    /// <summary>A server that takes one request and answers with a status; a redirect leads to itself.</summary>
    private sealed class OneAnswer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Task<string> _request;

        public OneAnswer(int status)
        {
            _listener.Start();
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
            _request = Task.Run(() => Answer(status));
        }

        public int Port { get; }

        public string Request => _request.Wait(TimeSpan.FromSeconds(20)) ? _request.Result : throw new TimeoutException("No request came.");

        public void Dispose() => _listener.Dispose();

        private string Answer(int status)
        {
            using var client = _listener.AcceptTcpClient();
            using var stream = client.GetStream();
            var request = new StringBuilder();
            var buffer = new byte[64 << 10];
            while (!IsComplete(request.ToString()))
            {
                request.Append(Encoding.UTF8.GetString(buffer, 0, stream.Read(buffer)));
            }

            stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Whatever\r\nLocation: http://127.0.0.1:{Port}/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            return request.ToString();
        }

        private static bool IsComplete(string request)
        {
            const string Length = "Content-Length: ";
            var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var at = request.IndexOf(Length, StringComparison.Ordinal);
            return end > 0 && at > 0
                && Encoding.UTF8.GetByteCount(request[(end + 4)..]) >= int.Parse(request[(at + Length.Length)..].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
