using ActorSockets.Clients;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Servers;
using ActorSockets.Servers.Arrivals;
using ActorSockets.Servers.Sinks;
using ActorSockets.Transport.Tls;
using Akka.Actor;

namespace ActorSockets.Tests.Support;

/// <summary>Nothing else runs beside these: they count what the whole process has open.</summary>
[CollectionDefinition(nameof(FaultSpecs), DisableParallelization = true)]
public sealed class FaultSpecsCollection;

/// <summary>Real sockets, a real tree, and the count of what is left of them afterwards.</summary>
[Collection(nameof(FaultSpecs))]
public abstract class FaultSpecs(bool tls = false) : Specs, IAsyncLifetime
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TargetTls OfTargets = Target(TestPki.Shared.TargetTls).Tls!;
    private static readonly ServerTls OfServers = Server(TestPki.Shared.ServerTls).Tls!;

    private int _handlesBefore;

    /// <summary>Whether both directions use TLS.</summary>
    protected bool Tls { get; } = tls;

    protected string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("fault-specs-").FullName;

    public Task InitializeAsync()
    {
        // What the runtime opens once is not a leak: a first connection goes ahead of the count.
        using var listener = Peer(async socket => await socket.ReceiveAsync(new byte[1]));
        Clients(listener.Port, "confirm = close").Tell(new Deliveries.Deliver("warm-up", "t", new TextPayload("")), TestActor);
        ExpectMsg<Deliveries.IOutcome>(Patience);
        Assert.NotEqual(0, CountActors());
        Sys.Stop(LastClients!);
        AwaitAssert(() => Assert.Equal(0, CountActors()), Patience, TimeSpan.FromMilliseconds(10));
        _handlesBefore = SettledHandles();
        return Task.CompletedTask;
    }

    /// <summary>After every spec: no connection, file handle or actor is left that was not there before.</summary>
    public Task DisposeAsync()
    {
        foreach (var root in _roots)
            Sys.Stop(root);
        AwaitAssert(() =>
        {
            Assert.Equal(0, CountActors());
            Assert.InRange(CountHandles(), 0, _handlesBefore);
        }, TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(10));
        System.IO.Directory.Delete(Directory, recursive: true);
        return Task.CompletedTask;
    }

    private readonly List<IActorRef> _roots = [];

    protected IActorRef? LastClients { get; private set; }

    /// <summary>A sending side with one target, <c>t</c>.</summary>
    protected IActorRef Clients(int port, string hocon = "") => Clients([Target($"backoff {{ min = 1ms, max = 20ms }}\n{hocon}", port)]);

    protected IActorRef Clients(IReadOnlyList<TargetSettings> targets) => Start([.. targets.Select(t => Tls ? t with { Tls = OfTargets } : t)]);

    /// <summary>A sending side with one target, <c>t</c>, that uses no TLS and tries once.</summary>
    protected IActorRef Plain(int port) => Start([Target("max-attempts = 1", port)]);

    private IActorRef Start(IReadOnlyList<TargetSettings> targets)
    {
        LastClients = Sys.ActorOf(ClientSupervisor.Props(targets, 256, Connector, new OutboxAccess(null)));
        _roots.Add(LastClients);
        return LastClients;
    }

    /// <summary>A server of ours, and the port that it listens on.</summary>
    protected (IActorRef Actor, int Port) Serve(string hocon, Func<ServerSettings, ServerSettings>? change = null)
    {
        var events = SubscribeTo<ServerEvents.Bound>();
        var settings = Server($"directory = \"{Directory}\"\n{hocon}") with { Tls = Tls ? OfServers : null };
        settings = change?.Invoke(settings) ?? settings;
        var server = Sys.ActorOf(ServerActor.Props(settings, ServerMemory.Of(settings, new Inboxes(StoreLibrary.Open), new OutboxAccess(null), Create), Create, Listen));
        _roots.Add(server);
        return (server, events.ExpectMsg<ServerEvents.Bound>().Endpoint.Port);

        ISink Create(ServerSettings of, string peer, FileStore store, DeliveryInfo? delivery) =>
            CreateSink(new SinkContext(of, peer, _ => ValueTask.CompletedTask, store, delivery));
    }

    /// <summary>A peer that speaks as ours do.</summary>
    internal ScriptedPeer Peer(Func<PeerConnection, Task> script, int? receiveBufferSize = null) => new(script, receiveBufferSize, Tls);

    internal ScriptedPeer Peer(Func<PeerConnection, int, Task> script) => new(script, null, Tls);

    /// <summary>The configured sink, unless a spec has another one.</summary>
    private protected virtual ISink CreateSink(SinkContext context) => SinkFactory.Create(context);

    /// <summary>Below those that a spec has started.</summary>
    private int CountActors()
    {
        var below = ChildrenOf(((ExtendedActorSystem)Sys).Guardian).SelectMany(ChildrenOf).ToArray();
        return below.Length + below.SelectMany(ChildrenOf).Count();

        static IEnumerable<IActorRef> ChildrenOf(IActorRef actor) => actor is ActorRefWithCell withCell ? withCell.Children : [];
    }

    private static int SettledHandles()
    {
        var (handles, same) = (CountHandles(), 0);
        while (same < 5)
        {
            using var pause = new ManualResetEventSlim();
            pause.Wait(20);
            var now = CountHandles();
            (handles, same) = (now, now == handles ? same + 1 : 0);
        }

        return handles;
    }

    /// <summary>Sockets and files; what the runtime maps or polls is its own.</summary>
    private static int CountHandles() => System.IO.Directory.GetFiles("/proc/self/fd").Count(handle =>
        TargetOf(handle) is var target && (target.Contains("socket:", StringComparison.Ordinal) || target.Contains("fault-specs-", StringComparison.Ordinal)));

    private static string TargetOf(string handle)
    {
        try
        {
            return new FileInfo(handle).LinkTarget ?? "";
        }
        catch (IOException)
        {
            // Closed since it was listed.
            return "";
        }
    }
}
