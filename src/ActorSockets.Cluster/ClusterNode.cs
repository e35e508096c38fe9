using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using ActorSockets.Clients;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Transport.Tls;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster.Sharding;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;
using Akka.Remote.Transport.DotNetty;

namespace ActorSockets.Cluster;

/// <summary>This process as a node: what <see cref="ClusterLibrary"/> looks for.</summary>
internal sealed class ClusterNode : IClusterNode
{
    private const string Targets = "targets";

    // Of what a node takes to find out that it is out, above its settings.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ForeignInterval = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource<string> _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IActorRef _region = ActorRefs.Nobody;
    private IActorRef _waker = ActorRefs.Nobody;
    private volatile bool _isLeaving;
    private ILoggingAdapter? _log;
    private volatile string? _foreign;
    private long _saidForeign;

    public Task<string> Removed => _removed.Task;

    public ActorSystem CreateSystem(string name, Config config, ClusterSettings settings)
    {
        var bootstrap = BootstrapSetup.Create().WithConfig(config.WithFallback(NodeConfig.Of(settings)));
        var setup = settings.Tls is { } files ? bootstrap.And(Tls(files.Current)) : ActorSystemSetup.Create(bootstrap);
        try
        {
            return ActorSystem.Create(name, setup);
        }
        catch (Exception e) when (e.GetBaseException() is RemoteTransportException { InnerException: SocketException why })
        {
            throw new ClusterPortException($"cannot listen on {Endpoints.Format(settings.Host, settings.Port)}: {why.Message}");
        }
    }

    public void Start(ActorSystem system, ClusterSettings settings, OutboxAccess outbox, ITargetLines lines, TimeSpan drainTimeout)
    {
        _log = Logging.GetLogger(system, typeof(ClusterNode));
        var cluster = Akka.Cluster.Cluster.Get(system);
        cluster.RegisterOnMemberRemoved(() =>
        {
            if (!_isLeaving)
                _removed.TrySetResult("this node is out: the others have taken it out of the cluster, or it has, because it did not reach the larger part of them. Start it again");
        });
        // Akka ends the system by itself, when a certificate is refused for example (1.5.73).
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "actor-sockets-node", () =>
        {
            if (shutdown.ShutdownReason is not CoordinatedShutdown.ActorSystemTerminateReason)
                _removed.TrySetResult(WhyItEnds(shutdown.ShutdownReason));
            return Task.FromResult(Akka.Done.Instance);
        });
        var sharding = ClusterSharding.Get(system);
        var extractor = new TargetExtractor();
        if (settings.Sends)
        {
            var restTime = settings.HeartbeatPause + settings.StableAfter + Margin;
            var ofSharding = ClusterShardingSettings.Create(system).WithRole(ClusterSettings.SenderRole);
            var allocation = new CautiousRebalance(sharding.DefaultShardAllocationStrategy(ofSharding));
            var unknown = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
            _region = sharding.Start(Targets, target => TargetEntity.Props(target, lines, drainTimeout, restTime, unknown, () => _isLeaving || _removed.Task.IsCompleted), ofSharding, extractor, allocation, TargetEntity.HandOver.Instance);
        }
        else
        {
            _region = sharding.StartProxy(Targets, ClusterSettings.SenderRole, extractor);
        }

        system.ActorOf(JoinerActor.Props(outbox, settings, lines, reason => _removed.TrySetResult(reason)), "actor-sockets-joiner");
        var members = system.ActorOf(MembersActor.Props(_region), "actor-sockets-members");
        _waker = system.ActorOf(WakerActor.Props(outbox, _region), "actor-sockets-waker");
        _removed.Task.ContinueWith(_ =>
        {
            // What it sees from then on is wrong.
            system.Stop(members);
            system.EventStream.Publish(TargetEntity.Rest.Instance);
        }, TaskScheduler.Default);
    }

    public async Task HandOverAsync(ActorSystem system)
    {
        // The others have its targets, or may have.
        if (_removed.Task.IsCompleted)
            return;
        _isLeaving = true;
        system.EventStream.Publish(new ClusterEvents.NodeLeaving(MembersActor.NameOf(Akka.Cluster.Cluster.Get(system).SelfAddress)));
        // The region does not end while it has a Wake to pass on: none may come behind GracefulShutdown.
        var wakesNobody = _waker.WatchAsync();
        system.EventStream.Publish(TargetEntity.Rest.Instance);
        await wakesNobody;
        var ended = _region.WatchAsync();
        _region.Tell(GracefulShutdown.Instance);
        await ended;
    }

    /// <summary>Each side shows a certificate of the CA; names in it count for nothing, as nodes move.</summary>
    private DotNettySslSetup Tls(TlsMaterial material)
    {
        return new DotNettySslSetup(material.Context!.TargetCertificate, suppressValidation: false, requireMutualAuthentication: true, IsOurs);

        bool IsOurs(X509Certificate2? certificate, X509Chain? received, string remotePeer, System.Net.Security.SslPolicyErrors errors, ILoggingAdapter log)
        {
            if (certificate is null)
                return false;
            if (material.Trusts(certificate, received?.ChainElements.Skip(1).Select(element => element.Certificate) ?? []))
                return true;
            _foreign = NodeOf(remotePeer);
            SayForeign(_foreign);
            return false;
        }
    }

    /// <summary>Whoever reaches the port can have it said: not more often than that.</summary>
    private void SayForeign(string node)
    {
        var now = Stopwatch.GetTimestamp();
        var last = Interlocked.Read(ref _saidForeign);
        if ((last == 0 || Stopwatch.GetElapsedTime(last, now) >= ForeignInterval) && Interlocked.CompareExchange(ref _saidForeign, now, last) == last)
            _log?.Warning("cluster: {0} shows a certificate that no CA of cluster.tls.ca has signed, or that is not valid: it is no node of this cluster", node);
    }

    private string WhyItEnds(CoordinatedShutdown.Reason reason) => _foreign is { } node
        ? $"this node is out: {node} shows a certificate that no CA of cluster.tls.ca has signed, or that is not valid. Each node needs one that a CA of all the others has signed"
        : reason.GetType().Name == "TlsHandshakeFailureReason"
            ? "this node is out: another node refused it. Has a CA of the others signed its certificate (cluster.tls.certificate), and is it valid?"
            : $"this node is out: Akka ends it ({reason.GetType().Name})";

    /// <summary>Akka names who was called by its URL, and who calls by its endpoint.</summary>
    private static string NodeOf(string peer) => IPEndPoint.TryParse(peer, out var caller) ? Endpoints.Format(caller) : peer[(peer.LastIndexOf('@') + 1)..];
}
