using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using ActorSockets.Tests.Support;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Tests.Transport.Tls;

/// <summary>What a TLS connection of ours tells and hears, against the SslStream of .NET.</summary>
public sealed class TlsConnectionSpecs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Bytes_arrive_whole_in_both_directions_and_both_ends_are_close_notify(SslProtocols version)
    {
        await using var pair = await TlsPair.CreateAsync(version);
        var bytes = new byte[3_000_001];
        new Random(1).NextBytes(bytes);

        var there = SendAsync(pair.Ours, bytes);
        Assert.Equal(bytes, await ReadAsync(pair.Peer, bytes.Length));
        await there;

        var back = pair.Peer.WriteAsync(bytes);
        var received = new byte[bytes.Length];
        for (var at = 0; at < received.Length;)
            at += await pair.Ours.ReceiveAsync(received.AsMemory(at)).AsTask().WaitAsync(Patience);
        await back;
        Assert.Equal(bytes, received);

        Assert.True(await pair.Ours.FinishAsync());
        Assert.Equal(0, await pair.Peer.ReadAsync(new byte[1]));
        await pair.Peer.ShutdownAsync();
        Assert.Equal(0, await pair.Ours.ReceiveAsync(new byte[1]).AsTask().WaitAsync(Patience));
        Assert.False(pair.Ours.PeerEndedFirst);
    }

    [Fact]
    public async Task A_FIN_without_close_notify_is_no_end()
    {
        await using var pair = await TlsPair.CreateAsync();
        await pair.Peer.WriteAsync("hello"u8.ToArray());
        pair.PeerSocket.Shutdown(SocketShutdown.Send);
        var room = new byte[100];
        Assert.Equal(5, await pair.Ours.ReceiveAsync(room));
        var broken = await Assert.ThrowsAsync<IOException>(async () => await pair.Ours.ReceiveAsync(room));
        Assert.Equal("the connection ended without the end of TLS (close_notify): what came may not be all", broken.Message);
    }

    [Fact]
    public async Task The_peers_close_notify_before_ours_is_no_answer()
    {
        await using var pair = await TlsPair.CreateAsync();
        await pair.Peer.ShutdownAsync();
        Assert.True(SpinWait.SpinUntil(() => pair.PeerSocket.Connected && Arrived(pair), Patience));
        await pair.Ours.FinishAsync();
        Assert.Equal(0, await pair.Ours.ReceiveAsync(new byte[1]).AsTask().WaitAsync(Patience));
        Assert.True(pair.Ours.PeerEndedFirst);
    }

    /// <summary>A client sends some records and close_notify; what reaches us is cut off behind every byte of them.</summary>
    [Fact]
    public async Task Wherever_the_bytes_are_cut_off_it_is_never_an_end()
    {
        // Two records of data, close_notify: their boundaries, both sides of each, and some places inside.
        var whole = await CipherLengthAsync();
        int[] cuts = [0, 1, 4, 5, 6, 20, .. Enumerable.Range(whole - 60, 60), .. Enumerable.Range(0, 20).Select(i => i * whole / 20)];
        foreach (var cut in cuts.Distinct().Where(c => c < whole))
        {
            var (received, end) = await ReceiveUpToAsync(cut);
            Assert.True(received <= Data.Length, $"cut {cut}");
            Assert.True(end is IOException, $"cut {cut} of {whole}: {end?.ToString() ?? "an end"}");
        }

        Assert.Equal((Data.Length, null), await ReceiveUpToAsync(whole));
    }

    [Fact]
    public async Task Our_last_words_arrive_although_the_peer_has_sent_what_we_never_read()
    {
        await using var pair = await TlsPair.CreateAsync();
        await pair.Peer.WriteAsync(new byte[100_000]);
        await SendAsync(pair.Ours, "the receipt"u8.ToArray());
        pair.Ours.Close();
        Assert.Equal("the receipt", Encoding.ASCII.GetString(await ReadAsync(pair.Peer, 11)));
        Assert.Equal(0, await pair.Peer.ReadAsync(new byte[1]));
        await pair.Peer.ShutdownAsync();
        pair.PeerSocket.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await pair.PeerSocket.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task An_abort_is_a_reset_and_ends_what_is_under_way()
    {
        await using var pair = await TlsPair.CreateAsync();
        var reading = pair.Ours.ReceiveAsync(new byte[1]).AsTask();
        pair.Ours.Abort();
        Assert.Equal("the connection is closed", (await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Patience))).Message);
        await Assert.ThrowsAsync<IOException>(async () => await pair.Ours.SendAsync(new byte[1]));
        Assert.IsType<SocketException>((await Assert.ThrowsAsync<IOException>(async () =>
        {
            // What the server sent at the end of its handshake comes first.
            while (await pair.Peer.ReadAsync(new byte[1]) > 0)
            {
            }
        })).GetBaseException());
    }

    [Fact]
    public async Task No_more_counts_as_taken_than_a_peer_that_never_reads_leaves_room_for()
    {
        await using var pair = await TlsPair.CreateAsync();
        var taken = 0L;
        var bytes = new byte[1 << 20];
        var sending = pair.Ours.SendAsync(bytes).AsTask();
        while (await Task.WhenAny(sending, Task.Delay(500)) == sending)
        {
            taken += await sending;
            sending = pair.Ours.SendAsync(bytes).AsTask();
        }

        pair.Ours.Abort();
        try
        {
            taken += await sending.WaitAsync(Patience);
        }
        catch (IOException)
        {
            // Nothing of this one was taken.
        }

        var arrived = 0L;
        try
        {
            for (int count; (count = await pair.PeerSocket.ReceiveAsync(new byte[1 << 20])) > 0;)
                arrived += count;
        }
        catch (SocketException)
        {
            // The reset destroys what the peer has not read.
        }

        Assert.InRange(taken, 1, 64 << 20);
        Assert.InRange(arrived, 0, taken + (taken / 100) + (1 << 20));
    }

    [Fact]
    public async Task Both_sides_agree_on_a_protocol_by_ALPN()
    {
        using var sockets = TlsPair.Sockets();
        var server = Settings.OfServer(TestPki.Shared.ServerTls) with { Protocols = ["actorsockets/1"] };
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), server, default);
        var target = Settings.OfTarget(TestPki.Shared.TargetTls) with { Protocols = ["actorsockets/1", "other"] };
        var ours = await TlsHandshake.ConnectAsync(new PlainConnection(sockets.Client, null), "localhost", target, default);
        Assert.Equal(("actorsockets/1", "actorsockets/1"), (ours.Protocol, (await accepting).Protocol));
        ours.Abort();
        (await accepting).Abort();
    }

    [Fact]
    public async Task A_read_and_our_end_at_the_same_time_do_not_disturb_each_other()
    {
        // The server's session tickets come when the client finishes: SslStream (.NET 10) fails when both meet inside OpenSSL.
        for (var i = 0; i < 100; i++)
        {
            using var sockets = TlsPair.Sockets();
            var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(TestPki.Shared.ServerTls), default);
            var ours = await TlsHandshake.ConnectAsync(new PlainConnection(sockets.Client, null), "localhost", Settings.OfTarget(TestPki.Shared.TargetTls), default);
            var reading = ours.ReceiveAsync(new byte[100]).AsTask();
            await SendAsync(ours, "hello"u8.ToArray());
            await ours.FinishAsync();
            var server = await accepting;
            Assert.Equal(5, await server.ReceiveAsync(new byte[100]).AsTask().WaitAsync(Patience));
            Assert.Equal(0, await server.ReceiveAsync(new byte[100]).AsTask().WaitAsync(Patience));
            server.Close();
            Assert.Equal(0, await reading.WaitAsync(Patience));
            Assert.False(ours.PeerEndedFirst);
            ours.Close();
        }
    }

    private static byte[] Data { get; } = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];

    private static bool Arrived(TlsPair pair) => !pair.PeerSocket.Poll(0, SelectMode.SelectError);

    /// <summary>Bytes behind the handshake that carry <see cref="Data"/>, in two records, and close_notify.</summary>
    private static async Task<int> CipherLengthAsync()
    {
        using var sockets = TlsPair.Sockets();
        await using var recording = await RecordAsync(sockets);
        return recording.Recorded.Count;
    }

    private static async Task<(int Received, Exception? End)> ReceiveUpToAsync(int cut)
    {
        using var sockets = TlsPair.Sockets();
        var accepting = TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(TestPki.Shared.ServerTls), default);
        await using var recording = await RecordAsync(sockets, startServer: false);
        var server = await accepting;
        await sockets.Client.SendAsync(recording.Recorded.Take(cut).ToArray());
        sockets.Client.Shutdown(SocketShutdown.Send);
        var received = 0;
        try
        {
            while (true)
            {
                var count = await server.ReceiveAsync(new byte[1000]).AsTask().WaitAsync(Patience);
                if (count == 0)
                    return (received, null);
                received += count;
            }
        }
        catch (IOException e)
        {
            return (received, e);
        }
        finally
        {
            server.Abort();
        }
    }

    /// <summary>A client that has done its handshake, and whose records are kept instead of sent.</summary>
    private static async Task<RecordingStream> RecordAsync(SocketPair sockets, bool startServer = true)
    {
        var accepting = startServer
            ? TlsHandshake.AcceptAsync(new PlainConnection(sockets.Accepted, null), Settings.OfServer(TestPki.Shared.ServerTls), default) : null;
        var stream = new RecordingStream(new NetworkStream(sockets.Client));
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(TlsPair.TrustingOptions());
        if (accepting is not null)
            (await accepting).Abort();
        stream.Records = true;
        await tls.WriteAsync(Data.AsMemory(0, 100));
        await tls.WriteAsync(Data.AsMemory(100));
        await tls.ShutdownAsync();
        return stream;
    }

    private static async Task SendAsync(Connection connection, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await connection.SendAsync(bytes).AsTask().WaitAsync(Patience)..];
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience);
        return bytes;
    }

    private sealed class RecordingStream(Stream below) : Stream
    {
        public List<byte> Recorded { get; } = [];

        public bool Records { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => below.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => below.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!Records)
                return below.WriteAsync(buffer, cancellationToken);
            Recorded.AddRange(buffer.ToArray());
            return ValueTask.CompletedTask;
        }
    }
}
