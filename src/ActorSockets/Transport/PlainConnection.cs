using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorSockets.Configuration;

namespace ActorSockets.Transport;

/// <summary>A TCP connection without encryption: a socket of ours.</summary>
internal sealed partial class PlainConnection(Socket socket, EndPoint? peer) : Connection
{
    // RFC 9293, and include/net/tcp_states.h.
    private const byte StateClose = 7, StateCloseWait = 8, StateLastAck = 9, StateClosing = 11;

    private Exception? _failure;

    /// <summary>Whose address and port this is.</summary>
    public IPEndPoint? PeerAddress { get; } = (peer ?? RemoteEndPoint(socket)) as IPEndPoint;

    public override string Peer => Endpoints.Format(PeerAddress);

    public override async ValueTask<int> ReceiveAsync(Memory<byte> room)
    {
        try
        {
            return await socket.ReceiveAsync(room);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_failure is { } failure)
            return ValueTask.FromException<int>(failure);
        if (OperatingSystem.IsWindows())
            return SendAllAsync(bytes);
        try
        {
            var taken = SendNow(bytes.Span);
            return taken > 0 ? new ValueTask<int>(taken) : SendWhenThereIsRoomAsync(bytes);
        }
        catch (IOException e)
        {
            return ValueTask.FromException<int>(e);
        }
    }

    public override ValueTask<bool> FinishAsync()
    {
        // Behind the peer's FIN, ours changes CLOSE-WAIT to LAST-ACK; one that crossed ours makes CLOSING.
        var peerWasFirst = State() is StateCloseWait;
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException<bool>(Broken(e));
        }

        return new ValueTask<bool>(!peerWasFirst && State() is not (StateLastAck or StateClosing));
    }

    public override (long Bytes, bool All)? Acknowledged()
    {
        // tcpi_unacked counts segments on their way, tcpi_notsent_bytes what waits behind them (tcp(7), Linux 4.6).
        const int Unacked = 24, BytesAcked = 120, NotSentBytes = 144;
        if (TcpInfo() is not { Length: >= NotSentBytes + 4 } info)
            return null;
        var all = BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(Unacked)) == 0 && BinaryPrimitives.ReadUInt32LittleEndian(info.AsSpan(NotSentBytes)) == 0;
        return (BinaryPrimitives.ReadInt64LittleEndian(info.AsSpan(BytesAcked)), all);
    }

    public override bool IsReset => State() is StateClose;

    public override void Close()
    {
        Disarm();
        socket.Dispose();
    }

    public override void Abort() => socket.Dispose();

    /// <summary>Bytes that the kernel has received, read or not, and perhaps one for the peer's FIN; null where the system does not tell.</summary>
    public long? Received()
    {
        // Linux 4.1.
        const int BytesReceived = 128;
        return TcpInfo() is { Length: >= BytesReceived + 8 } info ? BinaryPrimitives.ReadInt64LittleEndian(info.AsSpan(BytesReceived)) : null;
    }

    /// <summary>From now on, an end of this process is a FIN to the peer and no reset.</summary>
    public void Disarm()
    {
        try
        {
            socket.LingerState = new LingerOption(enable: false, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already, or broken: nothing is left to deliver.
        }
    }

    /// <summary>Reads to the peer's end, or so many bytes, and forgets them.</summary>
    /// <exception cref="IOException">The connection broke, or was closed meanwhile.</exception>
    public async Task DiscardAsync(int most)
    {
        var room = new byte[4096];
        for (int count; most > 0 && (count = await ReceiveAsync(room)) > 0;)
            most -= count;
    }

    private static EndPoint? RemoteEndPoint(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            // Reset before it was asked: the kernel has forgotten who it was.
            return null;
        }
    }

    private static IOException Broken(Exception e) => e is SocketException { SocketErrorCode: not SocketError.OperationAborted }
        ? new IOException(e.Message, e) : new IOException("the connection is closed", e);

    private async ValueTask<int> SendAllAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return await socket.SendAsync(bytes);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    /// <summary>.NET tells that there is room only by sending. One byte is sent whole or not at all, so the count stays exact.</summary>
    private async ValueTask<int> SendWhenThereIsRoomAsync(ReadOnlyMemory<byte> bytes)
    {
        await SendAllAsync(bytes[..1]);
        try
        {
            return bytes.Length == 1 ? 1 : 1 + SendNow(bytes.Span[1..]);
        }
        catch (IOException e)
        {
            // That byte was taken: the failure is the next call's.
            _failure = e;
            return 1;
        }
    }

    /// <summary>What the kernel takes at once; 0 when it has no room. .NET does not tell how much of a write that failed was taken.</summary>
    private int SendNow(ReadOnlySpan<byte> bytes)
    {
        const int Interrupted = 4, WouldBlockOnLinux = 11, WouldBlockOnMacOS = 35;
        var dontWait = OperatingSystem.IsLinux() ? 0x40 : 0x80;
        while (true)
        {
            nint taken;
            try
            {
                taken = Send(socket.SafeHandle, bytes, bytes.Length, dontWait);
            }
            catch (ObjectDisposedException e)
            {
                throw Broken(e);
            }

            if (taken >= 0)
                return (int)taken;
            var error = Marshal.GetLastPInvokeError();
            if (error is WouldBlockOnLinux or WouldBlockOnMacOS)
                return 0;
            if (error != Interrupted)
                throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
    }

    private byte? State() => TcpInfo()?[0];

    /// <summary>struct tcp_info of Linux; null elsewhere, and for a socket that is closed.</summary>
    private byte[]? TcpInfo()
    {
        const int Tcp = 6, Info = 11;
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            var info = new byte[256];
            var length = socket.GetRawSocketOption(Tcp, Info, info);
            return info[..length];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Send(SafeHandle socket, ReadOnlySpan<byte> bytes, nint length, int flags);
}
