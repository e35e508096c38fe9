using ActorSockets.Events;

namespace ActorSockets.Servers;

/// <summary>Servers that come and go while the system runs.</summary>
internal static class ServerCommands
{
    /// <summary>Adds a server. The answer is <see cref="ServerEvents.Bound"/> or <see cref="ServerEvents.BindFailed"/>.</summary>
    public sealed record Add(ServerSettings Server) : ServerEvents.ICommand;

    /// <summary>
    /// Stops listening, and removes the server when its connections have ended. The answer is <see cref="ServerEvents.Removed"/>, also
    /// when there is no such server.
    /// </summary>
    /// <param name="Server">The server's name.</param>
    /// <param name="CutOff">Resets the open connections instead of waiting for them.</param>
    public sealed record Remove(string Server, bool CutOff = false) : ServerEvents.ICommand;
}
