using System.Collections.Concurrent;
using Akka.Actor;

namespace ActorSockets.Clients;

/// <inheritdoc cref="ITargetLines"/>
internal sealed class TargetLines : ITargetLines
{
    private readonly ConcurrentDictionary<string, Props> _lines = new(StringComparer.Ordinal);

    public Props? Find(string target) => _lines.GetValueOrDefault(target);

    public void Add(string target, Props line) => _lines[target] = line;

    public void Remove(string target) => _lines.TryRemove(target, out _);
}
