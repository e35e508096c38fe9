namespace ActorSockets.Clients;

/// <summary>
/// How long to wait before the next attempt: exponential with full jitter, so that many senders that lost one server do
/// not come back at the same moment.
/// </summary>
/// <param name="Min">The longest first wait.</param>
/// <param name="Max">The longest wait at all.</param>
public sealed record Backoff(TimeSpan Min, TimeSpan Max)
{
    /// <summary>A wait between zero and min(<see cref="Max"/>, <see cref="Min"/> · 2^(attempts − 1)).</summary>
    /// <param name="attempts">Attempts in a row that took no byte, 1 and more.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(int attempts, double random)
    {
        var doublings = Math.Clamp(attempts - 1, 0, 62);
        var ceiling = Math.Min(Max.TotalMilliseconds, Min.TotalMilliseconds * Math.Pow(2, doublings));
        return TimeSpan.FromMilliseconds(ceiling * random);
    }
}
