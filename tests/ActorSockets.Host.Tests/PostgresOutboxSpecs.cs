using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;
using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>A program whose outbox is in PostgreSQL: what it loads and says, while the server is there, gone and back.</summary>
public sealed class PostgresOutboxSpecs : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("postgres-specs-").FullName;
    private readonly Socket _dead = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private PrivatePostgres _server = null!;

    private string Conf => Path.Combine(_directory, "relay.conf");

    public async Task InitializeAsync()
    {
        _server = await PrivatePostgres.StartAsync();
        // Bound and not listening: connections are refused, and nobody else gets the port.
        _dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await File.WriteAllTextAsync(Conf, $$"""
            actor-sockets {
              outbox { store = postgresql, connection = "{{_server.Connection}}", password-file = "{{_server.PasswordFile}}" }
              servers.in { protocol = deliveries, sink = relay, relay-to = [berlin] }
              targets.berlin { port = {{((IPEndPoint)_dead.LocalEndPoint!).Port}}, protocol = deliveries }
            }
            """);
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _dead.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [PostgresFact]
    public async Task The_queue_is_seen_and_changed_while_the_relay_runs_and_when_it_does_not()
    {
        Assert.Matches("^error: PostgreSQL on .* has no outbox in the schema actorsockets: nothing was ever stored there$", await SayAsync("queue", Conf));
        await using (var relay = HostProcess.Start("run", Conf))
        {
            await SendAsync("first", await relay.PortOfAsync("in"));
            await SendAsync("second", await relay.PortOfAsync("in"));
            Assert.Matches(@"\nberlin +open +2 ", await SayAsync("queue", Conf));
            Assert.Equal("held 1 delivery", await SayAsync("queue", "hold", "first", "--conf", Conf));
            Assert.Equal("cancelled 1 delivery", await SayAsync("queue", "cancel", "second", "--conf", Conf));

            var (exitCode, said) = await HostProcess.RunAsync("run", Conf);
            Assert.Equal(1, exitCode);
            Assert.Matches($"error: actor-sockets.outbox: PostgreSQL on .* has the schema actorsockets in use by actorsockets process {relay.Id} on ", said);
            await relay.SignalAsync("TERM");
            Assert.Equal(0, await relay.ExitCodeAsync());
        }

        Assert.Matches("\nfirst +berlin +held ", await SayAsync("queue", "list", "--conf", Conf));
        Assert.Equal("released 1 delivery", await SayAsync("queue", "release", "first", "--conf", Conf));
        Assert.Equal("cancelled 1 delivery", await SayAsync("queue", "cancel", "--all", "--conf", Conf));
        Assert.Equal("the outbox is empty", await SayAsync("queue", Conf));
    }

    [PostgresFact]
    public async Task A_server_that_is_gone_and_back_is_said_once_each_and_nothing_is_lost()
    {
        await using var relay = HostProcess.Start("run", Conf);
        var port = await relay.PortOfAsync("in");
        await SendAsync("first", port);
        await _server.StopAsync();
        await relay.HearAsync(@"outbox: PostgreSQL on .*; retrying");
        await using var sender = HostProcess.Start("send", "LICENSE", "--to", $":{port}", "--protocol", "deliveries", "--id", "second");
        await sender.HearAsync("next attempt");
        await _server.StartAgainAsync();
        Assert.Equal(0, await sender.ExitCodeAsync());
        await relay.HearAsync("outbox: works again");
        Assert.Single(relay.Said.Split('\n'), line => line.Contains("; retrying", StringComparison.Ordinal));
        Assert.Matches(@"\nberlin +open +2 ", await SayAsync("queue", Conf));
        Assert.DoesNotContain(PrivatePostgres.Password, relay.Said, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task Only_an_outbox_in_PostgreSQL_loads_its_library_and_no_output_has_the_password()
    {
        await using var relay = HostProcess.Start("run", Conf, "--json");
        await relay.HearAsync("\"event\":\"bound\"");
        if (OperatingSystem.IsLinux())
        {
            var loaded = File.ReadLines($"/proc/{relay.Id}/maps").Select(line => Path.GetFileName(line)).Distinct().ToArray();
            Assert.Contains("Npgsql.dll", loaded);
            Assert.DoesNotContain("Microsoft.Data.Sqlite.dll", loaded);
        }

        await _server.ExecuteAsync($"alter role {PrivatePostgres.User} password 'an0ther'");
        var outputs = new[] { relay.Said, await SayAsync("check", Conf), await SayAsync("check", Conf, "--json"), await SayAsync("queue", Conf) };
        Assert.Contains("does not let the role in", outputs[^1], StringComparison.Ordinal);
        Assert.All(outputs, output => Assert.DoesNotContain(PrivatePostgres.Password, output, StringComparison.Ordinal));
    }

    private static async Task SendAsync(string id, int port)
    {
        var (exitCode, said) = await HostProcess.RunAsync("send", "LICENSE", "--to", $":{port}", "--protocol", "deliveries", "--id", id, "--quiet");
        Assert.True(exitCode == 0, said);
    }

    private static async Task<string> SayAsync(params string[] arguments) => (await HostProcess.RunAsync(arguments)).Said.ReplaceLineEndings("\n").TrimEnd();
}
