using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ActorSockets.Host;

/// <summary>
/// Tells systemd how the service is, over the socket that it names in NOTIFY_SOCKET (sd_notify(3)). Without that variable nothing
/// happens.
/// </summary>
/// <param name="address">The socket's path; @ at its start stands for an abstract one.</param>
/// <param name="watchdog">How often systemd wants to hear of it; zero: never.</param>
internal sealed class ServiceManager(string? address, TimeSpan watchdog)
{
    public static ServiceManager FromEnvironment()
    {
        // WATCHDOG_PID: it may be meant for another process that the variables were inherited by.
        var isOurs = Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var isWatched = long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && isOurs;
        return new ServiceManager(Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } socket ? socket : null,
            isWatched ? TimeSpan.FromMicroseconds(microseconds) : TimeSpan.Zero);
    }

    public void Ready() => Tell("READY=1");

    /// <summary>The configuration is being read again; <see cref="Ready"/> ends that.</summary>
    public void Reloading() => Tell(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}"));

    public void Stopping() => Tell("STOPPING=1");

    /// <summary>Tells systemd twice in each of its intervals that the service lives, as long as something proves it.</summary>
    /// <param name="proof">Completes while the service lives.</param>
    /// <param name="stopped">Ends it.</param>
    public async Task WatchAsync(Func<Task> proof, CancellationToken stopped)
    {
        if (address is null || watchdog <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(watchdog / 2);
        try
        {
            do
            {
                await proof().WaitAsync(stopped);
                Tell("WATCHDOG=1");
            }
            while (await timer.WaitForNextTickAsync(stopped));
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }

    private void Tell(string state)
    {
        if (address is null)
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(address[0] == '@' ? $"\0{address[1..]}" : address));
        }
        catch (SocketException)
        {
            // systemd ends a service that it hears nothing of, and says so.
        }
    }
}
