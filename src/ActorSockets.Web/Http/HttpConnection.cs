using ActorSockets.Transport;

namespace ActorSockets.Web.Http;

/// <summary>
/// One request and its answer over a connection, on the .NET thread pool. A client that is slower than the timeout allows is
/// reset; nobody waits for it.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    // What a refused client may still send before it sees its answer. A reset would destroy that.
    private const int MaxUnread = 256 * 1024;

    private readonly Connection _connection;
    private readonly TimeSpan _timeout;
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenRegistration _abort;
    private readonly byte[] _buffer = new byte[RequestParser.MaxHead + RequestParser.MaxBody];

    /// <param name="connection">It is closed or reset afterwards.</param>
    /// <param name="timeout">For the whole request to arrive; then for each progress of the answer.</param>
    /// <param name="stopped">Resets the connection.</param>
    public HttpConnection(Connection connection, TimeSpan timeout, CancellationToken stopped)
    {
        _connection = connection;
        _timeout = timeout;
        _late = CancellationTokenSource.CreateLinkedTokenSource(stopped);
        _abort = _late.Token.Register(connection.Abort);
    }

    /// <summary>Serves it to its end, which it tells nobody of.</summary>
    public async Task ServeAsync(Func<HttpRequest, Task<HttpResponse>> answer)
    {
        try
        {
            _late.CancelAfter(_timeout);
            if (await ReadAsync() is not var (request, refusal))
                return;
            _late.CancelAfter(Timeout.InfiniteTimeSpan);
            var response = refusal ?? await answer(request!);
            await SendAsync(response.Head());
            if (request?.Method != "HEAD")
                await SendBodyAsync(response);
            await FinishAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client left or was too slow.
        }
        finally
        {
            _connection.Abort();
        }
    }

    public void Dispose()
    {
        _abort.Dispose();
        _late.Dispose();
    }

    /// <summary>Null: the client left.</summary>
    private async Task<(HttpRequest? Request, HttpResponse? Refusal)?> ReadAsync()
    {
        var received = 0;
        while (true)
        {
            var read = await _connection.ReceiveAsync(_buffer.AsMemory(received));
            if (read == 0)
                return null;
            received += read;
            if (RequestParser.Parse(_buffer.AsSpan(0, received)) is not (null, null) and var parsed)
                return parsed;
        }
    }

    private async Task SendBodyAsync(HttpResponse response)
    {
        if (response.Parts is not { } parts)
        {
            await SendAsync(response.Body);
            return;
        }

        // A client says nothing more; what arrives is its end.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(_late.Token);
        var leaving = LeaveAsync(left);
        try
        {
            await foreach (var part in parts(left.Token))
                await SendAsync(part);
        }
        finally
        {
            _connection.Abort();
            await leaving;
        }
    }

    private async Task LeaveAsync(CancellationTokenSource left)
    {
        try
        {
            await _connection.ReceiveAsync(_buffer);
        }
        catch (IOException)
        {
            // It left with a reset.
        }

        await left.CancelAsync();
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _late.CancelAfter(_timeout);
            bytes = bytes[await _connection.SendAsync(bytes)..];
        }

        _late.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Our end; then the client's, because bytes that are left unread turn the close into a reset.</summary>
    private async Task FinishAsync()
    {
        _late.CancelAfter(_timeout);
        await _connection.FinishAsync();
        for (var unread = 0; unread < MaxUnread;)
        {
            var read = await _connection.ReceiveAsync(_buffer);
            if (read == 0)
                break;
            unread += read;
        }

        _connection.Close();
    }
}
