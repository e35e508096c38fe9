namespace ActorSockets.Servers.Sinks;

/// <summary>
/// The sinks of the library. A new one is a file beside this, a line here and one in the tests; a program adds its own with
/// <c>ActorSocketsOptions.AddSink</c>.
/// </summary>
internal static class SinkFactory
{
    private static readonly Dictionary<string, Func<SinkContext, ISink>> Kinds = new()
    {
        ["console"] = context => new ConsoleSink(context),
        ["discard"] = _ => new DiscardSink(),
        ["echo"] = _ => new EchoSink(),
        ["file"] = context => context.Server.Cut.IsOn ? new CutFileSink(context) : new FileSink(context),
        ["relay"] = context => new RelaySink(context),
    };

    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Keys];

    /// <param name="context">The connection.</param>
    /// <param name="others">The program's own sinks.</param>
    public static ISink Create(SinkContext context, IReadOnlyDictionary<string, Func<SinkContext, ISink>>? others = null) =>
        (Kinds.TryGetValue(context.Server.Sink, out var create) ? create : others![context.Server.Sink])(context);
}
