namespace ActorSockets.Host.Reporting;

/// <summary>Lets a number of lines through each second, and counts those above it.</summary>
internal sealed class LineLimit(int perSecond)
{
    private TimeSpan _second;
    private int _taken;

    /// <summary>Lines left out since this was last cleared.</summary>
    public long LeftOut { get; set; }

    public bool TryTake(TimeSpan now)
    {
        if (now - _second >= TimeSpan.FromSeconds(1))
            (_second, _taken) = (now, 0);
        if (_taken++ < perSecond)
            return true;
        LeftOut++;
        return false;
    }
}
