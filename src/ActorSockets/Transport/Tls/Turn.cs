namespace ActorSockets.Transport.Tls;

/// <summary>One user's turn at something that only so many may use at a time.</summary>
internal sealed class Turn(SemaphoreSlim places) : IDisposable
{
    // A handshake takes milliseconds of a processor, and whoever connects can ask for one: half of the processors compute
    // handshakes at a time. While one waits for its peer, another has its turn.
    private static readonly SemaphoreSlim Handshakes = new(Math.Max(1, Environment.ProcessorCount / 2));

    private bool _holds;

    /// <summary>For a handshake.</summary>
    public static Turn OfHandshake() => new(Handshakes);

    /// <summary>Waits for the turn; does nothing when this one has it.</summary>
    public async ValueTask EnterAsync()
    {
        if (_holds)
            return;
        await places.WaitAsync();
        _holds = true;
    }

    /// <summary>Gives the turn back.</summary>
    /// <returns>False: this one did not have it.</returns>
    public bool Leave()
    {
        if (!_holds)
            return false;
        _holds = false;
        places.Release();
        return true;
    }

    public void Dispose() => Leave();
}
