using System.Runtime.InteropServices;

namespace ActorSockets.Host;

/// <summary>The program's exit codes.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A delivery failed or stayed unconfirmed, a server, the web server or a node could not listen, output was lost, or cluster, health or top got no good answer.</summary>
    public const int Failure = 1;

    public const int Usage = 2;

    /// <summary>EX_CONFIG of sysexits.h.</summary>
    public const int Configuration = 78;

    /// <summary>128 + SIGPIPE: nobody reads stdout any more.</summary>
    public const int BrokenPipe = 128 + 13;

    /// <summary>Stopped by a signal before everything was done: 128 + its number, as shells do.</summary>
    public static int Of(PosixSignal signal) => 128 + signal switch
    {
        PosixSignal.SIGHUP => 1,
        PosixSignal.SIGINT => 2,
        _ => 15,
    };
}
