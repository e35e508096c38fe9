using ActorSockets.Outbox;
using ActorSockets.Storage.Postgres;
using ActorSockets.Tests.Support;

namespace ActorSockets.Storage.Tests.Support;

/// <summary>A schema of its own in the server of all tests.</summary>
internal class PostgresTestStore(PrivatePostgres server) : TestStore
{
    private readonly string _schema = $"s{Guid.NewGuid():N}";

    /// <summary>Where large payloads are; empty: in rows.</summary>
    protected virtual string Payloads => "";

    public override StorePlace Place => new StorePlace.InPostgres(server.Connection, server.PasswordFile, _schema) { Payloads = Payloads };

    public override string Hocon => $$"""outbox { store = postgresql, connection = "{{server.Connection}}", password-file = "{{server.PasswordFile}}", schema = {{_schema}}, payloads = "{{Payloads}}" }""";

    public override StorePlace Nowhere => new StorePlace.InPostgres(server.Connection, server.PasswordFile, "nowhere");

    public override Task<long> CountAsync(IStore store, string table) => ((PostgresStore)store).ReadAsync(session => session.Number($"select count(*) from {table}"));

    public override Task<int> CountLargeAsync() => Task.Run(() =>
    {
        using var session = new PostgresConnector((StorePlace.InPostgres)Place).Open();
        return (int)session.Number("select count(distinct file) from part");
    });

    public override Task DeleteLargeAsync() => ExecuteAsync("delete from part");

    public override Task DamageAsync(IStore store) =>
        ExecuteAsync("update payload set bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1) where bytes is not null", "update part set bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1)");

    public override Task KeepAsync(IStore store, string id) => ExecuteAsync(
        "create function kept() returns trigger language plpgsql as 'begin raise exception ''kept''; end'",
        $"create trigger kept before delete on delivery for each row when (old.id = '{id}') execute function kept()");

    public override Task LetGoAsync(IStore store) => ExecuteAsync("drop trigger kept on delivery");

    public override ValueTask DisposeAsync() => new(server.ExecuteInAsync("relay", "set client_min_messages = error", $"drop schema if exists {_schema} cascade"));

    protected Task ExecuteAsync(params string[] statements) => server.ExecuteInAsync("relay", [$"set search_path = {_schema}", .. statements]);
}
