namespace ActorSockets.Outbox;

/// <summary>Another process has begun to send for the target: this one must stop, and can record nothing any more. The store is in order.</summary>
internal sealed class FencedException(string target) : IOException($"another node sends for {target} now");
