namespace ActorSockets;

/// <summary>Who the peer of a TLS connection is, as its certificate has it. Control characters are escaped.</summary>
/// <param name="Subject">The certificate's subject, such as <c>CN=client-1, O=Example</c>.</param>
/// <param name="Names">Its alternative names (DNS names, IP addresses, e-mail addresses) and its common name; the first 16.</param>
public sealed record PeerIdentity(string Subject, IReadOnlyList<string> Names)
{
    /// <summary>The subject, which may have any length, cut for a line.</summary>
    public override string ToString() => Subject.Length <= 200 ? Subject : $"{Subject[..200]}…";
}
