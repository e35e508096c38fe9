namespace ActorSockets.Transport.Tls;

/// <summary>
/// One handshake's turn on the processor: a handshake costs milliseconds of it, and whoever connects can ask for one. Half
/// of the cores compute handshakes at a time; while one waits for its peer, the others have its turn.
/// </summary>
internal sealed class HandshakeTurn : IDisposable
{
    private static readonly SemaphoreSlim Turns = new(Math.Max(1, Environment.ProcessorCount / 2));

    private bool _holds;

    /// <summary>Waits for the turn; does nothing when this one has it.</summary>
    public async Task EnterAsync()
    {
        if (_holds)
            return;
        await Turns.WaitAsync();
        _holds = true;
    }

    /// <summary>Gives the turn back; does nothing when this one does not have it.</summary>
    public void Leave()
    {
        if (!_holds)
            return;
        _holds = false;
        Turns.Release();
    }

    public void Dispose() => Leave();
}
