using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Platform;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Transport;

/// <summary>Why there is no connection.</summary>
internal enum ConnectFailure
{
    /// <summary>The name does not resolve.</summary>
    UnknownHost,

    /// <summary>Something at the address refused.</summary>
    Refused,

    /// <summary>There is no way to the address, or it did not answer.</summary>
    Unreachable,

    /// <summary>The process has hardly any file handles left.</summary>
    OutOfHandles,
}

/// <summary>No connection was made; the message says to what and why.</summary>
internal sealed class ConnectException(ConnectFailure failure, string message) : IOException(message)
{
    public ConnectFailure Failure { get; } = failure;
}

/// <summary>Makes connections.</summary>
internal interface IConnector
{
    /// <summary>Resolves the name, anew each time, and connects to one of its addresses.</summary>
    /// <param name="host">A name or an IP address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="settings">What the socket is given.</param>
    /// <param name="attempt">Counts from 1; each begins with another address, in case the first one swallows all the time there is.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="ConnectException">There is none.</exception>
    Task<Connection> ConnectAsync(string host, int port, SocketSettings settings, int attempt, CancellationToken cancellation);

    /// <summary>Makes a TLS connection out of one that <see cref="ConnectAsync"/> has made.</summary>
    /// <param name="connection">Is the TLS connection's, whatever comes of it.</param>
    /// <param name="host">Whom the server's certificate must name, unless the settings say otherwise.</param>
    /// <param name="tls">What is asked of the server.</param>
    /// <param name="cancellation">Ends the handshake.</param>
    /// <exception cref="TlsException">There is none.</exception>
    Task<Connection> SecureAsync(Connection connection, string host, TargetTls tls, CancellationToken cancellation);
}

/// <summary>
/// Connects over sockets of its own. Akka.IO (1.5.74) would lose the system's reason for a failure, and can race no addresses:
/// here both families are tried a quarter of a second apart, and the first one that answers wins (Happy Eyeballs, RFC 8305).
/// </summary>
internal sealed class Connector(Func<string, CancellationToken, Task<IPAddress[]>> resolve) : IConnector
{
    /// <summary>The Connection Attempt Delay of RFC 8305, section 5.</summary>
    public static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    private const int MostAddresses = 8;

    public async Task<Connection> ConnectAsync(string host, int port, SocketSettings settings, int attempt, CancellationToken cancellation)
    {
        var addresses = Ordered(await ResolveAsync(host, cancellation), attempt);
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var failures = new List<(IPAddress Address, SocketException Cause)>();
        var racing = new List<Task<Socket>>();
        var next = 0;
        try
        {
            while (next < addresses.Length || racing.Count > 0)
            {
                if (next < addresses.Length)
                    racing.Add(ConnectAsync(new IPEndPoint(addresses[next++], port), settings, others.Token));
                var delay = next < addresses.Length ? Task.Delay(AttemptDelay, others.Token) : Task.Delay(Timeout.Infinite, others.Token);
                // One that fails makes room for the next one at once.
                if (await Task.WhenAny([.. racing, delay]) is not Task<Socket> done)
                {
                    cancellation.ThrowIfCancellationRequested();
                    continue;
                }

                racing.Remove(done);
                try
                {
                    return new PlainConnection(await done, null);
                }
                catch (SocketException e)
                {
                    failures.Add((addresses[Math.Min(failures.Count, addresses.Length - 1)], e));
                }
            }
        }
        finally
        {
            await others.CancelAsync();
            foreach (var loser in racing)
                _ = DisposeAsync(loser);
        }

        throw Failed(host, port, failures);
    }

    public Task<Connection> SecureAsync(Connection connection, string host, TargetTls tls, CancellationToken cancellation) =>
        TlsHandshake.ConnectAsync((PlainConnection)connection, host, tls, cancellation);

    /// <summary>The families in turns, as RFC 8305, section 4, has it.</summary>
    private static IPAddress[] Ordered(IPAddress[] addresses, int attempt)
    {
        var families = addresses.GroupBy(a => a.AddressFamily).Select(g => g.ToArray()).ToArray();
        IPAddress[] ordered =
        [
            .. Enumerable.Range(0, addresses.Length).SelectMany(i => families.Where(f => i < f.Length).Select(f => f[i])).Take(MostAddresses),
        ];
        var first = (attempt - 1) % ordered.Length;
        return [.. ordered[first..], .. ordered[..first]];
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        try
        {
            var addresses = await resolve(host, cancellation);
            return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException e)
        {
            throw new ConnectException(ConnectFailure.UnknownHost, $"{host} does not resolve: {e.Message}");
        }
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint address, SocketSettings settings, CancellationToken cancellation)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (Posix.IsAmongTheLast(socket.SafeHandle))
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            settings.Apply(socket);
            await socket.ConnectAsync(address, cancellation);
            // A connect to a free local port out of the ephemeral range can meet itself (TCP simultaneous open).
            return !socket.LocalEndPoint!.Equals(socket.RemoteEndPoint) ? socket : throw new SocketException((int)SocketError.ConnectionRefused);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task DisposeAsync(Task<Socket> loser)
    {
        try
        {
            (await loser).Dispose();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It has disposed of itself.
        }
    }

    private static ConnectException Failed(string host, int port, List<(IPAddress Address, SocketException Cause)> failures)
    {
        var endpoint = Endpoints.Format(host, port);
        if (failures.Exists(f => f.Cause.SocketErrorCode == SocketError.TooManyOpenSockets))
            return new ConnectException(ConnectFailure.OutOfHandles, "file handles are running out (ulimit -n)");
        var refused = failures.Exists(f => f.Cause.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset);
        var reasons = failures is [var (address, cause)]
            ? (address.ToString() == host ? cause.Message : $"{cause.Message} ({address})")
            : string.Join(", ", failures.GroupBy(f => f.Cause.Message).Select(g => $"{g.Key} ({string.Join(", ", g.Select(f => f.Address))})"));
        return new ConnectException(refused ? ConnectFailure.Refused : ConnectFailure.Unreachable, $"{endpoint}: {reasons}");
    }
}
