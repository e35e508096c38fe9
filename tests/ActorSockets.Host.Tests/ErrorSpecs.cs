using System.Net;
using System.Net.Sockets;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>A user's mistake ends with one line that names what and where, the right exit code, and never a stack trace.</summary>
public sealed class ErrorSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("error-specs-").FullName;

    [Theory]
    [InlineData("actor-sockets { servers { a { port = 70000 } } }", "error: actor-sockets.servers.a.port: 70000 is out of range: 0 to 65535")]
    [InlineData("actor-sockets { servers { a { prot = 1 } } }", "error: actor-sockets.servers.a.prot: is not a setting; did you mean port?")]
    [InlineData("actor-sockets {\n servers { a { port = [1,2 \n c : }\n", "error: {file}:2: this '[' is never closed")]
    [InlineData("actor-sockets {\n servers { a { port = 1 }\n", "error: {file}:2: this '{' is never closed")]
    [InlineData("actor-sockets { targets.a { port = 1, payload.file = /no/such } }",
        "error: actor-sockets.targets.a.payload.file: there is no file '/no/such' (relative paths start at the working directory)")]
    public async Task A_wrong_configuration_is_told_in_one_line(string hocon, string expected)
    {
        var file = Path.Combine(_directory, "x.conf");
        await File.WriteAllTextAsync(file, hocon);
        var (exitCode, said) = await HostProcess.RunAsync("run", file);
        Assert.Equal((78, expected.Replace("{file}", file, StringComparison.Ordinal)), (exitCode, said.TrimEnd()));
    }

    [Fact]
    public async Task A_missing_configuration_is_told_in_one_line() =>
        Assert.Equal((78, "error: /no/such.conf: there is no such file\n"), await HostProcess.RunAsync("run", "/no/such.conf"));

    [Fact]
    public async Task A_port_in_use_names_the_setting_and_the_address_and_exits_with_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endpoint = (IPEndPoint)taken.LocalEndpoint;
        var (exitCode, said) = await HostProcess.RunAsync("run", "hocon/server-1.conf", "--set", $"actor-sockets.servers.server-1.port={endpoint.Port}");
        Assert.Equal((1, $"error: actor-sockets.servers.server-1: cannot listen on {endpoint}: Address already in use\n"), (exitCode, said));
    }

    [Theory]
    [InlineData("there is no option --bogus", "--bogus")]
    [InlineData("--set x: needs PATH=VALUE, such as actor-sockets.ticker.interval=100ms", "run", "--set", "x")]
    public async Task Wrong_usage_exits_with_2(string expected, params string[] arguments)
    {
        var (exitCode, said) = await HostProcess.RunAsync(arguments);
        Assert.Equal(2, exitCode);
        Assert.Contains(expected, said, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
