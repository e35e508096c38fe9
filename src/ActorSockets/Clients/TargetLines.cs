using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Text;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <inheritdoc cref="ITargetLines"/>
internal sealed class TargetLines : ITargetLines
{
    private readonly ConcurrentDictionary<string, Line> _lines = new(StringComparer.Ordinal);

    public string Digest => $"{XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(string.Join('\n', _lines.Values.Select(line => line.Text).Order(StringComparer.Ordinal)))):x16}";

    public Props? Find(string target) => _lines.GetValueOrDefault(target)?.Props;

    public void Add(TargetSettings target, Props line) => _lines[target.Name] = new Line(line, $"{target.Name} {target.Protocol} {target.Endpoint} {target.Tls is not null}");

    public void Remove(string target) => _lines.TryRemove(target, out _);

    private sealed record Line(Props Props, string Text);
}
