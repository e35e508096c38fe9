using Microsoft.Win32.SafeHandles;

namespace ActorSockets.Payloads;

/// <summary>A payload's stream that can tell whether its bytes are those of one moment.</summary>
internal interface IChecked
{
    /// <summary>Call it after the last byte was read.</summary>
    /// <returns>What changed since the stream was opened, as a sentence about the payload; null: nothing.</returns>
    Task<string?> ChangedSinceOpenedAsync();
}

/// <summary>A payload's stream that holds a file open.</summary>
internal interface IOnFile
{
    SafeFileHandle Handle { get; }
}
