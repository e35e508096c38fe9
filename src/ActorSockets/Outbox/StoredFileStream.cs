using ActorSockets.Payloads;
using ActorSockets.Protocols;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Outbox;

/// <summary>The bytes of a payload's file.</summary>
/// <inheritdoc cref="StoredStream" path="/param"/>
internal sealed class StoredFileStream(FilePayloadStream file, Digest expected, OutboxPayload payload) : StoredStream(file, expected, payload), IOnFile
{
    public SafeFileHandle Handle => file.Handle;
}
