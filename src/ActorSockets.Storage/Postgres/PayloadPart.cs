namespace ActorSockets.Storage.Postgres;

/// <summary>A large payload on its way into rows: bytes are gathered for the next one.</summary>
/// <param name="parts">Where they go.</param>
/// <param name="name">The payload's.</param>
internal sealed class PayloadPart(PayloadParts parts, string name) : ILargePayload
{
    private readonly MemoryStream _gathered = new();
    private long _written;

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        // Bytes before this position may come again: those behind them were refused.
        _gathered.SetLength(position - _written);
        if (_gathered.Length > 0 && _gathered.Length + bytes.Length > PayloadParts.PartBytes)
            Flush();
        _gathered.Position = _gathered.Length;
        _gathered.Write(bytes);
    }

    public void Flush()
    {
        if (_gathered.Length == 0)
            return;
        parts.Write(name, _written, _gathered.GetBuffer().AsSpan(0, (int)_gathered.Length));
        _written += _gathered.Length;
        _gathered.SetLength(0);
    }

    public void Dispose() => _gathered.Dispose();
}
