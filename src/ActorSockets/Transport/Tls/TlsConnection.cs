using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace ActorSockets.Transport.Tls;

/// <summary>
/// A TCP connection with TLS on it. An end is the peer's close_notify: a FIN without one, which anybody on the way can forge,
/// is a connection that broke. Bytes count as taken when the kernel has taken all records that carry them; of a write that was
/// cut off, what is told is never more than the kernel took, and less by one slice at most.
/// </summary>
internal sealed class TlsConnection : Connection
{
    /// <summary>The most that one call encrypts: a tenth of a millisecond, so that a thread of the dispatcher is back soon.</summary>
    private const int MostBytes = 256 * 1024;

    /// <summary>Two records, which SslStream (.NET 10) writes with one system call, whatever it is given.</summary>
    private const int SliceBytes = 32 * 1024;

    // The peer's last words after ours: its close_notify, a session ticket.
    private const int MostLastWords = 1024 * 1024;
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SuspicionTime = TimeSpan.FromSeconds(5);

    private const string Truncated = "the connection ended without the end of TLS (close_notify): what came may not be all";

    private readonly PlainConnection _plain;
    private readonly TlsRecords _records;
    private readonly SslStream _tls;
    // OpenSSL computes one thing at a time for a connection. SslStream (.NET 10) sees to that for reads and writes, and not
    // for its shutdown, which fails beside a read or breaks it.
    private readonly SemaphoreSlim _engine = new(1);
    private readonly Turn _reader;
    private readonly long _since = Stopwatch.GetTimestamp();
    private IOException? _writeFailure;
    private IOException? _readFailure;
    private (Task Task, int Bytes)? _writing;
    private Task<bool>? _finishing;
    private volatile bool _peerEnded;
    private bool _mayHaveMore;
    private bool _hasReceived;
    private long _receivedBeforeOurEnd = -1;
    private long _peerEndedAt = long.MaxValue;
    private int _closed;

    public TlsConnection(PlainConnection plain, TlsRecords records, SslStream tls, PeerIdentity? identity)
    {
        _plain = plain;
        _records = records;
        _tls = tls;
        _reader = new Turn(_engine);
        records.Reader = _reader;
        Identity = identity;
    }

    public override string Peer => _plain.Peer;

    public override PeerIdentity? Identity { get; }

    /// <summary>The protocol that both sides agreed on by ALPN, such as <c>deliveries/1</c>; null: none.</summary>
    public override string? Protocol => _tls.NegotiatedApplicationProtocol.Protocol is { Length: > 0 } ? _tls.NegotiatedApplicationProtocol.ToString() : null;

    /// <summary>Fills the room from the records that are there: SslStream gives one a read.</summary>
    public override async ValueTask<int> ReceiveAsync(Memory<byte> room)
    {
        if (_readFailure is { } failure)
            throw failure;
        if (_peerEnded)
            return 0;
        try
        {
            if (room.IsEmpty)
            {
                if (!_mayHaveMore)
                    await _records.WaitForRecordAsync();
                return 0;
            }

            await _reader.EnterAsync();
            var count = await _tls.ReadAsync(room);
            if (count == 0)
                End();
            _hasReceived = true;
            _mayHaveMore = count == room.Length;
            return count == 0 || _mayHaveMore ? count : count + await ReadWhatIsThereAsync(room[count..]);
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Broken(e);
        }
        finally
        {
            _reader.Leave();
        }
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_writeFailure is { } failure)
            throw failure;
        var taken = 0;
        try
        {
            if (_writing is { } before)
            {
                _writing = null;
                await before.Task;
                return before.Bytes;
            }

            while (taken < bytes.Length && taken < MostBytes)
            {
                var slice = bytes.Slice(taken, Math.Min(SliceBytes, bytes.Length - taken));
                var writing = _tls.WriteAsync(slice);
                if (!writing.IsCompleted && taken > 0)
                {
                    // It is encrypted, and the caller offers it again: the next call waits for it.
                    _writing = (writing.AsTask(), slice.Length);
                    break;
                }

                var hasRoom = writing.IsCompleted;
                await writing;
                taken += slice.Length;
                if (!hasRoom)
                    break;
            }

            return taken;
        }
        catch (Exception e) when (IsFailure(e))
        {
            _writeFailure = Broken(e);
            // What the kernel took was taken: the failure is the next call's.
            return taken > 0 ? taken : throw _writeFailure;
        }
    }

    /// <summary>Sends close_notify, and the FIN behind it.</summary>
    public override async ValueTask<bool> FinishAsync()
    {
        try
        {
            return await (_finishing ??= FinishOnceAsync());
        }
        catch (Exception e) when (IsFailure(e))
        {
            throw Broken(e);
        }
    }

    public override bool PeerEndedFirst => _peerEndedAt <= _receivedBeforeOurEnd;

    /// <summary>In bytes of the records, as everything that is under TLS.</summary>
    public override (long Bytes, bool All)? Acknowledged() => _plain.Acknowledged();

    public override bool IsReset => _plain.IsReset;

    public override void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            _ = CloseAsync();
    }

    public override void Abort()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
            End(_plain.Abort);
    }

    /// <summary>The SslStream last: one that is disposed of under a pending read blames the read (dotnet/runtime #78586).</summary>
    private void End(Action endPlain)
    {
        endPlain();
        _tls.Dispose();
    }

    /// <summary>SslStream gives 0 for close_notify and for a FIN without one; only the stream below knows which of them it was.</summary>
    private void End()
    {
        if (_records.Ended)
            throw new IOException(Truncated);
        _peerEndedAt = _records.Consumed;
        _peerEnded = true;
    }

    private async ValueTask<int> ReadWhatIsThereAsync(Memory<byte> room)
    {
        var total = 0;
        _records.NeverWaits = true;
        try
        {
            while (_records.HasWholeRecord && total < room.Length)
            {
                var count = await _tls.ReadAsync(room[total..]);
                if (count == 0)
                {
                    End();
                    break;
                }

                _mayHaveMore = count == room.Length - total;
                total += count;
            }
        }
        catch (TlsRecords.WouldWaitException)
        {
            // The record was no data: a session ticket, a key update.
        }
        catch (Exception e) when (IsFailure(e))
        {
            // What was read before it was read: the failure is the next call's.
            _readFailure = Broken(e);
        }
        finally
        {
            _records.NeverWaits = false;
        }

        return total;
    }

    private async Task<bool> FinishOnceAsync()
    {
        var peerListens = false;
        Task telling;
        using (var turn = new Turn(_engine))
        {
            await turn.EnterAsync();
            peerListens = !_peerEnded;
            _receivedBeforeOurEnd = _plain.Received() ?? _records.Consumed;
            telling = _tls.ShutdownAsync();
        }

        await telling;
        await _plain.FinishAsync();
        return peerListens;
    }

    /// <summary>
    /// The kernel resets a connection that is closed with unread bytes, and so takes our last words from the peer: what it
    /// still sends is read, to its end if that comes soon.
    /// </summary>
    private async Task CloseAsync()
    {
        using var deadline = new CancellationTokenSource(LingerTimeout);
        await using var late = deadline.Token.Register(_plain.Close);
        try
        {
            _plain.Disarm();
            await FinishAsync();
            await _plain.DiscardAsync(MostLastWords);
        }
        catch (IOException)
        {
            // It is broken: nothing is left to deliver.
        }

        End(_plain.Close);
    }

    /// <summary>With TLS 1.3 a client's handshake is over before the server has judged the client's certificate, or that there is none.</summary>
    private string Suspicion() => _tls.IsServer || _hasReceived || Stopwatch.GetElapsedTime(_since) > SuspicionTime ? ""
        : $" just after the TLS handshake: the server may {(_tls.LocalCertificate is null ? "require a client certificate (tls.certificate, tls.key)" : "not accept our certificate (tls.certificate)")}";

    private static bool IsFailure(Exception e) => e is IOException or AuthenticationException or InvalidOperationException or ObjectDisposedException;

    private IOException Broken(Exception e) => e switch
    {
        _ when _closed != 0 => new IOException("the connection is closed", e),
        _ when _records.Ended => new IOException(Truncated + Suspicion(), e),
        IOException { InnerException: SocketException } system => new IOException(system.Message + Suspicion(), e),
        IOException { InnerException: null } own => own,
        _ => new IOException(TlsFailure.Reason(e), e),
    };
}
