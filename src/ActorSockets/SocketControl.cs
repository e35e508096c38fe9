using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets;

/// <summary>
/// What Akka.IO does not reach on a connection's socket.
/// <para>
/// SO_LINGER (on, 0) on every socket, so that whatever ends a connection before its time, a SIGKILL of this process
/// included, is a reset to the peer. Without it the kernel sends a clean FIN for a dead process: a client would take it
/// for the word of a server that had read everything and stored nothing, a server for the end of a payload that was sent
/// in part. Disarmed for the graceful close alone.
/// </para>
/// </summary>
internal sealed class SocketControl(Socket? socket)
{
    private const int TcpInfoBytesAcked = 120;

    /// <summary>For a connection whose socket was never seen.</summary>
    public static SocketControl None { get; } = new(null);

    private Socket Seen => socket ?? throw new InvalidOperationException("the connection's socket was not seen");

    public void Disarm() => SetLinger(new LingerOption(enable: false, seconds: 0));

    /// <summary>
    /// How many bytes the peer's kernel has acknowledged so far (tcpi_bytes_acked of tcp(7), Linux 4.1 and later); 0 where
    /// that is not to be had.
    /// </summary>
    public long AcknowledgedBytes()
    {
        const int Tcp = 6, TcpInfo = 11;
        if (socket is null || !OperatingSystem.IsLinux())
            return 0;
        try
        {
            Span<byte> info = stackalloc byte[256];
            var length = socket.GetRawSocketOption(Tcp, TcpInfo, info);
            return length < TcpInfoBytesAcked + 8 ? 0 : BinaryPrimitives.ReadInt64LittleEndian(info[TcpInfoBytesAcked..]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>Waits until there is something to read, and reads it if there is room; 0 with room is the peer's FIN.</summary>
    public ValueTask<int> ReceiveAsync(Memory<byte> room) => Seen.ReceiveAsync(room);

    /// <summary>Done when the kernel has taken all.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await Seen.SendAsync(bytes)..];
    }

    private void SetLinger(LingerOption option)
    {
        try
        {
            if (socket is not null)
                socket.LingerState = option;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already: the connection's own event tells how.
        }
    }

    /// <summary>Arms each socket as soon as it is connected, and hands its control to an actor, ahead of Akka's <c>Connected</c>.</summary>
    public sealed class WhenConnected(IActorRef owner) : Inet.SocketOption
    {
        /// <summary>Outgoing, just created: given back at once when it is one of the last.</summary>
        public override void BeforeConnect(Socket s)
        {
            if (!Posix.IsAmongTheLast(s.SafeHandle))
                return;
            s.Dispose();
            owner.Tell(new OutOfHandles(""));
            throw new IOException("file handles are running out");
        }

        public override void AfterConnect(Socket s)
        {
            if (Posix.IsAmongTheLast(s.SafeHandle))
            {
                owner.Tell(new OutOfHandles(Endpoints.Format(s.RemoteEndPoint)));
                s.LingerState = new LingerOption(enable: true, seconds: 0);
                s.Dispose();
                throw new IOException("file handles are running out");
            }

            var control = new SocketControl(s);
            control.SetLinger(new LingerOption(enable: true, seconds: 0));
            owner.Tell(new Armed(s.RemoteEndPoint!, control));
        }
    }

    /// <summary>A connection was given up because the process has hardly any file handles left.</summary>
    public sealed record OutOfHandles(string Peer);

    /// <summary>The control of the connection with <paramref name="Peer"/>, of which <c>Connected</c> comes next.</summary>
    public sealed record Armed(EndPoint Peer, SocketControl Control);
}
