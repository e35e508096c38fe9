using ActorSockets.Configuration;

namespace ActorSockets.Clients;

/// <summary>Finds the cluster library when a program is a node, so that a program that is none loads neither it nor Akka.Cluster.</summary>
internal static class ClusterLibrary
{
    /// <exception cref="SettingsException">The library is not installed beside the program.</exception>
    public static IClusterNode Load() => Type.GetType("ActorSockets.Cluster.ClusterNode, ActorSockets.Cluster", throwOnError: false) is { } type
        ? (IClusterNode)Activator.CreateInstance(type)!
        : throw new SettingsException($"{ActorSocketsSettings.Root}.cluster.enabled", "needs the package ActorSockets.Cluster: add it to the program");
}
