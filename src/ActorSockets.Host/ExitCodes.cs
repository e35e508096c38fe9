namespace ActorSockets.Host;

/// <summary>What the program's exit tells a script.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>Some delivery failed or stayed unconfirmed, or a server could not listen.</summary>
    public const int Failure = 1;

    public const int Usage = 2;

    /// <summary>EX_CONFIG of sysexits.h.</summary>
    public const int Configuration = 78;

    /// <summary>SIGPIPE: nobody reads stdout any more.</summary>
    public const int BrokenPipe = 13;

    /// <summary>Stopped by a signal with deliveries under way: 128 + its number, as shells do.</summary>
    public static int Signal(int number) => 128 + number;
}
