namespace ActorSockets.Storage.Tests;

/// <summary>The outbox in PostgreSQL, as every other.</summary>
public sealed class PostgresOutboxSpecs() : OutboxSpecs("postgresql");

/// <summary>The same with large payloads in a directory.</summary>
public sealed class PayloadsOutboxSpecs() : OutboxSpecs("payloads");
