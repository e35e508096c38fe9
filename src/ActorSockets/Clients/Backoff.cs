namespace ActorSockets.Clients;

/// <summary>
/// How long to wait before the next attempt: exponential and random, so that many senders that lost one server do not come
/// back at the same moment.
/// </summary>
/// <param name="Min">The shortest wait.</param>
/// <param name="Max">The longest wait.</param>
public sealed record Backoff(TimeSpan Min, TimeSpan Max)
{
    /// <summary>A wait between <see cref="Min"/> and <see cref="Min"/> · 2^attempts, never above <see cref="Max"/>.</summary>
    /// <param name="attempts">Attempts in a row that got no further than the ones before, 1 and more.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(int attempts, double random)
    {
        var (min, max) = (Math.Min(Min.TotalMilliseconds, Max.TotalMilliseconds), Max.TotalMilliseconds);
        var ceiling = Math.Min(max, min * Math.Pow(2, Math.Clamp(attempts, 1, 62)));
        return TimeSpan.FromMilliseconds(min + (ceiling - min) * random);
    }
}
