using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorSockets.Host.Tests.Support;

namespace ActorSockets.Host.Tests;

/// <summary>What clients see of a server that starts under load or is killed, at every instant of it.</summary>
public sealed class RestartSpecs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_server_that_starts_under_clients_that_try_again_and_again_is_deaf_to_none_of_them()
    {
        for (var round = 0; round < 3; round++)
        {
            using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
            reserved.Dispose();

            using var stop = new CancellationTokenSource();
            var knocking = Enumerable.Range(0, 8).Select(_ => Task.Run(() => KnockAsync(port, stop.Token))).ToArray();
            await using var server = HostProcess.Start("serve", $":{port}", "--sink", "discard", "--quiet", "--set", "actor-sockets.server-defaults.idle-timeout=0s");
            await Task.WhenAny(knocking).WaitAsync(Patience);
            await stop.CancelAsync();
            await Task.WhenAll(knocking);

            // More than the accepts that a listener has pending: none of them may be lost.
            for (var i = 0; i < 4 * Environment.ProcessorCount; i++)
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(IPAddress.Loopback, port);
                client.Shutdown(SocketShutdown.Send);
                Assert.Equal(0, await client.ReceiveAsync(new byte[1]).WaitAsync(Patience));
            }
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_is_a_reset_to_every_client_also_to_those_that_it_has_not_accepted_yet()
    {
        await using var server = HostProcess.Start("serve", ":0", "--sink", "discard");
        var port = await server.PortOfAsync("server-1");
        var clients = new List<Socket>();
        try
        {
            // Stopped, so that the kernel alone has the last ones.
            for (var i = 0; i < 100; i++)
            {
                if (i == 50)
                    await server.SignalAsync("STOP");
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                clients.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, port);
            }

            await server.SignalAsync("KILL");
            foreach (var client in clients)
                Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]))).SocketErrorCode);
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task A_sender_that_is_killed_at_any_instant_of_its_start_ends_no_connection()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        for (var i = 0; i < 10; i++)
        {
            await using var sender = HostProcess.Start("send", "README.md", "--to", $":{port}", "--confirm", "receipt", "--limit-rate", "1KiB");
            using var accepted = await listener.AcceptAsync().WaitAsync(Patience);
            await sender.SignalAsync("KILL");
            await Assert.ThrowsAsync<SocketException>(async () =>
            {
                while (await accepted.ReceiveAsync(new byte[64 * 1024]).WaitAsync(Patience) > 0)
                {
                    // A reset, or an end that the sender never meant.
                }
            });
        }
    }

    [Fact]
    public async Task A_server_that_is_killed_while_it_cuts_a_stream_leaves_whole_files_and_one_that_is_partial()
    {
        for (var files = 1; files <= 5; files++)
        {
            var directory = Directory.CreateTempSubdirectory("restart-specs-").FullName;
            try
            {
                await using var server = HostProcess.Start("serve", ":0", "--sink", directory, "--set", "actor-sockets.server-defaults.cut={ at-bytes = 10KiB, at = line }");
                var feeding = FeedLinesAsync(await server.PortOfAsync("server-1"));
                // At any instant after so many.
                await server.HearAsync($"(?s)(goes on;.*){{{files}}}");
                await server.SignalAsync("KILL");
                var lines = (await feeding.WaitAsync(Patience)).ToString();

                var left = Directory.GetFiles(directory).Order(StringComparer.Ordinal).ToArray();
                var whole = left.Where(path => !path.EndsWith(".partial", StringComparison.Ordinal)).ToArray();
                Assert.InRange(left.Length - whole.Length, 0, 1);
                Assert.InRange(whole.Length, files, int.MaxValue);
                Assert.All(whole.Select(File.ReadAllText), text => Assert.True(text.Length >= 10 * 1024 && text[^1] == '\n'));
                Assert.StartsWith(string.Concat(left.Select(File.ReadAllText)), lines, StringComparison.Ordinal);
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    /// <summary>Numbered lines until the connection breaks.</summary>
    private static async Task<StringBuilder> FeedLinesAsync(int port)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, port);
        var said = new StringBuilder();
        try
        {
            for (var i = 0; ; i++)
            {
                said.Append(CultureInfo.InvariantCulture, $"line {i}\n");
                await client.SendAsync(Encoding.ASCII.GetBytes($"line {i}\n"));
            }
        }
        catch (SocketException)
        {
            return said;
        }
    }

    /// <summary>Connects until it is told to stop; done with a connection that was served, so that the server is up.</summary>
    private static async Task KnockAsync(int port, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await client.ConnectAsync(IPAddress.Loopback, port, stop);
                client.Shutdown(SocketShutdown.Send);
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(stop);
                soon.CancelAfter(TimeSpan.FromSeconds(2));
                if (await client.ReceiveAsync(new byte[1], soon.Token) == 0)
                    return;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Not yet.
            }
        }
    }
}
