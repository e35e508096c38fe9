using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorSockets.Platform;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Transport;

/// <summary>
/// Takes the sockets that Akka.IO accepts: a second descriptor of the same socket goes to the owner, in the name of Akka's
/// actor, ahead of its <c>Connected</c>. Akka.IO closes the first one when that actor is aborted, which leaves the connection as it is.
/// </summary>
internal sealed class SocketTap(IActorRef owner, SocketSettings settings) : Inet.SocketOption
{
    private const int FirstUsableDescriptor = 3;

    public override void BeforeServerSocketBind(Socket s)
    {
        settings.Apply(s);
        if (s.AddressFamily == AddressFamily.InterNetworkV6)
            s.DualMode = true;
    }

    public override void AfterConnect(Socket s)
    {
        var peer = PeerOf(s);
        if (Posix.IsAmongTheLast(s.SafeHandle) || Duplicate(s) is not { } tapped)
        {
            owner.Tell(new OutOfHandles(peer));
            return;
        }

        owner.Tell(new Tapped(tapped, peer));
    }

    private static EndPoint? PeerOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            // Reset already: its reader will hear of it.
            return null;
        }
    }

    private static Socket? Duplicate(Socket socket)
    {
        const int DuplicateCloseOnExec = 1030;
        if (OperatingSystem.IsWindows())
            // Closes Akka's own, whose actor ends with an error in the log.
            return new Socket(socket.DuplicateAndClose(Environment.ProcessId));
        var descriptor = OperatingSystem.IsLinux()
            ? Control((int)socket.Handle, DuplicateCloseOnExec, FirstUsableDescriptor)
            : Duplicate((int)socket.Handle);
        return descriptor < 0 ? null : new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    [DllImport("libc", EntryPoint = "fcntl"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int descriptor, int command, nint argument);

    [DllImport("libc", EntryPoint = "dup"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Duplicate(int descriptor);

    /// <summary>A socket of our own.</summary>
    public sealed record Tapped(Socket Socket, EndPoint? Peer);

    /// <summary>None could be had: Akka's is aborted, which resets the client.</summary>
    public sealed record OutOfHandles(EndPoint? Peer);
}
