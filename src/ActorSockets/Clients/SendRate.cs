namespace ActorSockets.Clients;

/// <summary>When the next bytes may go, at so many a second; 0: at once.</summary>
internal sealed class SendRate(long bytesPerSecond)
{
    // A timer that comes late is made up for, and a target that took nothing for a while gets no more than this at once.
    private static readonly TimeSpan LargestBurst = TimeSpan.FromMilliseconds(100);

    private TimeSpan _next;

    public TimeSpan Wait(TimeSpan now) => bytesPerSecond == 0 || _next <= now ? TimeSpan.Zero : _next - now;

    public void Sending(int bytes, TimeSpan now)
    {
        if (bytesPerSecond > 0)
            _next = (_next > now - LargestBurst ? _next : now - LargestBurst) + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
    }
}
