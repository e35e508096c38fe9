using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ActorSockets.Cluster;

/// <summary>
/// <see cref="ClusterMessages"/> as text. The manifest names a message and the version of its form: one that a node does not know is an error
/// that it logs, and no type is ever taken from what arrives.
/// </summary>
public sealed class MessageSerializer : SerializerWithStringManifest
{
    private const string WakeVersion1 = "wake-1";
    private const string WakeForMoreVersion1 = "wake-for-more-1";

    /// <summary>As Akka creates it: <paramref name="ignored"/> are settings of the one whose place it takes.</summary>
    public MessageSerializer(ExtendedActorSystem system, Config ignored) : base(system)
    {
    }

    /// <summary>Akka's own are below 100.</summary>
    public override int Identifier => 7600;

    /// <inheritdoc />
    public override string Manifest(object o) => o switch
    {
        ClusterMessages.WakeForMore => WakeForMoreVersion1,
        ClusterMessages.Wake => WakeVersion1,
        _ => throw new SerializationException($"{o.GetType()} is no message between nodes"),
    };

    /// <inheritdoc />
    public override byte[] ToBinary(object obj) => obj is ClusterMessages.Wake wake ? Encoding.UTF8.GetBytes(wake.Target) : throw new SerializationException($"{obj.GetType()} is no message between nodes");

    /// <inheritdoc />
    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        WakeVersion1 => new ClusterMessages.Wake(Encoding.UTF8.GetString(bytes)),
        WakeForMoreVersion1 => new ClusterMessages.WakeForMore(Encoding.UTF8.GetString(bytes)),
        _ => throw new SerializationException($"a node sends '{Configuration.Printable.Of(manifest)}', which this version does not know"),
    };
}
