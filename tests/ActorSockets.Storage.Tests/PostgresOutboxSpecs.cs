namespace ActorSockets.Storage.Tests;

/// <summary>The outbox in PostgreSQL, as every other.</summary>
public sealed class PostgresOutboxSpecs() : OutboxSpecs("postgresql");
