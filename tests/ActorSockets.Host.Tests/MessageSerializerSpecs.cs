using System.Collections.Immutable;
using System.Runtime.Serialization;
using System.Text;
using ActorSockets.Cluster;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Cluster.Sharding.Serialization;
using Akka.Configuration;

namespace ActorSockets.Host.Tests;

/// <summary>What nodes tell each other, byte for byte: nodes of different versions run together.</summary>
public sealed class MessageSerializerSpecs : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("serializer-specs");
    private readonly MessageSerializer _serializer;

    public MessageSerializerSpecs() => _serializer = new MessageSerializer((ExtendedActorSystem)_system, Config.Empty);

    public void Dispose() => _system.Dispose();

    [Fact]
    public void A_wake_is_the_name_of_its_target()
    {
        var wake = new ClusterMessages.Wake("Berlin-1.eu");
        Assert.Equal((7600, "wake-1"), (_serializer.Identifier, _serializer.Manifest(wake)));
        Assert.Equal("Berlin-1.eu"u8.ToArray(), _serializer.ToBinary(wake));
        Assert.Equal(wake, _serializer.FromBinary("Berlin-1.eu"u8.ToArray(), "wake-1"));
    }

    [Fact]
    public void So_is_one_for_more()
    {
        var wake = new ClusterMessages.WakeForMore("Berlin-1.eu");
        Assert.Equal("wake-for-more-1", _serializer.Manifest(wake));
        Assert.Equal("Berlin-1.eu"u8.ToArray(), _serializer.ToBinary(wake));
        Assert.Equal(wake, _serializer.FromBinary("Berlin-1.eu"u8.ToArray(), "wake-for-more-1"));
    }

    [Theory]
    [InlineData("wake-2")]
    [InlineData("System.Object, System.Private.CoreLib")]
    [InlineData("\u001b[31m")]
    public void What_a_node_does_not_know_it_refuses_by_its_printable_name(string manifest)
    {
        var refusal = Assert.Throws<SerializationException>(() => _serializer.FromBinary(Encoding.UTF8.GetBytes("x"), manifest));
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }

    [Fact]
    public void Counts_of_targets_cross_by_the_serializer_of_sharding()
    {
        var settings = new ClusterSettings(true, "127.0.0.1", 7600, ["sender"], TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(5));
        using var node = ActorSystem.Create("node", ConfigurationFactory.ParseString("akka.actor.provider = local")
            .WithFallback(NodeConfig.Of(settings)).WithFallback(ClusterSharding.DefaultConfig()));
        var ofNode = new ShardRegionStats(ImmutableDictionary<string, int>.Empty.Add("17", 3), ImmutableHashSet.Create("18"));
        object[] messages =
        [
            new GetClusterShardingStats(TimeSpan.FromSeconds(5)), GetShardRegionStats.Instance, ofNode,
            new ClusterShardingStats(ImmutableDictionary<Address, ShardRegionStats>.Empty.Add(new Address("akka.tcp", "node", "127.0.0.1", 7600), ofNode)),
        ];
        foreach (var message in messages)
        {
            var serializer = Assert.IsType<ClusterShardingMessageSerializer>(node.Serialization.FindSerializerFor(message));
            Assert.Equal(message, serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message)));
        }
    }

    [Fact]
    public void Nothing_else_is_ever_sent()
    {
        Assert.Throws<SerializationException>(() => _serializer.Manifest("text"));
        Assert.Throws<SerializationException>(() => _serializer.ToBinary(new object()));
    }
}
