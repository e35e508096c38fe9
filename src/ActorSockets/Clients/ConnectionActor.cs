using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ActorSockets.Configuration;
using ActorSockets.Payloads;
using Akka.Actor;
using Akka.IO;

namespace ActorSockets.Clients;

/// <summary>
/// One attempt: one payload over one connection. It tells its parent how it goes and, last, how it <see cref="Ended"/>;
/// its death resets what is still open.
/// <code>
///  Waiting for a place at the gate
///      ▼
///  Preparing ── resolved, opened ──► Connecting ── Connected ──► Sending ── last byte taken ──► Confirming ──► Ended
///      │                                 │                        │  ▲                              │
///      └───── no such name, unreadable ──┴── refused, timed out ──┴──┴── reset ─────────────────────┘
///                                                     Blocked is Sending with an ack that is overdue
/// </code>
/// One write is in flight while the next chunk is being read: two buffers, and that is all the memory an attempt holds.
/// </summary>
internal sealed class ConnectionActor : UntypedActor, IWithTimers
{
    // errno(3): will pass when others let go of theirs.
    private const int TooManyOpenFilesInSystem = 23;
    private const int TooManyOpenFiles = 24;

    private const string OutOfHandles = "file handles are running out (ulimit -n)";

    private const string DeadlineKey = "deadline";
    private const string BusyKey = "busy";
    private const string ReportKey = "report";
    private const string RetryKey = "retry";

    private readonly TargetSettings _target;
    private readonly Payload _payload;
    private readonly int _attempt;
    private readonly IActorRef _gate;
    private readonly IActorRef _tcp;
    private readonly IncrementalHash? _digest;
    private readonly List<byte> _answer = [];
    private readonly CancellationTokenSource _ended = new();

    private Task<Stream>? _opening;
    private Stream _bytes = Stream.Null;
    private IPEndPoint[] _addresses = [];
    private int _tried;
    private IPEndPoint? _remote;
    private IActorRef? _connection;
    private SocketControl _socket = SocketControl.None;
    private bool _peerClosed;

    private long _length;
    private long _read;
    private long _taken;
    private bool _reading;
    private int _wanted;
    private int _chunkSize;
    private Chunk? _ready;
    private Chunk? _inFlight;
    private TimeSpan _offeredAt;
    private bool _blocked;
    private long _acknowledged;

    public ConnectionActor(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp)
    {
        _target = target;
        _payload = payload;
        _attempt = attempt;
        _gate = gate;
        _tcp = tcp;
        _digest = target.Confirm == Clients.Confirm.Receipt ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        _chunkSize = target.Chunk.First;
    }

    public static Props Props(TargetSettings target, Payload payload, int attempt, IActorRef gate, IActorRef tcp) =>
        Akka.Actor.Props.Create(() => new ConnectionActor(target, payload, attempt, gate, tcp));

    public ITimerScheduler Timers { get; set; } = null!;

    private static TimeSpan Now => Context.System.Scheduler.MonotonicClock;

    private string Peer => _remote is null ? _target.Endpoint : $"{_target.Endpoint}{(_target.Host == _remote.Address.ToString() ? "" : $" ({_remote.Address})")}";

    protected override void PreStart() => _gate.Tell(ConnectGate.Enter.Instance);

    protected override void OnReceive(object message)
    {
        if (message is not ConnectGate.Entered)
        {
            Unhandled(message);
            return;
        }

        Timers.StartSingleTimer(DeadlineKey, Deadline.Instance, _target.ConnectTimeout);
        _opening = Task.Run(_payload.Open);
        PrepareAsync(_opening, _target, _ended.Token).PipeTo(Self);
        Become(Preparing);
    }

    private void Preparing(object message)
    {
        switch (message)
        {
            case Prepared prepared:
                _bytes = prepared.Bytes;
                _length = prepared.Bytes.Length;
                _addresses = prepared.Addresses;
                Context.Parent.Tell(new Opened(_length));
                Connect();
                Become(Connecting);
                break;
            case PreparationFailed failed:
                End(failed.End);
                break;
            case Deadline:
                End(new Lost($"{_target.Host} did not resolve, or {_payload.Description} did not open, within {Durations.Format(_target.ConnectTimeout)}"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Connecting(object message)
    {
        switch (message)
        {
            case SocketControl.Armed armed:
                _socket = armed.Control;
                break;
            case SocketControl.OutOfHandles:
                End(new Lost(OutOfHandles));
                break;
            // A connect to a free local port out of the ephemeral range can meet itself (TCP simultaneous open).
            case Tcp.Connected connected when connected.LocalAddress.Equals(connected.RemoteAddress):
                Sender.Tell(Tcp.Abort.Instance);
                End(new Lost($"{Peer} refused the connection"));
                break;
            case Tcp.Connected connected:
                Timers.Cancel(DeadlineKey);
                _gate.Tell(ConnectGate.Leave.Instance);
                _connection = Sender;
                Context.Watch(_connection);
                // Akka would answer the peer's FIN by itself, with our data still on its way.
                _connection.Tell(new Tcp.Register(Self, keepOpenOnPeerClosed: true));
                // One read is always open: a reset is not seen without.
                _connection.Tell(Tcp.ResumeReading.Instance);
                Context.Parent.Tell(new Established(Endpoints.Format(connected.RemoteAddress)));
                Become(Sending);
                Continue();
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Connect } when _tried < _addresses.Length:
                Connect();
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Connect } failed:
                // Akka 1.5.74 loses the reason; only its own timeout can be told from a refusal.
                End(new Lost(failed.CauseString.Contains("timeout", StringComparison.OrdinalIgnoreCase)
                    ? $"{Peer} did not answer within {Durations.Format(_target.ConnectTimeout)}"
                    : $"{Peer} refused the connection or cannot be reached"));
                break;
            case Deadline:
                End(new Lost($"{Peer} did not answer within {Durations.Format(_target.ConnectTimeout)}"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Sending(object message)
    {
        switch (message)
        {
            case ChunkRead read:
                if (Filled(read.Chunk))
                    Continue();
                break;
            case ReadFailed failed:
                End(new BadPayload($"{_payload.Description} cannot be read: {failed.Reason}"));
                break;
            case ChunkTaken:
                Took();
                Continue();
                break;
            case Tcp.CommandFailed { Cmd: Tcp.Write }:
                // Nothing of it was queued: the very same bytes are offered again.
                if (_target.OnBusy == OnBusy.Fail)
                    End(new Busy());
                else
                    Timers.StartSingleTimer(RetryKey, Retry.Instance, _target.RetryInterval);
                break;
            case Retry when _inFlight is { } chunk:
                Write(chunk);
                break;
            case BusyCheck:
                CheckBusy();
                break;
            case BlockedReport when _blocked:
                Context.Parent.Tell(new Stalled(Now - _offeredAt));
                break;
            case Tcp.PeerClosed:
                // A half-close: the peer has nothing to say and may well go on reading.
                _peerClosed = true;
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    private void AwaitingConfirmation(object message)
    {
        switch (message)
        {
            case Tcp.Closed:
                End(new Confirmed());
                break;
            case Tcp.ConfirmedClosed:
                End(Judge());
                break;
            case Tcp.ErrorClosed or Deadline when IsReceiptRight():
                End(new Confirmed());
                break;
            case Deadline when _socket.AcknowledgedBytes() is var acknowledged && acknowledged > _acknowledged:
                // The kernel had taken far more than the peer; the peer is slow, not silent.
                _acknowledged = acknowledged;
                Timers.StartSingleTimer(DeadlineKey, Deadline.Instance, _target.ConfirmTimeout);
                break;
            case Tcp.PeerClosed:
                // Its FIN was on the way before ours went out: Akka will report a ConfirmedClosed that confirms nothing.
                _peerClosed = true;
                break;
            case Deadline:
                Context.Parent.Tell(new Ended(new Unconfirmed($"{Peer} did not close within {Durations.Format(_target.ConfirmTimeout)} of taking all")));
                Timers.StartSingleTimer(DeadlineKey, Deadline.Instance, _target.GiveUpAfter);
                Become(LettingThePeerRead);
                break;
            default:
                AnyTime(message);
                break;
        }
    }

    /// <summary>The outcome is said. Akka can only reset a connection that waits for the peer's FIN (1.5.74); there is no hurry.</summary>
    private void LettingThePeerRead(object message)
    {
        if (message is Tcp.Received)
            _connection.Tell(Tcp.ResumeReading.Instance);
        else if (message is Tcp.ConnectionClosed or Terminated or Deadline)
            Context.Stop(Self);
    }

    private void AnyTime(object message)
    {
        switch (message)
        {
            case Tcp.Received received:
                Hear(received.Data);
                _connection.Tell(Tcp.ResumeReading.Instance);
                break;
            case Tcp.ErrorClosed closed:
                End(new Lost($"{Peer} broke the connection: {closed.Cause}"));
                break;
            case Tcp.ConnectionClosed or Terminated:
                End(new Lost($"the connection to {Peer} ended"));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>
    /// Tries the addresses of the name one after the other, both families. Each attempt begins with another one, in case
    /// the first swallows all the time there is.
    /// </summary>
    private void Connect()
    {
        _remote = _addresses[(_attempt - 1 + _tried++) % _addresses.Length];
        _tcp.Tell(new Tcp.Connect(_remote, null, [new SocketControl.WhenConnected(Self)], _target.ConnectTimeout, pullMode: true)
        {
            TcpSettings = ConnectionSettings(),
        });
    }

    /// <summary>Keeps one write in flight and one chunk ready behind it, and goes on to confirm after the last.</summary>
    private void Continue()
    {
        if (_inFlight is null && _ready is { } next)
        {
            (_inFlight, _ready) = (next, null);
            _offeredAt = Now;
            if (!Timers.IsTimerActive(BusyKey))
                Timers.StartSingleTimer(BusyKey, BusyCheck.Instance, _target.BusyAfter);
            Write(next);
        }

        if (_ready is null && !_reading && _read < _length)
            ReadNext();
        else if (_inFlight is null && _ready is null && !_reading)
            Confirm();
    }

    private void ReadNext()
    {
        _reading = true;
        _wanted = (int)Math.Min(_chunkSize, _length - _read);
        var buffer = ArrayPool<byte>.Shared.Rent(_wanted);
        var reading = _bytes.ReadAtLeastAsync(buffer.AsMemory(0, _wanted), _wanted, throwOnEndOfStream: false, _ended.Token);
        if (reading.IsCompletedSuccessfully)
        {
            if (Filled(new Chunk(buffer, reading.Result)) && _inFlight is null)
                Continue();
        }
        else
        {
            reading.AsTask().PipeTo(Self, success: count => new ChunkRead(new Chunk(buffer, count)), failure: e => new ReadFailed(e.Message));
        }
    }

    /// <summary>False when the payload ended before its length: the attempt is over.</summary>
    private bool Filled(Chunk chunk)
    {
        _reading = false;
        _read += chunk.Count;
        _digest?.AppendData(chunk.Buffer, 0, chunk.Count);
        _ready = chunk;
        if (chunk.Count == _wanted)
            return true;
        End(new BadPayload($"{_payload.Description} became shorter while it was being sent: {_read} of {_length} B"));
        return false;
    }

    private void Write(Chunk chunk) =>
        _connection.Tell(Tcp.Write.Create(ByteString.FromBytes(chunk.Buffer, 0, chunk.Count), ChunkTaken.Instance));

    private void Took()
    {
        var chunk = _inFlight!;
        _inFlight = null;
        _taken += chunk.Count;
        var after = Now - _offeredAt;
        _chunkSize = _target.Chunk.Next(_chunkSize, after);
        // The kernel has its own copy now.
        ArrayPool<byte>.Shared.Return(chunk.Buffer);
        EndBlocked();
        Context.Parent.Tell(new Progressed(_taken));
    }

    /// <summary>One timer for many writes: it fires, looks how long the present one waits, and sleeps for the rest.</summary>
    private void CheckBusy()
    {
        if (_inFlight is null || _blocked)
            return;

        var left = _target.BusyAfter - (Now - _offeredAt);
        if (left > TimeSpan.Zero)
        {
            Timers.StartSingleTimer(BusyKey, BusyCheck.Instance, left);
        }
        else if (_target.OnBusy == OnBusy.Fail)
        {
            End(new Busy());
        }
        else
        {
            _blocked = true;
            Context.Parent.Tell(new Stalled(Now - _offeredAt));
            Timers.StartPeriodicTimer(ReportKey, BlockedReport.Instance, _target.BlockedReportInterval);
        }
    }

    private void EndBlocked()
    {
        if (!_blocked)
            return;
        _blocked = false;
        Timers.Cancel(ReportKey);
        Context.Parent.Tell(new Resumed(Now - _offeredAt));
    }

    private void Confirm()
    {
        Timers.StartSingleTimer(DeadlineKey, Deadline.Instance, _target.ConfirmTimeout);
        Become(AwaitingConfirmation);
        Context.Parent.Tell(new Confirming());
        _acknowledged = _socket.AcknowledgedBytes();
        if (_target.Confirm == Clients.Confirm.None)
        {
            Close();
        }
        else if (_peerClosed)
        {
            Close();
            End(Judge());
        }
        else
        {
            // Close would report success after a reset (28 of 30 times in 1.5.74); ConfirmedClose waits for the peer's FIN.
            _connection.Tell(Tcp.ConfirmedClose.Instance);
        }
    }

    /// <summary>Lets the kernel send what it has, and our FIN behind it, with nobody waiting for the peer's.</summary>
    private void Close()
    {
        _socket.Disarm();
        _connection.Tell(Tcp.Close.Instance);
    }

    /// <summary>Keeps what may be a receipt, and one byte more, which shows that it is none.</summary>
    private void Hear(ByteString data)
    {
        if (_digest is not null && _answer.Count <= Receipt.MaxLength)
            _answer.AddRange(data.Slice(0, Math.Min(data.Count, Receipt.MaxLength + 1 - _answer.Count)).ToArray());
    }

    private bool IsReceiptRight() => _digest is not null && Receipt.Parse(CollectionsMarshal.AsSpan(_answer)) == Sent();

    private Receipt Sent() => Receipt.For(_taken, _digest!.GetCurrentHash());

    /// <summary>What it means that all was taken and both sides are closed.</summary>
    private Ending Judge()
    {
        if (_digest is null)
        {
            return _peerClosed
                ? new Unconfirmed($"{Peer} closed its side before it had seen the end: it may have read all, or not")
                : new Confirmed();
        }

        if (IsReceiptRight())
            return new Confirmed();
        if (_answer.Count == 0)
            return new Unconfirmed($"{Peer} closed without a receipt (does it send one?)");
        return Receipt.Parse(CollectionsMarshal.AsSpan(_answer)) is { } receipt
            ? new Lost($"{Peer} stored something else: it received {receipt.Bytes} B with SHA-256 {receipt.Sha256}, not the {_taken} B with {Sent().Sha256} that were sent")
            : new Unconfirmed($"{Peer} sent back something that is no receipt");
    }

    private void End(Ending ending)
    {
        EndBlocked();
        Context.Parent.Tell(new Ended(ending));
        Become(_ => { });
        Context.Stop(Self);
    }

    private TcpSettings ConnectionSettings() => TcpSettings.Create(Context.System) with
    {
        MaxFrameSizeBytes = _target.SendFrameBytes,
        SendBufferSize = _target.SendFrameBytes,
        ReceiveBufferSize = _target.SendFrameBytes,
        // A refusal is told after 1 ms instead of 60, and the retry is ours anyway.
        FinishConnectRetries = 0,
        // One write at a time bounds the queue already.
        WriteCommandsQueueMaxSize = -1,
    };

    protected override void PostStop()
    {
        _ended.Cancel();
        _ended.Dispose();
        _digest?.Dispose();
        // The connection does not watch a handler that also asked for it (1.5.74): it would live on.
        _connection?.Tell(Tcp.Abort.Instance);
        // Buffers that are still being written or read are not pooled: the collector takes them when the kernel is done.
        if (_ready is { } ready)
            ArrayPool<byte>.Shared.Return(ready.Buffer);
        _ = DisposeWhenOpened(_opening);
    }

    private static async Task DisposeWhenOpened(Task<Stream>? opening)
    {
        try
        {
            if (opening is not null)
                await (await opening).DisposeAsync();
        }
        catch (Exception)
        {
            // It never opened, and the attempt has said so.
        }
    }

    private static async Task<object> PrepareAsync(Task<Stream> opening, TargetSettings target, CancellationToken ended)
    {
        try
        {
            var bytes = await opening;
            if (bytes is FileStream file && Posix.IsAmongTheLast(file.SafeFileHandle))
                return new PreparationFailed(new Lost(OutOfHandles));
            return new Prepared(bytes, await Endpoints.ResolveAsync(target.Host, target.Port, ended));
        }
        catch (SocketException)
        {
            return new PreparationFailed(new Lost($"{target.Host} is not a known host name"));
        }
        catch (OperationCanceledException)
        {
            return new PreparationFailed(new Lost("stopped"));
        }
        catch (IOException e) when (e.HResult is TooManyOpenFiles or TooManyOpenFilesInSystem)
        {
            return new PreparationFailed(new Lost(OutOfHandles));
        }
        catch (Exception e)
        {
            // Whatever a payload of the embedding program throws: it is the payload's fault, and not to be tried again.
            return new PreparationFailed(new BadPayload(e.Message));
        }
    }

    /// <summary>The payload is open and has so many bytes.</summary>
    public sealed record Opened(long Length);

    /// <summary>The connection is there.</summary>
    public sealed record Established(string Endpoint);

    /// <summary>The kernel took so many bytes so far.</summary>
    public sealed record Progressed(long Taken);

    /// <summary>All is taken; what is missing is the peer's word.</summary>
    public sealed record Confirming;

    /// <summary>The kernel has not taken the present write for so long.</summary>
    public sealed record Stalled(TimeSpan Since);

    /// <summary>The write that stalled was taken, or the connection ended, after so long.</summary>
    public sealed record Resumed(TimeSpan Lasted);

    /// <summary>The last word of an attempt.</summary>
    public sealed record Ended(Ending Ending);

    /// <summary>How an attempt can end.</summary>
    public abstract record Ending;

    /// <summary>Done, as far as the target's <c>confirm</c> asks for.</summary>
    public sealed record Confirmed : Ending;

    /// <summary>All was taken, and nothing confirmed it.</summary>
    public sealed record Unconfirmed(string Reason) : Ending;

    /// <summary>No connection, or not to the end: another attempt may do better.</summary>
    public sealed record Lost(string Reason) : Ending;

    /// <summary>Busy, with <c>on-busy = fail</c>.</summary>
    public sealed record Busy : Ending;

    /// <summary>The payload cannot be read: another attempt would not do better.</summary>
    public sealed record BadPayload(string Reason) : Ending;

    private sealed record Chunk(byte[] Buffer, int Count);

    private sealed record Prepared(Stream Bytes, IPEndPoint[] Addresses);

    private sealed record PreparationFailed(Ending End);

    private sealed record ChunkRead(Chunk Chunk);

    private sealed record ReadFailed(string Reason);

    private sealed class ChunkTaken : Tcp.Event
    {
        public static readonly ChunkTaken Instance = new();
    }

    private sealed class Retry
    {
        public static readonly Retry Instance = new();
    }

    private sealed class BusyCheck
    {
        public static readonly BusyCheck Instance = new();
    }

    private sealed class BlockedReport
    {
        public static readonly BlockedReport Instance = new();
    }

    private sealed class Deadline
    {
        public static readonly Deadline Instance = new();
    }
}
