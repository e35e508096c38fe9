using ActorSockets.Platform;

namespace ActorSockets.Storage;

/// <summary>Connections that only read, beside the writer: each query sees what was committed before it began.</summary>
/// <param name="database">Opens them.</param>
internal sealed class Readers(IDatabase database) : IDisposable
{
    private const int Threads = 2;

    private readonly BlockingThreads _threads = new("store reader", Threads);
    private readonly SessionPool _sessions = new(database);

    /// <inheritdoc cref="SessionPool.Run"/>
    public Task<T> RunAsync<T>(Func<ISession, T> query) => _threads.Run(() => _sessions.Run(query));

    /// <inheritdoc cref="SessionPool.Dispose"/>
    public void Dispose() => _sessions.Dispose();
}
