using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;
using Akka.Actor;
using Akka.TestKit;

namespace ActorSockets.Tests.Faults;

/// <summary>Servers against clients that do what clients do on a bad day.</summary>
public abstract class ServerLimitSpecs : FaultSpecs
{
    private readonly TestProbe _events;

    protected ServerLimitSpecs(bool tls) : base(tls) => _events = SubscribeTo<ServerEvents.IServerEvent>();

    [Fact]
    public async Task Of_1100_clients_a_thousand_are_served_and_a_hundred_reset_at_once_and_counted()
    {
        var (_, port) = Serve("sink = discard\n max-connections = 1000\n refusal-report-interval = 100ms");
        var sockets = new List<PeerConnection?>();
        for (var i = 0; i < 1100; i++)
            sockets.Add(await TryConnectAsync(port));

        var refused = 0;
        while (refused < 100)
            refused += (await _events.FishForMessageAsync<ServerEvents.Refused>(_ => true, Patience)).Count;
        Assert.Equal(100, refused);

        var reset = 0;
        foreach (var socket in sockets)
            reset += socket is null || await IsResetAsync(socket) ? 1 : 0;
        Assert.Equal(100, reset);
    }

    [Fact]
    public async Task A_place_is_free_again_when_a_client_has_left()
    {
        var (_, port) = Serve("sink = discard\n max-connections = 1");
        using (var first = await ConnectAsync(port))
        {
            await first.FinishAsync();
            Assert.Equal(0, await first.ReceiveAsync(new byte[1]));
        }

        await _events.FishForMessageAsync<ServerEvents.Completed>(_ => true, Patience);
        await AwaitAssertAsync(async () =>
        {
            using var second = await TryConnectAsync(port);
            Assert.False(second is null || await IsResetAsync(second));
        });
    }

    [Fact]
    public async Task Clients_from_other_networks_are_reset_at_once()
    {
        var (_, port) = Serve("sink = discard\n allow = [\"127.0.0.2\", \"10.0.0.0/8\"]");
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var refused = await ConnectAsync(port);
            await refused.ReceiveAsync(new byte[1]);
        });
        var said = await _events.FishForMessageAsync<ServerEvents.Refused>(_ => true, Patience);
        Assert.Equal(("not in allow", 1), (said.Reason, said.Count));

        using var allowed = await ConnectAsync(port, socket => socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0)));
        await allowed.FinishAsync();
        Assert.Equal(0, await allowed.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task A_client_that_says_nothing_is_reset_after_the_idle_timeout()
    {
        var (_, port) = Serve("sink = discard\n idle-timeout = 200ms");
        using var idle = await ConnectAsync(port);
        await Assert.ThrowsAsync<SocketException>(async () => await idle.ReceiveAsync(new byte[1]));
        Assert.Equal("no traffic for 200 ms (idle-timeout)", (await _events.FishForMessageAsync<ServerEvents.BrokenOff>(_ => true, Patience)).Reason);
    }

    [Fact]
    public async Task A_client_that_reads_its_echo_slowly_is_not_idle()
    {
        var (_, port) = Serve("sink = echo\n idle-timeout = 2s");
        using var client = await ConnectAsync(port, socket => socket.ReceiveBufferSize = 16 * 1024);
        var sending = SendAsync(client, new byte[1 << 20]);
        Assert.Equal(1 << 20, await TakeEchoAsync(client, sending, 1 << 20, _ => Task.Delay(100)));
    }

    [Fact]
    public async Task A_slow_sink_is_not_an_idle_client()
    {
        var (_, port) = Serve("sink = discard\n idle-timeout = 1s\n processing-delay = 2500ms");
        using var client = await ConnectAsync(port);
        await client.SendAsync("hello"u8.ToArray());
        await client.FinishAsync();
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task The_receipt_is_one_line_that_a_person_can_read()
    {
        var (_, port) = Serve("sink = file\n receipt = on");
        using var client = await ConnectAsync(port);
        await client.SendAsync("hello"u8.ToArray());
        await client.FinishAsync();
        var answer = await ReadAsync(client);
        Assert.Equal("received 5 sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n", answer);
        Assert.Equal("hello", await File.ReadAllTextAsync(Assert.Single(System.IO.Directory.GetFiles(Directory))));
    }

    [Fact]
    public async Task An_unwritable_directory_resets_the_client_and_tells_the_operator()
    {
        var (_, port) = Serve("sink = file\n receipt = on");
        System.IO.Directory.Delete(Directory);
        using var client = await ConnectAsync(port);
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await client.SendAsync("hello"u8.ToArray());
            await client.FinishAsync();
            await client.ReceiveAsync(new byte[1]);
        });
        Assert.StartsWith("the file sink failed: ", (await _events.FishForMessageAsync<ServerEvents.BrokenOff>(_ => true, Patience)).Reason, StringComparison.Ordinal);
        System.IO.Directory.CreateDirectory(Directory);
    }

    [Fact]
    public async Task Echo_gives_every_byte_back_and_reads_no_further_than_its_client()
    {
        const int Size = 64 << 20;
        var (_, port) = Serve("sink = echo");
        using var client = await ConnectAsync(port);
        var payload = new byte[Size];
        new Random(3).NextBytes(payload);
        var sending = SendAsync(client, payload);

        // As long as nothing is read back, the server soon reads no more: the kernel's buffers are all that fits.
        await Assert.ThrowsAsync<TimeoutException>(() => sending.WaitAsync(TimeSpan.FromMilliseconds(500)));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Assert.Equal(Size, await TakeEchoAsync(client, sending, Size, bytes =>
        {
            hash.AppendData(bytes.Span);
            return Task.CompletedTask;
        }));
        Assert.Equal(SHA256.HashData(payload), hash.GetHashAndReset());
    }

    [Fact]
    public async Task A_receiver_that_crashes_resets_its_client_and_leaves_the_others_alone()
    {
        var (server, port) = Serve("sink = discard");
        using var unlucky = await ConnectAsync(port);
        await _events.FishForMessageAsync<ServerEvents.Accepted>(_ => true, Patience);
        using var lucky = await ConnectAsync(port);
        var peer = ((IPEndPoint)unlucky.Socket.LocalEndPoint!).ToString();
        Sys.ActorSelection(server.Path / $"{peer}-*").Tell(Kill.Instance);
        await Assert.ThrowsAsync<SocketException>(async () => await unlucky.ReceiveAsync(new byte[1]));
        await _events.FishForMessageAsync<ServerEvents.BrokenOff>(b => b.Peer == peer, Patience);

        await lucky.FinishAsync();
        Assert.Equal(0, await lucky.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task Draining_refuses_new_clients_and_lets_the_open_ones_finish()
    {
        var (server, port) = Serve("sink = file\n receipt = on");
        using var open = await ConnectAsync(port);
        await open.SendAsync("hel"u8.ToArray());
        await _events.FishForMessageAsync<ServerEvents.Accepted>(_ => true, Patience);
        server.Tell(new ServerEvents.Drain());

        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var late = await ConnectAsync(port);
            await late.ReceiveAsync(new byte[1]);
        });
        await open.SendAsync("lo"u8.ToArray());
        await open.FinishAsync();
        Assert.StartsWith("received 5 sha256:", await ReadAsync(open), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_ends_ours_with_receipts_into_files()
    {
        var (_, port) = Serve("sink = file\n receipt = on");
        var clients = Clients(port, "confirm = receipt");
        for (var i = 0; i < 50; i++)
            clients.Tell(new Deliveries.Deliver($"{i}", "t", new GeneratedPayload(i * 10_007)), TestActor);
        for (var i = 0; i < 50; i++)
            Assert.Equal($"{i}", ExpectMsg<Deliveries.Delivered>(Patience).Id);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => i * 10_007L), System.IO.Directory.GetFiles(Directory).Select(f => new FileInfo(f).Length).Order());
    }

    private async Task<PeerConnection> ConnectAsync(int port, Action<Socket>? prepare = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            prepare?.Invoke(socket);
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return await PeerConnection.ConnectAsync(socket, Tls);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Null when the reset came before connect was done.</summary>
    private async Task<PeerConnection?> TryConnectAsync(int port)
    {
        try
        {
            return await ConnectAsync(port);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static async Task<string> ReadAsync(PeerConnection socket)
    {
        var (text, buffer) = (new StringBuilder(), new byte[256]);
        for (int count; (count = await socket.ReceiveAsync(buffer)) > 0;)
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        return text.ToString();
    }

    private static async Task SendAsync(PeerConnection socket, byte[] payload)
    {
        for (var sent = 0; sent < payload.Length;)
            sent += await socket.SendAsync(payload.AsMemory(sent));
    }

    /// <summary>Reads what comes back, and ends the client's side before the last bytes of it.</summary>
    private static async Task<int> TakeEchoAsync(PeerConnection client, Task sending, int size, Func<ReadOnlyMemory<byte>, Task> take)
    {
        // So much fits into the kernel's buffers.
        const int Unread = 16 * 1024;
        var (buffer, total) = (new byte[32 * 1024], 0);
        while (total < size - Unread)
            await ReadAsync(size - Unread - total);
        // SslStream (.NET 10) breaks a read that its shutdown meets: none is under way here.
        await sending;
        await client.FinishAsync();
        while (await ReadAsync(buffer.Length) > 0)
        {
        }

        return total;

        async Task<int> ReadAsync(int most)
        {
            var count = await client.ReceiveAsync(buffer.AsMemory(0, Math.Min(most, buffer.Length)));
            if (count > 0)
                await take(buffer.AsMemory(0, count));
            total += count;
            return count;
        }
    }

    /// <summary>Ends its own side and looks how the other one takes it.</summary>
    private static async Task<bool> IsResetAsync(PeerConnection socket)
    {
        using var _ = socket;
        try
        {
            await socket.FinishAsync();
            await socket.ReceiveAsync(new byte[1]);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

/// <summary>Over plain TCP.</summary>
public sealed class PlainServerLimitSpecs() : ServerLimitSpecs(tls: false);

/// <summary>Over TLS.</summary>
public sealed class TlsServerLimitSpecs() : ServerLimitSpecs(tls: true);
