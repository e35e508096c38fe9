using System.Net;
using System.Net.Sockets;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>What one would write without actors: SendAsync and ReceiveAsync in a loop for each connection.</summary>
internal static class AsyncSockets
{
    /// <summary>One payload to all ports at once; says "connected" and "delivered", which is the peer's FIN, for each.</summary>
    public static Task SendAsync(string payload, int bufferBytes, int[] ports) => Task.WhenAll(ports.Select(port => SendAsync(payload, bufferBytes, port)));

    /// <summary>Any number of connections, forgotten or each into a file.</summary>
    public static async Task ReceiveAsync(int bufferBytes, string? directory)
    {
        using var listener = Bytes.Listen();
        for (var number = 1; ; number++)
        {
            var socket = await listener.AcceptAsync();
            _ = directory is null ? DiscardAsync(socket, bufferBytes) : StoreAsync(socket, bufferBytes, Path.Combine(directory, $"{number}"));
        }
    }

    public static async Task DiscardAsync(Socket socket, int bufferBytes)
    {
        using var _ = socket;
        try
        {
            var buffer = new byte[bufferBytes];
            while (await socket.ReceiveAsync(buffer) > 0)
            {
                // Forgotten.
            }
        }
        catch (SocketException)
        {
            // The client was ended.
        }
    }

    private static async Task SendAsync(string payload, int bufferBytes, int port)
    {
        using var bytes = new Bytes(payload, bufferBytes);
        using var socket = Bytes.NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        Console.WriteLine("connected");
        while (bytes.Next() is { IsEmpty: false } next)
            await socket.SendAsync(next);
        socket.Shutdown(SocketShutdown.Send);
        await socket.ReceiveAsync(new byte[1]);
        Console.WriteLine("delivered");
    }

    private static async Task StoreAsync(Socket socket, int bufferBytes, string path)
    {
        using var _ = socket;
        var buffer = new byte[bufferBytes];
        await using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer)) > 0)
                await file.WriteAsync(buffer.AsMemory(0, count));
            // As our file sink: what the client's FIN is answered for is stored.
            file.Flush(flushToDisk: true);
        }
    }
}
