using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What the program tells systemd, over a socket as systemd has it.</summary>
public sealed class ServiceManagerSpecs : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("notify-specs-").FullName;
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_ready_when_it_listens_lives_twice_in_each_interval_and_says_when_it_stops(bool isAbstract)
    {
        var path = Path.Combine(_directory, "notify");
        var name = isAbstract ? $"@{path}" : path;
        _systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? $"\0{path}" : path));
        await using var server = HostProcess.StartBelow("env", [$"NOTIFY_SOCKET={name}", "WATCHDOG_USEC=200000"], "serve", ":0", "--sink", "discard");
        Assert.Equal("READY=1", await HearAsync());
        await server.PortOfAsync("server-1");
        Assert.Equal("WATCHDOG=1", await HearAsync());
        Assert.Equal("WATCHDOG=1", await HearAsync());
        await server.SignalAsync("TERM");
        string heard;
        while ((heard = await HearAsync()) == "WATCHDOG=1")
        {
        }

        Assert.Equal("STOPPING=1", heard);
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task It_says_when_it_reloads_and_when_it_has()
    {
        var (path, conf) = (Path.Combine(_directory, "notify"), Path.Combine(_directory, "relay.conf"));
        await File.WriteAllTextAsync(conf, "actor-sockets.servers.in { port = 0, sink = discard }");
        _systemd.Bind(new UnixDomainSocketEndPoint(path));
        await using var server = HostProcess.StartBelow("env", [$"NOTIFY_SOCKET={path}"], "run", conf);
        Assert.Equal("READY=1", await HearAsync());
        await server.SignalAsync("HUP");
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", await HearAsync());
        Assert.Equal("READY=1", await HearAsync());
        await server.SignalAsync("TERM");
        Assert.Equal("STOPPING=1", await HearAsync());
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task A_program_that_cannot_listen_is_never_ready()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var path = Path.Combine(_directory, "notify");
        _systemd.Bind(new UnixDomainSocketEndPoint(path));
        await using var server = HostProcess.StartBelow("env", [$"NOTIFY_SOCKET={path}"], "serve", $"{taken.LocalEndpoint}", "--sink", "discard");
        Assert.Equal(1, await server.ExitCodeAsync());
        Assert.Equal(0, _systemd.Available);
    }

    [Fact]
    public async Task A_service_manager_that_has_gone_stops_nothing()
    {
        await using var server = HostProcess.StartBelow("env", [$"NOTIFY_SOCKET={Path.Combine(_directory, "gone")}", "WATCHDOG_USEC=200000"], "serve", ":0", "--sink", "discard");
        await server.PortOfAsync("server-1");
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    [Fact]
    public async Task A_watchdog_of_another_process_is_not_fed()
    {
        var path = Path.Combine(_directory, "notify");
        _systemd.Bind(new UnixDomainSocketEndPoint(path));
        await using var server = HostProcess.StartBelow("env", [$"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=1000", "WATCHDOG_PID=1"], "serve", ":0", "--sink", "discard");
        Assert.Equal("READY=1", await HearAsync());
        await server.SignalAsync("TERM");
        Assert.Equal("STOPPING=1", await HearAsync());
        Assert.Equal(0, await server.ExitCodeAsync());
    }

    public void Dispose()
    {
        _systemd.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<string> HearAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return Encoding.UTF8.GetString(_buffer, 0, await _systemd.ReceiveAsync(_buffer, patience.Token));
    }
}
