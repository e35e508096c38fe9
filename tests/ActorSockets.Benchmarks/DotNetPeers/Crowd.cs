using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Thousands of small connections: the sink and the client of the work, and the async sockets that it is compared with.</summary>
internal static class Crowd
{
    private const int MessageBytes = 1024;
    private const int Connecting = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Takes 1 KiB on each of so many connections to addresses in 127/8; says how many were whole, first accept to last FIN.</summary>
    public static async Task SinkAsync(int count)
    {
        using var listener = Bytes.Listen(IPAddress.Any);
        var (whole, firstAt, lastAt) = (0, 0L, 0L);
        var receiving = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            using var patience = new CancellationTokenSource(i == 0 ? Timeout.InfiniteTimeSpan : Patience);
            try
            {
                var socket = await listener.AcceptAsync(patience.Token);
                if (i == 0)
                    firstAt = Stopwatch.GetTimestamp();
                receiving.Add(ReceiveAsync(socket));
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(receiving);
        Gauges.Say("whole", whole, Stopwatch.GetElapsedTime(firstAt, lastAt));

        async Task ReceiveAsync(Socket socket)
        {
            using var _ = socket;
            var (buffer, total, taken) = (new byte[2 * MessageBytes], 0, 0);
            try
            {
                // Bound to every address to have all of 127/8; nobody else is let in.
                if (!IPAddress.IsLoopback(((IPEndPoint)socket.RemoteEndPoint!).Address))
                    return;
                while ((taken = await socket.ReceiveAsync(buffer)) > 0)
                    total += taken;
            }
            catch (SocketException)
            {
                return;
            }

            if (total == MessageBytes)
                Interlocked.Increment(ref whole);
            Interlocked.Exchange(ref lastAt, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>1 KiB to so many addresses, with as many connects at a time as our program's gate lets through.</summary>
    public static async Task SendAsync(int port, int count)
    {
        using var gate = new SemaphoreSlim(Connecting);
        var message = new byte[MessageBytes];
        await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            using var socket = Bytes.NewSocket();
            await gate.WaitAsync();
            try
            {
                await socket.ConnectAsync(new IPEndPoint(Address(i), port));
            }
            finally
            {
                gate.Release();
            }

            await socket.SendAsync(message);
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAsync(new byte[1]);
        }));
    }

    /// <summary>Opens so many connections, sends 1 KiB on each, says how that went, and keeps them open until it is ended.</summary>
    public static async Task HoldAsync(int port, int count)
    {
        using var gate = new SemaphoreSlim(Connecting);
        var (message, open) = (new byte[MessageBytes], new List<Socket>());
        var startedAt = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            await gate.WaitAsync();
            try
            {
                var socket = Bytes.NewSocket();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                await socket.SendAsync(message);
                lock (open)
                    open.Add(socket);
            }
            catch (SocketException)
            {
                // Counted by its absence.
            }
            finally
            {
                gate.Release();
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(startedAt);

        // A server that refuses a client resets it a little later.
        await Task.Delay(TimeSpan.FromSeconds(1));
        Gauges.Say("open", open.Count(s => !s.Poll(0, SelectMode.SelectRead)), elapsed);
        await Task.Delay(Timeout.Infinite);
    }

    public static IPAddress Address(int i) => new([127, (byte)(1 + i / 62_500), (byte)(1 + i / 250 % 250), (byte)(1 + i % 250)]);
}
