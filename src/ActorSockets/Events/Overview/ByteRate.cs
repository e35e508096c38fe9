namespace ActorSockets.Events.Overview;

/// <summary>Bytes a second, over about the last two seconds.</summary>
internal sealed class ByteRate
{
    private const double Window = 2;

    private TimeSpan? _at;
    private long _bytes;
    private double _rate;

    public double At(long bytes, TimeSpan now)
    {
        var seconds = (now - (_at ?? now)).TotalSeconds;
        if (_at is not null && seconds <= 0)
            return _rate;
        if (bytes < _bytes)
            _rate = 0;
        else if (seconds > 0)
            _rate += ((bytes - _bytes) / seconds - _rate) * Math.Min(1, seconds / Window);
        (_at, _bytes) = (now, bytes);
        return _rate;
    }
}
