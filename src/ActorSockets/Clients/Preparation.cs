using System.Net;
using System.Net.Sockets;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using ActorSockets.Platform;

namespace ActorSockets.Clients;

/// <summary>What must be there before a connection is opened: the payload's first byte, and addresses to try.</summary>
internal static class Preparation
{
    public const string OutOfHandles = "file handles are running out (ulimit -n)";

    // errno(3): will pass when others let go of theirs.
    private const int TooManyOpenFilesInSystem = 23;
    private const int TooManyOpenFiles = 24;

    /// <summary>Waits for the payload and resolves the target's name, anew at every attempt.</summary>
    /// <returns>A <see cref="Ready"/>, or the <see cref="Attempt.Ending"/> that says why not.</returns>
    public static async Task<object> PrepareAsync(Task<Stream> opening, TargetSettings target, CancellationToken ended)
    {
        try
        {
            var bytes = await opening;
            if (bytes is FilePayloadStream file && Posix.IsAmongTheLast(file.Handle))
                return new Attempt.Lost(OutOfHandles);
            return new Ready(bytes, await Endpoints.ResolveAsync(target.Host, target.Port, ended));
        }
        catch (SocketException)
        {
            return new Attempt.Lost($"{target.Host} is not a known host name");
        }
        catch (OperationCanceledException)
        {
            return new Attempt.Lost("stopped");
        }
        catch (IOException e) when (e.HResult is TooManyOpenFiles or TooManyOpenFilesInSystem)
        {
            return new Attempt.Lost(OutOfHandles);
        }
        catch (Exception e)
        {
            // Whatever a payload of the embedding program throws: it is the payload's fault, and not to be tried again.
            return new Attempt.BadPayload(e.Message);
        }
    }

    /// <summary>Closes the payload, also when it opens only after the attempt is over.</summary>
    public static async Task DisposeAsync(Task<Stream>? opening)
    {
        try
        {
            if (opening is not null)
                await (await opening).DisposeAsync();
        }
        catch (Exception)
        {
            // It never opened, and the attempt has said so.
        }
    }

    /// <summary>The payload is open, and these are the addresses of the target.</summary>
    public sealed record Ready(Stream Bytes, IPEndPoint[] Addresses);
}
