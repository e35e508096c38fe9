using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Events;
using ActorSockets.Payloads;
using ActorSockets.Tests.Support;

namespace ActorSockets.Tests.Faults;

/// <summary>Servers and senders against peers that never end a TLS handshake, or speak no TLS, or TLS where there is none.</summary>
public sealed class HandshakeSpecs() : FaultSpecs(tls: true)
{
    [Fact]
    public async Task A_client_that_never_ends_its_handshake_is_reset_in_time()
    {
        var refusals = SubscribeTo<ServerEvents.Refused>();
        var (_, port) = Serve("sink = discard", server => server with { Tls = server.Tls! with { HandshakeTimeout = TimeSpan.FromMilliseconds(200) } });
        using var silent = await ConnectAsync(port);
        await Assert.ThrowsAsync<SocketException>(async () => await silent.ReceiveAsync(new byte[1]));
        Assert.Equal((RefusalKind.Tls, "TLS: it sent nothing for a TLS handshake within 200 ms (tls.handshake-timeout)"), KindAndReason(refusals.ExpectMsg<ServerEvents.Refused>(Patience)));
    }

    [Fact]
    public async Task Two_thousand_that_never_end_their_handshake_keep_out_none_that_does()
    {
        var (_, port) = Serve("sink = file\n receipt = on", server => server with { Tls = server.Tls! with { MaxHandshakes = 100 } });
        var silent = new List<Socket>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                silent.Add(await ConnectAsync(port));
                // Half of them begin one.
                if (i % 2 == 0)
                    await silent[^1].SendAsync((byte[])[22, 3, 1, 2, 0, 1, 0]);
            }

            Clients(port, "confirm = receipt").Tell(new Deliveries.Deliver("1", "t", new TextPayload("hello")), TestActor);
            ExpectMsg<Deliveries.Delivered>(Patience);
        }
        finally
        {
            silent.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task A_server_without_TLS_names_a_client_with_it_and_the_client_suspects_it()
    {
        var foreign = SubscribeTo<ServerEvents.ForeignProtocol>();
        var outcomes = SubscribeTo<Deliveries.Failed>();
        var (_, port) = Serve("sink = discard", server => server with { Tls = null });
        Clients(port, "connect-timeout = 1s\n max-attempts = 1").Tell(new Deliveries.Deliver("1", "t", new TextPayload("hello")), TestActor);
        Assert.Equal("TLS", foreign.ExpectMsg<ServerEvents.ForeignProtocol>(Patience).Protocol);
        var failed = await outcomes.ExpectMsgAsync<Deliveries.Failed>(Patience);
        Assert.Equal(FailureKind.Tls, failed.Kind);
        Assert.Contains("it did not end its TLS handshake within 1 s (connect-timeout): does it use TLS?", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_with_TLS_names_a_client_without_it_and_the_client_knows_it()
    {
        var refusals = SubscribeTo<ServerEvents.Refused>();
        var (_, port) = Serve("sink = discard");
        Plain(port).Tell(new Deliveries.Deliver("1", "t", new TextPayload("hello")), TestActor);
        Assert.Equal((RefusalKind.Tls, "TLS: it sent bytes that are not TLS"), KindAndReason(refusals.ExpectMsg<ServerEvents.Refused>(Patience)));
        var failed = ExpectMsg<Deliveries.Failed>(Patience);
        Assert.Equal(FailureKind.Tls, failed.Kind);
        Assert.Contains("speaks TLS, and this target does not (tls.enabled)", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTTP_on_a_raw_port_is_named_and_stored_as_it_is()
    {
        var foreign = SubscribeTo<ServerEvents.ForeignProtocol>();
        var (_, port) = Serve("sink = file", server => server with { Tls = null });
        const string Request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        using (var browser = await ConnectAsync(port))
        {
            await browser.SendAsync(Encoding.ASCII.GetBytes(Request));
            browser.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await browser.ReceiveAsync(new byte[1]));
        }

        Assert.Equal("HTTP", foreign.ExpectMsg<ServerEvents.ForeignProtocol>(Patience).Protocol);
        Assert.Equal(Request, await File.ReadAllTextAsync(Assert.Single(System.IO.Directory.GetFiles(Directory))));
    }

    private static (RefusalKind, string) KindAndReason(ServerEvents.Refused refused) => (refused.Kind, refused.Reason);

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }
}
