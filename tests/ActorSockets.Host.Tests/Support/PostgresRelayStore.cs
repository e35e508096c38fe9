using ActorSockets.Tests.Support;

namespace ActorSockets.Host.Tests.Support;

/// <summary>A schema of a server that crashes too.</summary>
internal sealed class PostgresRelayStore(PrivatePostgres server) : RelayStore
{
    public override string Hocon => $$"""outbox { store = postgresql, connection = "{{server.Connection}}", password-file = "{{server.PasswordFile}}" }""";

    /// <summary>While the server is away, the relay goes on with what it has at hand: the window of a raw target.</summary>
    public override int MostUnknown => 4;

    public override Func<Task>? Crash => async () =>
    {
        await server.StopAsync();
        await server.StartAgainAsync();
    };

    public override bool Excuses(string said) => said.Contains("actor-sockets.outbox: PostgreSQL on ", StringComparison.Ordinal);

    /// <summary>The server itself recovers, or does not start.</summary>
    public override string? WhyDamaged() => null;

    public override async Task<IReadOnlyList<string>> LeftAsync() => await server.QueryAsync("relay",
        "select distinct file from actorsockets.part union all select 'payload ' || number from actorsockets.payload");
}
