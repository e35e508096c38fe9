namespace ActorSockets.Servers.Sinks;

/// <summary>What the file sink does with the bytes of a connection that broke off.</summary>
public enum OnBrokenOff
{
    /// <summary>They stay, as <c>NAME.partial</c>.</summary>
    Keep,

    /// <summary>The sink deletes them.</summary>
    Delete,
}
