using ActorSockets.Payloads;
using ActorSockets.Servers.Sinks;

namespace ActorSockets;

/// <summary>What a program adds to the library: where console sinks print, sinks and payloads of its own.</summary>
public sealed class ActorSocketsOptions
{
    private readonly Dictionary<string, Func<SinkContext, ISink>> _sinks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Func<string, Payload>> _payloads = new(StringComparer.Ordinal);

    /// <summary>
    /// Where console sinks print: writes one or more lines; its task completes when they are written, and the network waits for that.
    /// Null: standard output.
    /// </summary>
    public Func<string, ValueTask>? Print { get; set; }

    internal IReadOnlyDictionary<string, Func<SinkContext, ISink>> Sinks => _sinks;

    internal IReadOnlyDictionary<string, Func<string, Payload>> Payloads => _payloads;

    /// <summary>Gives a sink a name, for <c>sink = NAME</c> of a server.</summary>
    /// <param name="name">The name in the configuration.</param>
    /// <param name="create">Makes the sink of one connection, or of one delivery (<c>protocol = deliveries</c>); must not block.</param>
    /// <exception cref="ArgumentException">There is a sink of this name.</exception>
    public ActorSocketsOptions AddSink(string name, Func<SinkContext, ISink> create)
    {
        if (SinkFactory.Names.Contains(name))
            throw new ArgumentException($"the library has a sink named {name}", nameof(name));
        _sinks.Add(name, create);
        return this;
    }

    /// <summary>Gives a payload a name, for <c>payload { NAME = "…" }</c> of a target.</summary>
    /// <param name="name">The name in the configuration.</param>
    /// <param name="create">Makes the payload from the text beside the name; called when the settings are read.</param>
    /// <exception cref="ArgumentException">There is a payload of this name.</exception>
    public ActorSocketsOptions AddPayload(string name, Func<string, Payload> create)
    {
        if (PayloadFactory.Names.Contains(name))
            throw new ArgumentException($"the library has a payload named {name}", nameof(name));
        _payloads.Add(name, create);
        return this;
    }
}
