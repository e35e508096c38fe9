using System.Net;
using ActorSockets.Clients;
using ActorSockets.Servers;
using ActorSockets.Transport;
using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace ActorSockets.Tests.Support;

/// <summary>What all specs with an actor system share: settings from HOCON, events as a probe, virtual time on request.</summary>
public abstract class Specs(Config? config = null)
    : TestKit((config ?? Config.Empty).WithFallback(Quiet).WithFallback(ActorSocketsSettings.Reference))
{
    private static readonly Config Quiet = ConfigurationFactory.ParseString("""
        akka {
          loglevel = OFF
          stdout-loglevel = OFF
          # A busy machine is no reason to fail.
          test { single-expect-default = 15s, default-timeout = 15s }
        }
        """);

    /// <summary>Time stands still until a spec advances it.</summary>
    protected static Config VirtualTime { get; } = ConfigurationFactory.ParseString(
        $"akka.scheduler.implementation = \"{typeof(VirtualTimeScheduler).FullName}, {typeof(VirtualTimeScheduler).Assembly.GetName().Name}\"");

    protected void Advance(TimeSpan time) => ((TestScheduler)Sys.Scheduler).Advance(time);

    protected TestProbe SubscribeTo<T>()
    {
        var probe = CreateTestProbe();
        Sys.EventStream.Subscribe(probe, typeof(T));
        return probe;
    }

    internal static IConnector Connector { get; } = new Connector(ResolveAsync);

    internal static Props Listen(ListenerSettings settings) => ListenerActor.Props(settings, ResolveAsync);

    internal static Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation) =>
        IPAddress.TryParse(host, out var address) ? Task.FromResult<IPAddress[]>([address]) : System.Net.Dns.GetHostAddressesAsync(host, cancellation);

    internal static TargetSettings Target(string hocon = "", int port = 9) =>
        ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets.targets.t {{ port = {port}\n {hocon} \n}}")).Targets[0];

    internal static ServerSettings Server(string hocon = "") =>
        ActorSocketsSettings.From(ConfigurationFactory.ParseString($"actor-sockets.servers.s {{ {hocon} \n}}")).Servers[0];
}
