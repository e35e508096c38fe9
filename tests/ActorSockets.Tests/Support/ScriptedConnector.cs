using System.Collections.Concurrent;
using ActorSockets.Transport;
using ActorSockets.Transport.Tls;

namespace ActorSockets.Tests.Support;

/// <summary>In the place of the network: each connect waits for what a spec makes of it.</summary>
internal sealed class ScriptedConnector : IConnector
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly BlockingCollection<Connect> _connects = [];

    public Task<Connection> ConnectAsync(string host, int port, SocketSettings settings, int attempt, CancellationToken cancellation)
    {
        var connect = new Connect(host, port);
        cancellation.Register(() => connect.Result.TrySetCanceled(cancellation));
        _connects.Add(connect, cancellation);
        return connect.Result.Task;
    }

    public Task<Connection> SecureAsync(Connection connection, string host, TargetTls tls, CancellationToken cancellation) =>
        throw new NotSupportedException("TLS needs real sockets");

    /// <summary>The next connect.</summary>
    public Connect Next() => TryNext(Patience) ?? throw new TimeoutException("there was no connect");

    /// <summary>The next connect that comes in time, or null.</summary>
    public Connect? TryNext(TimeSpan within) => _connects.TryTake(out var connect, within) ? connect : null;

    /// <summary>One connect, to be answered.</summary>
    public sealed record Connect(string Host, int Port)
    {
        public TaskCompletionSource<Connection> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ScriptedConnection Accept()
        {
            var connection = new ScriptedConnection($"{Host}:{Port}");
            Result.SetResult(connection);
            return connection;
        }

        public void Refuse() => Result.SetException(new ConnectException(ConnectFailure.Refused, $"{Host}:{Port}: Connection refused"));
    }
}

/// <summary>A connection whose kernel and peer are a spec.</summary>
internal sealed class ScriptedConnection(string peer) : Connection
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly BlockingCollection<object> _calls = [];
    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _sent = new();
    private TaskCompletionSource<int>? _reading;
    private Memory<byte> _room;
    private bool _peerClosed;
    private string? _broken;
    private bool _ended;

    public override string Peer => peer;

    /// <summary>What the peer's kernel has; null: the system does not tell.</summary>
    public (long Bytes, bool All)? HasArrived { get; set; }

    public override ValueTask<int> ReceiveAsync(Memory<byte> room)
    {
        lock (_lock)
        {
            (_reading, _room) = (new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously), room);
            var reading = _reading.Task;
            Serve();
            return new ValueTask<int>(reading);
        }
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var write = new Write(bytes.ToArray());
        _calls.Add(write);
        return new ValueTask<int>(write.Taken.Task);
    }

    public override ValueTask<bool> FinishAsync()
    {
        bool peerListens;
        lock (_lock)
            peerListens = !_peerClosed;
        // Last: whoever expects the call may close the peer's side at once.
        _calls.Add(Call.Finish);
        return new ValueTask<bool>(peerListens);
    }

    public override (long Bytes, bool All)? Acknowledged() => HasArrived;

    public override void Close() => End(Call.Close);

    public override void Abort() => End(Call.Abort);

    /// <summary>What it is offered next.</summary>
    public Write ExpectWrite() => Assert.IsType<Write>(Expect());

    /// <summary>Takes all that it is offered next.</summary>
    public string TakeWrite()
    {
        var write = ExpectWrite();
        write.TakeAll();
        return write.Text;
    }

    public void ExpectFinish() => Assert.Equal(Call.Finish, Expect());

    public void ExpectClosed() => Assert.Equal(Call.Close, Expect());

    public void ExpectAborted() => Assert.Equal(Call.Abort, Expect());

    /// <summary>Whether nothing was called that was not expected.</summary>
    public bool IsQuiet => _calls.Count == 0;

    public void PeerSends(string text)
    {
        lock (_lock)
        {
            _sent.Enqueue(System.Text.Encoding.UTF8.GetBytes(text));
            Serve();
        }
    }

    public void PeerCloses()
    {
        lock (_lock)
        {
            _peerClosed = true;
            Serve();
        }
    }

    public void Breaks(string reason = "Connection reset by peer")
    {
        lock (_lock)
        {
            _broken = reason;
            Serve();
        }
    }

    private object Expect() => _calls.TryTake(out var call, Patience) ? call : throw new TimeoutException("nothing was called");

    private void End(Call how)
    {
        lock (_lock)
        {
            if (_ended)
                return;
            _ended = true;
            _broken ??= "the connection is closed";
            Serve();
        }

        _calls.Add(how);
    }

    private void Serve()
    {
        if (_reading is not { } reading)
            return;
        if (_sent.TryDequeue(out var bytes))
        {
            bytes.CopyTo(_room);
            Answer(() => reading.SetResult(bytes.Length));
        }
        else if (_broken is { } reason)
        {
            Answer(() => reading.SetException(new IOException(reason)));
        }
        else if (_peerClosed)
        {
            Answer(() => reading.SetResult(0));
        }
    }

    private void Answer(Action answer)
    {
        _reading = null;
        answer();
    }

    /// <summary>What the kernel is offered.</summary>
    public sealed record Write(byte[] Bytes)
    {
        public TaskCompletionSource<int> Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Text => System.Text.Encoding.ASCII.GetString(Bytes);

        public void TakeAll() => Take(Bytes.Length);

        public void Take(int count) => Taken.SetResult(count);

        public void Fails(string reason) => Taken.SetException(new IOException(reason));
    }

    private enum Call
    {
        Finish,
        Close,
        Abort,
    }
}
