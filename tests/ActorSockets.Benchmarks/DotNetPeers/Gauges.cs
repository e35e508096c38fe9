using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>The other end of whoever is measured. The same for all, blocking, and in a process of its own.</summary>
internal static class Gauges
{
    private const int ReceiveBuffer = 1 << 20;
    private const int SendBuffer = 256 * 1024;

    /// <summary>Takes so many connections, a thread for each, and says what came from the first byte to the last FIN.</summary>
    /// <param name="connections">How many.</param>
    /// <param name="skipped">Bytes of each that come before that.</param>
    public static Task SinkAsync(int connections, long skipped = 0)
    {
        using var listener = Bytes.Listen();
        var (firstAt, total) = (0L, 0L);
        var threads = new List<Thread>();
        for (var i = 0; i < connections; i++)
        {
            var socket = listener.Accept();
            var thread = new Thread(() => Receive(socket));
            thread.Start();
            threads.Add(thread);
        }

        threads.ForEach(t => t.Join());
        Say("received", total, Stopwatch.GetElapsedTime(firstAt));
        return Task.CompletedTask;

        void Receive(Socket socket)
        {
            using var _ = socket;
            var buffer = new byte[ReceiveBuffer];
            int count;
            var (mine, left) = (0L, skipped);
            while ((count = socket.Receive(buffer)) > 0)
            {
                if ((left -= count) >= 0)
                    continue;
                if (mine == 0)
                    Interlocked.CompareExchange(ref firstAt, Stopwatch.GetTimestamp(), 0);
                mine += count;
            }

            Interlocked.Add(ref total, mine);
        }
    }

    /// <summary>Sends so many bytes and a FIN, and says how long it took until the peer's FIN.</summary>
    public static Task SourceAsync(int port, long bytes)
    {
        using var socket = Bytes.NewSocket();
        socket.Connect(IPAddress.Loopback, port);
        var buffer = new byte[SendBuffer];
        var startedAt = Stopwatch.GetTimestamp();
        for (var left = bytes; left > 0;)
            left -= socket.Send(buffer, 0, (int)Math.Min(left, buffer.Length), SocketFlags.None);
        socket.Shutdown(SocketShutdown.Send);
        while (socket.Receive(buffer) > 0)
        {
            // Whatever it says.
        }

        Say("sent", bytes, Stopwatch.GetElapsedTime(startedAt));
        return Task.CompletedTask;
    }

    /// <summary>Accepts, and never reads.</summary>
    public static async Task StallAsync()
    {
        using var listener = Bytes.Listen();
        var accepted = new List<Socket>();
        // Small, for a thousand of them are the kernel's memory.
        listener.ReceiveBufferSize = 16 * 1024;
        while (true)
            accepted.Add(await listener.AcceptAsync());
    }

    /// <summary>Accepts, and takes 64 KiB ten times a second from each.</summary>
    public static async Task SlowAsync()
    {
        using var listener = Bytes.Listen();
        while (true)
            _ = ReadAsync(await listener.AcceptAsync());

        static async Task ReadAsync(Socket socket)
        {
            using var _ = socket;
            var buffer = new byte[64 * 1024];
            try
            {
                while (await socket.ReceiveAsync(buffer) > 0)
                    await Task.Delay(100);
            }
            catch (SocketException)
            {
                // The sender was ended.
            }
        }
    }

    /// <summary>Reads so many bytes of a file and hashes them with XXH128.</summary>
    public static async Task HashAsync(string path, long bytes)
    {
        var (hash, buffer) = (new XxHash128(), new byte[1 << 20]);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        for (int count; bytes > 0 && (count = file.Read(buffer, 0, (int)Math.Min(buffer.Length, bytes))) > 0; bytes -= count)
            hash.Append(buffer.AsSpan(0, count));
    }

    public static void Say(string what, long count, TimeSpan elapsed) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {count} in {elapsed.TotalSeconds:0.000000} s"));
}
