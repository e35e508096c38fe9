namespace ActorSockets.Host.Configuration;

/// <summary>Where the configuration of a run comes from.</summary>
/// <param name="Layers">What was read.</param>
/// <param name="Read">Reads it again; null where that is impossible, such as standard input. Throws what the first read does.</param>
internal sealed record ConfigurationSource(Layers Layers, Func<Layers>? Read);
