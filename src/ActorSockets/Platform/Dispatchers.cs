namespace ActorSockets.Platform;

/// <summary>The dispatchers of this library, by their paths in <c>reference.conf</c>.</summary>
internal static class Dispatchers
{
    public const string Default = "actor-sockets.dispatcher";

    public const string Ticker = "actor-sockets.ticker-dispatcher";
}
