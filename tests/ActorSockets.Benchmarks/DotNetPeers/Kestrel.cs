using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace ActorSockets.Benchmarks.DotNetPeers;

/// <summary>Kestrel's sockets and pipes with a connection handler, without HTTP.</summary>
internal static class Kestrel
{
    public static async Task ReceiveAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        // As many connects at a time as the others let wait.
        builder.WebHost.UseSockets(options => options.Backlog = Bytes.Backlog);
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen => listen.Run(DiscardAsync)));
        await using var app = builder.Build();
        await app.RunAsync();
    }

    private static async Task DiscardAsync(ConnectionContext connection)
    {
        try
        {
            while (await connection.Transport.Input.ReadAsync() is { IsCompleted: false, Buffer: var buffer })
                connection.Transport.Input.AdvanceTo(buffer.End);
        }
        catch (ConnectionResetException)
        {
            // The client was ended.
        }
    }
}
