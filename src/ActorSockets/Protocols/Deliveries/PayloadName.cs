using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ActorSockets.Protocols.Deliveries;

/// <summary>
/// What a payload is called at the other end: one element of a path, so no <c>/</c>, not <c>.</c> or <c>..</c>, no control
/// characters, 1 to 255 bytes of UTF-8. On the wire it is percent-encoded (RFC 3986, section 2.1).
/// </summary>
internal static class PayloadName
{
    public const int MaxBytes = 255;

    private static readonly SearchValues<byte> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8);

    public static bool IsValid(string name) =>
        name is not ("" or "." or "..") && !name.Any(c => c == '/' || char.IsControl(c))
        && Utf8.FromUtf16(name, stackalloc byte[MaxBytes], out _, out _, replaceInvalidSequences: false) == OperationStatus.Done;

    /// <summary>The name that a field spells, or null when that is none.</summary>
    public static string? Decode(ReadOnlySpan<byte> field)
    {
        Span<byte> name = stackalloc byte[MaxBytes];
        var length = 0;
        for (var at = 0; at < field.Length; at++)
        {
            if (length == MaxBytes)
                return null;
            var value = field[at];
            if (value == '%')
            {
                if (at + 2 >= field.Length || Convert.FromHexString(field.Slice(at + 1, 2), name[length..], out _, out _) != OperationStatus.Done)
                    return null;
                (at, length) = (at + 2, length + 1);
            }
            else
            {
                name[length++] = value;
            }
        }

        return Utf8.IsValid(name[..length]) && Encoding.UTF8.GetString(name[..length]) is var decoded && IsValid(decoded) ? decoded : null;
    }

    /// <param name="name">A valid one.</param>
    /// <param name="to">At least 3 x <see cref="MaxBytes"/> long.</param>
    public static int Encode(string name, Span<byte> to)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        bytes = bytes[..Encoding.UTF8.GetBytes(name, bytes)];
        var length = 0;
        foreach (var value in bytes)
        {
            if (Unreserved.Contains(value))
            {
                to[length++] = value;
                continue;
            }

            to[length++] = (byte)'%';
            value.TryFormat(to[length..], out _, "X2");
            length += 2;
        }

        return length;
    }
}
