using ActorSockets.Outbox;

namespace ActorSockets.Clients;

/// <summary>Outcomes that are to be written down, in order. Those that a write failed to note are written again.</summary>
internal sealed class LineRecords
{
    private List<OutboxRecord> _waiting = [];
    private List<OutboxRecord> _writing = [];

    public bool IsWriting => _writing.Count > 0;

    public bool IsEmpty => _waiting.Count == 0 && !IsWriting;

    public void Add(OutboxRecord record) => _waiting.Add(record);

    /// <summary>All that wait, to be written together; null: none, or a write is under way.</summary>
    public IReadOnlyList<OutboxRecord>? TakeBatch()
    {
        if (IsWriting || _waiting.Count == 0)
            return null;
        (_writing, _waiting) = (_waiting, []);
        return _writing;
    }

    public void Written() => _writing = [];

    public void NotWritten()
    {
        _writing.AddRange(_waiting);
        (_waiting, _writing) = (_writing, []);
    }
}
