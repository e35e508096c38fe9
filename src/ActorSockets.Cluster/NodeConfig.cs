using ActorSockets.Configuration;
using Akka.Configuration;

namespace ActorSockets.Cluster;

/// <summary>Akka's settings of a node. A section akka { } of the user's file wins.</summary>
internal static class NodeConfig
{
    public static Config Of(ClusterSettings settings)
    {
        return ConfigurationFactory.ParseString($$"""
            akka {
              actor {
                provider = cluster
                # In the place of the one for everything, which makes objects of whatever type the other end names.
                serializers.json = "ActorSockets.Cluster.MessageSerializer, ActorSockets.Cluster"
              }
              # How long two nodes are silent whose connection broke. Akka's 5 s are longer than heartbeat-pause: a reset cost a node.
              remote.retry-gate-closed-for = 500ms
              remote.dot-netty.tcp {
                hostname = {{Printable.Quoted(settings.Host)}}
                port = {{settings.Port}}
                # On Linux, .NET takes it for SO_REUSEPORT: a second program could listen beside the first, and pose as it.
                tcp-reuse-addr = off
                enable-ssl = {{(settings.Tls is null ? "off" : "on")}}
              }
              # A node that has no targets any more need not be seen to leave: when all leave at once, nobody sees the last one.
              coordinated-shutdown.phases {
                # The targets had drain-timeout for that.
                cluster-sharding-shutdown-region.timeout = 1s
                cluster-leave.timeout = 2s
                cluster-exiting.timeout = 2s
                cluster-exiting-done.timeout = 1s
              }
              cluster {
                roles = [{{string.Join(", ", settings.Roles.Select(Printable.Quoted))}}]
                # The program ends by itself, and says why.
                run-coordinated-shutdown-when-down = off
                # Each is a second or two in Akka, and adds to how long a dead node's targets wait. A few messages of some hundred bytes.
                gossip-interval = 500ms
                leader-actions-interval = 250ms
                unreachable-nodes-reaper-interval = 250ms
                sharding.retry-interval = 500ms
                failure-detector.acceptable-heartbeat-pause = {{Milliseconds(settings.HeartbeatPause)}}
                # The node that is out may still run: its epochs keep it from recording anything, not a wait of stable-after once more.
                down-removal-margin = 1ms
                downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
                split-brain-resolver {
                  active-strategy = keep-majority
                  stable-after = {{Milliseconds(settings.StableAfter)}}
                  down-all-when-unstable = on
                }
                distributed-data.durable.keys = []
                sharding {
                  state-store-mode = ddata
                  remember-entities = off
                  passivate-idle-entity-after = off
                  distributed-data.durable.keys = []
                  # A majority is enough. Three more, or five at least, as Akka has it, are all of a small cluster: no shard has a node then until one
                  # that is dead is out.
                  distributed-data.majority-min-cap = 1
                  coordinator-state.write-majority-plus = 0
                  updating-state-timeout = 2s
                  # Entities have 5 s less before Akka stops them: more than TargetEntity lets them take.
                  handoff-timeout = 14s
                  # A new node has its share within a minute.
                  rebalance-interval = 3s
                  least-shard-allocation-strategy { rebalance-absolute-limit = 20, rebalance-relative-limit = 0.5 }
                }
              }
            }
            """);
    }

    private static string Milliseconds(TimeSpan time) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0}ms");
}
