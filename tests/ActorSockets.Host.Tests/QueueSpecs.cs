using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ActorSockets.Host.Commands;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Outbox;

namespace ActorSockets.Host.Tests;

/// <summary><c>actorsockets queue</c>, while the program runs and when it does not.</summary>
public sealed class QueueSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("queue-specs-").FullName;
    private readonly Socket _dead = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private string Conf => Path.Combine(_directory, "relay.conf");

    public QueueSpecs()
    {
        // Bound and not listening: connections are refused, and nobody else gets the port.
        _dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        File.WriteAllText(Conf, $$"""
            actor-sockets {
              outbox.directory = "{{_directory}}/outbox"
              servers.in { protocol = deliveries, sink = relay, relay-to = [berlin, oslo] }
              target-defaults { port = {{((IPEndPoint)_dead.LocalEndPoint!).Port}}, protocol = deliveries }
              targets { berlin { }, oslo { } }
            }
            """);
    }

    [Fact]
    public void In_a_cluster_the_node_that_sends_has_a_column() => Assert.Equal(
        [
            "target  node           state  waiting  bytes  oldest  failed  last failure",
            "berlin  10.0.0.1:7600  open   0        0 B            0",
            "oslo                   open   0        0 B            0",
        ],
        QueueTable.Of([new QueueLine("berlin", false, default, null, null, "10.0.0.1:7600"), new QueueLine("oslo", false, default, null, null)]));

    [Fact]
    public async Task The_queue_is_seen_and_changed_while_the_relay_runs_and_when_it_does_not()
    {
        Assert.Equal((1, $"error: there is no outbox in {_directory}/outbox: nothing was ever stored there"), await QueueAsync("", Conf));
        await using (var relay = HostProcess.Start("run", Conf))
        {
            var port = await relay.PortOfAsync("in");
            foreach (var id in (string[])["first", "second"])
                Assert.Equal(0, (await HostProcess.RunAsync("send", "LICENSE", "--to", $":{port}", "--protocol", "deliveries", "--id", id, "--quiet")).ExitCode);
            await relay.HearAsync("Connection refused; next attempt");
            Assert.Matches(@"^target +state +waiting +bytes +oldest +failed +last failure\nberlin +open +2 .*\noslo +open +2 ", (await QueueAsync("", Conf)).Said);
            Assert.Equal((0, "held 1 target"), await QueueAsync("hold", "--target", "oslo"));
            Assert.Equal((0, "held 1 delivery"), await QueueAsync("hold", "first", "--target", "berlin"));
            Assert.Equal((0, "retrying 1 delivery"), await QueueAsync("retry", "second", "--target", "berlin"));
            Assert.Equal((0, "cancelled 1 delivery"), await QueueAsync("cancel", "second", "--target", "oslo"));
            Assert.Equal((1, "error: no delivery fits: see actorsockets queue list"), await QueueAsync("cancel", "second", "--target", "oslo"));
            Assert.Equal((2, "error: queue retry: needs ID, --target NAME or both, or --all\nsee actorsockets --help"), await QueueAsync("retry"));
            await relay.SignalAsync("TERM");
            Assert.Equal(0, await relay.ExitCodeAsync());
            Assert.Contains("outbox: 0 delivered, 0 failed; 3 waiting, 0 set aside", relay.Said, StringComparison.Ordinal);
        }

        Assert.Matches(@"(?s)berlin +open +2 .*oslo +held +1 ", (await QueueAsync("", Conf)).Said);
        Assert.Matches("^id +target +state .*\nfirst +berlin +held ", (await QueueAsync("list", "--state", "held")).Said);
        var shown = (await QueueAsync("show", "second", "--json")).Said.Split('\n').Select(line => JsonNode.Parse(line)!).ToArray();
        Assert.Equal(("berlin", "queued"), ((string)shown.Single()["target"]!, (string)shown[0]["state"]!));
        Assert.Matches(@"(?s)^id +first\n.*name +LICENSE\n", (await QueueAsync("show", "first")).Said);
        Assert.Equal((0, "released 2 targets"), await QueueAsync("release", "--all"));
        Assert.Equal((0, "cancelled 3 deliveries"), await QueueAsync("cancel", "--all"));
        Assert.Equal((0, "the outbox is empty"), await QueueAsync("", Conf));
    }

    [Fact]
    public async Task What_waits_for_a_target_that_is_no_more_is_said_and_goes_on_when_it_is_back()
    {
        var whole = await File.ReadAllTextAsync(Conf);
        await using var relay = HostProcess.Start("run", Conf);
        Assert.Equal(0, (await HostProcess.RunAsync("send", "LICENSE", "--to", $":{await relay.PortOfAsync("in")}", "--protocol", "deliveries", "--quiet")).ExitCode);
        await relay.HearAsync("target oslo: .*Connection refused; next attempt");
        await File.WriteAllTextAsync(Conf, whole.Replace(", oslo { }", "", StringComparison.Ordinal).Replace(", oslo", "", StringComparison.Ordinal));
        await relay.SignalAsync("HUP");
        await relay.HearAsync(@"^warning: outbox: 1 delivery waits for oslo, and there is no such durable target: add it, or cancel what waits \(actorsockets queue cancel --target oslo\)");
        Assert.Matches(@"(?s)berlin +open +1 .*oslo +stranded +1 ", (await QueueAsync("", Conf)).Said);
        await File.WriteAllTextAsync(Conf, whole);
        await relay.SignalAsync("HUP");
        await relay.HearAsync(@"(?s)waits for oslo.*^target oslo: [^\n]*Connection refused; next attempt");
        Assert.Matches(@"(?s)oslo +open +1 ", (await QueueAsync("", Conf)).Said);
    }

    [Fact]
    public async Task A_second_program_is_told_who_has_the_outbox()
    {
        await using var first = HostProcess.Start("run", Conf);
        await first.PortOfAsync("in");
        var (exitCode, said) = await HostProcess.RunAsync("run", Conf);
        Assert.Equal(1, exitCode);
        Assert.Contains($"error: actor-sockets.outbox: {_directory}/outbox is in use by process {first.Id}, which has locked", said, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _dead.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<(int ExitCode, string Said)> QueueAsync(string command, params string[] arguments)
    {
        var (exitCode, said) = await HostProcess.RunAsync(command.Length == 0 ? ["queue", .. arguments] : ["queue", command, .. arguments, "--conf", Conf]);
        return (exitCode, said.ReplaceLineEndings("\n").TrimEnd());
    }
}
