using System.Buffers;

namespace ActorSockets.Protocols.Deliveries;

/// <summary>What the sender calls a delivery: 1 to 128 of <c>A-Z a-z 0-9 . _ : -</c>, its own over all attempts.</summary>
internal static class DeliveryId
{
    public const int MaxLength = 128;

    private const string Allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

    private static readonly SearchValues<char> Characters = SearchValues.Create(Allowed);
    private static readonly SearchValues<byte> Bytes = SearchValues.Create(System.Text.Encoding.ASCII.GetBytes(Allowed));

    public static bool IsValid(ReadOnlySpan<char> id) => id.Length is > 0 and <= MaxLength && !id.ContainsAnyExcept(Characters);

    public static string? Parse(ReadOnlySpan<byte> field) =>
        field.Length is > 0 and <= MaxLength && !field.ContainsAnyExcept(Bytes) ? System.Text.Encoding.ASCII.GetString(field) : null;
}
