using System.Text;

namespace ActorSockets.Web.Http;

/// <summary>A request that <see cref="RequestParser"/> has accepted.</summary>
/// <param name="Method">GET, HEAD or POST.</param>
/// <param name="Path">The target without its query.</param>
/// <param name="Headers">By name, whatever its case; each name once.</param>
/// <param name="Body">At most <see cref="RequestParser.MaxBody"/> bytes; empty unless the method is POST.</param>
internal sealed record HttpRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The value of a header; empty when there is none.</summary>
    public string this[string header] => Headers.GetValueOrDefault(header, "");

    public override string ToString() =>
        $"{Method} {Path} {string.Join(", ", Headers.Select(h => $"{h.Key}: {h.Value}"))} {Encoding.Latin1.GetString(Body)}";
}
