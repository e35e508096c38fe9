using ActorSockets.Events;
using ActorSockets.Outbox;
using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Clients;

/// <summary>Opens a payload, and closes it when nobody reads it any more.</summary>
internal static class Preparation
{
    public const string OutOfHandles = "file handles are running out (ulimit -n)";

    // errno(3): passes when others close theirs.
    private const int TooManyOpenFilesInSystem = 23;
    private const int TooManyOpenFiles = 24;

    /// <returns>The payload at its first byte as <see cref="Stream"/>, or the <see cref="Attempt.Ending"/> that says why not.</returns>
    public static async Task<object> OpenAsync(Task<Stream> opening)
    {
        try
        {
            var bytes = await opening;
            return bytes is IOnFile file && Posix.IsAmongTheLast(file.Handle) ? new Attempt.Lost(FailureKind.OutOfHandles, OutOfHandles) : bytes;
        }
        catch (IOException e) when (e.HResult is TooManyOpenFiles or TooManyOpenFilesInSystem)
        {
            return new Attempt.Lost(FailureKind.OutOfHandles, OutOfHandles);
        }
        catch (PlaceAwayException e)
        {
            return new Attempt.Lost(FailureKind.Payload, e.Message);
        }
        catch (OutOfMemoryException e)
        {
            // Others may let go of theirs.
            return new Attempt.Lost(FailureKind.Payload, e.Message);
        }
        catch (Exception e)
        {
            // Whatever a payload of the embedding program throws: it is the payload's fault.
            return new Attempt.Hopeless(FailureKind.Payload, e.Message);
        }
    }

    /// <summary>A sentence about a payload that cannot be read.</summary>
    public static string Reason(Exception e, Payload payload) => e is SourceException ? e.Message : $"{payload.Description} cannot be read: {e.Message}";

    /// <summary>Closes the payload after the read that is under way, also when it opens only now.</summary>
    public static async Task CloseAsync(Task<Stream>? opening, Task reading)
    {
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (opening is not null)
                await (await opening).DisposeAsync();
        }
        catch (Exception)
        {
            // It never opened, and the attempt has said so; or it does not close, and nobody needs it any more.
        }
    }
}
