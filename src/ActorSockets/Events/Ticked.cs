namespace ActorSockets.Events;

/// <summary>A tick of the local task.</summary>
/// <param name="Number">1, 2, 3, …</param>
/// <param name="Lateness">How long after its due time it came.</param>
public sealed record Ticked(long Number, TimeSpan Lateness);
